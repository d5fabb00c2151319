/// Where this package's sources are, for tests that run what lies beside them.
public enum PackageRoot {
    /// The absolute path of the package, without a slash at its end.
    public static let path: String = {
        // <root>/Sources/TestSupport/PackageRoot.swift
        let components = #filePath.split(separator: "/").dropLast(3)
        return "/" + components.joined(separator: "/")
    }()
}
