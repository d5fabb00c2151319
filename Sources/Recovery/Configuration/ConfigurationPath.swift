/// Paths as a configuration names them.
///
/// `.` and doubled slashes are removed; `..` stays, because what it means depends on symbolic links.
enum ConfigurationPath {
    /// A path made absolute.
    static func absolute(_ path: String, in folder: String) -> String {
        let joined = path.hasPrefix("/") ? path : folder + "/" + path
        let components = joined.split(separator: "/").filter { $0 != "." }
        return "/" + components.joined(separator: "/")
    }

    /// The folder that an absolute path is in.
    static func parent(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }

    /// The last component of an absolute path; `nil` for the root and for `..`.
    static func name(of path: String) -> String? {
        path.split(separator: "/").last.map(String.init).flatMap { $0 == ".." ? nil : $0 }
    }

    /// What of a path comes after a folder that it is in; empty when they are the same, `nil` when it is elsewhere.
    static func relative(_ path: String, to folder: String) -> String? {
        if path == folder { return "" }
        let prefix = folder == "/" ? "/" : folder + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
    }
}
