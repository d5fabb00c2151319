internal import Foundation

/// A folder for one test, removed when the test is over, whatever happens.
public struct TemporaryDirectory: Sendable {
    /// Its absolute path, free of symbolic links, without a slash at its end.
    public let path: String

    /// Runs `body` with a new, empty folder.
    ///
    /// - Parameter name: what the folder's name begins with.
    @discardableResult
    public static func with<Answer>(
        _ name: String = "holdfast-test",
        _ body: (TemporaryDirectory) async throws -> Answer
    ) async throws -> Answer {
        let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        let folder = TemporaryDirectory(path: base.appendingPathComponent("\(name)-\(UUID().uuidString)").path)
        try FileManager.default.createDirectory(
            atPath: folder.path,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        defer { folder.remove() }
        return try await body(folder)
    }

    /// The path of something in the folder.
    public func path(_ relative: String) -> String {
        "\(path)/\(relative)"
    }

    /// Removes the folder, folders without rights for their owner included.
    private func remove() {
        if (try? FileManager.default.removeItem(atPath: path)) != nil { return }
        let everything = FileManager.default.enumerator(atPath: path)
        while let name = everything?.nextObject() as? String {
            let attributes = try? FileManager.default.attributesOfItem(atPath: self.path(name))
            guard attributes?[.type] as? FileAttributeType == .typeDirectory else { continue }
            try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: self.path(name))
        }
        try? FileManager.default.removeItem(atPath: path)
    }
}
