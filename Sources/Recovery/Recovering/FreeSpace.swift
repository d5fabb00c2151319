internal import Glibc

/// The free space of file systems.
enum FreeSpace {
    /// Bytes that this user may still write below a path, whose folder need not exist yet.
    ///
    /// - Returns: `nil` when nobody can say.
    static func available(at path: String) -> Int64? {
        var path = path
        while true {
            var status = statvfs()
            if statvfs(path, &status) == 0 {
                let (bytes, overflow) = Int64(clamping: status.f_bavail).multipliedReportingOverflow(
                    by: Int64(clamping: status.f_frsize)
                )
                return overflow ? .max : bytes
            }
            guard errno == ENOENT, path != "/", path != "." else { return nil }
            path = ConfigurationPath.parent(of: path)
        }
    }

    /// Whether this user may make files below a path.
    static func isWritable(at path: String) -> Bool {
        var path = path
        while access(path, F_OK) != 0, path != "/" { path = ConfigurationPath.parent(of: path) }
        return access(path, W_OK) == 0
    }

    /// Says whether so many bytes fit.
    static func requirement(for bytes: Int64, at path: String) -> Requirement {
        let name = "free space at \(path)"
        guard isWritable(at: path) else {
            return Requirement(
                "write access to \(path)",
                .missing,
                "this user may not write there",
                remedy: "Run as a user who may, or restore elsewhere with '--target FOLDER'."
            )
        }
        guard let free = available(at: path) else {
            return Requirement(name, .unknown, "\(ByteText.text(bytes)) are needed; what is free cannot be found out")
        }
        // A file takes whole blocks, folders take some: five in a hundred more, and 16 MB.
        let needed = bytes + bytes / 20 + 16_000_000
        guard free >= needed else {
            return Requirement(
                name,
                .missing,
                "\(ByteText.text(free)) are free, \(ByteText.text(needed)) are needed",
                remedy: "Free some space there, or restore onto another disk with '--target FOLDER'."
            )
        }
        return Requirement(name, .present, "\(ByteText.text(free)) are free, \(ByteText.text(needed)) are needed")
    }
}
