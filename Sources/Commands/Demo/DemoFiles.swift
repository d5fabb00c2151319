internal import Foundation

/// What the demo does with files.
enum DemoFiles {
    /// The files below a folder, by relative path.
    static func paths(in folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: folder + "/" + path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    /// All files below a folder with their content; for small folders.
    static func contents(of folder: String) throws -> [String: Data] {
        var contents: [String: Data] = [:]
        for path in try paths(in: folder) { contents[path] = try Data(contentsOf: URL(filePath: folder + "/" + path)) }
        return contents
    }

    /// Copies the files of one folder over those of another.
    ///
    /// - Returns: their relative paths.
    @discardableResult
    static func lay(_ source: String, over target: String) throws -> [String] {
        let paths = try paths(in: source)
        for path in paths {
            let file = URL(filePath: target + "/" + path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(contentsOf: URL(filePath: source + "/" + path)).write(to: file)
        }
        return paths
    }

    /// Writes a file that its owner alone can read, at no moment otherwise.
    static func writeSecret(_ text: String, to path: String) throws {
        try? FileManager.default.removeItem(atPath: path)
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            )
        else { throw CocoaError(.fileWriteUnknown) }
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? handle.close() }
        try handle.write(contentsOf: Data(text.utf8))
    }

    /// A file's permissions, as `0600` is written in C.
    static func mode(of path: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }
}
