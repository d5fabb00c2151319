internal import Glibc
internal import ResticFormat

/// One entry of a folder with its metadata, or why it could not be had.
struct ListedEntry: Sendable {
    let name: [UInt8]
    let status: Result<FileStatus, SystemCallError>
    /// The metadata as a node, without content; `nil` when the status failed.
    var node: Node?
}

enum DirectoryListing {
    /// The names in a folder, sorted by bytes as restic's trees are, without `.` and `..`.
    static func names(in path: RawPath) throws(SystemCallError) -> [[UInt8]] {
        guard let handle = path.withCString({ opendir($0) }) else { throw SystemCallError("opendir", path) }
        defer { closedir(handle) }
        var names: [[UInt8]] = []
        while true {
            errno = 0
            guard let entry = readdir(handle) else {
                if errno != 0 { throw SystemCallError("readdir", path) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: UInt8.self, capacity: 256) { bytes in
                    Array(UnsafeBufferPointer(start: bytes, count: strlen(bytes)))
                }
            }
            if name != [46], name != [46, 46] { names.append(name) }
        }
        return names.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// The entries of a folder with everything that a node holds but content.
    static func entries(in path: RawPath) throws(SystemCallError) -> [ListedEntry] {
        try names(in: path).map { name in entry(name, at: path.appending(name)) }
    }

    static func entry(_ name: [UInt8], at path: RawPath) -> ListedEntry {
        do throws(SystemCallError) {
            let status = try FileStatus.ofLink(at: path)
            let target = status.isSymbolicLink ? try readLink(path) : nil
            let attributes = try ExtendedAttributes.read(path)
            let node = Node(name: name, status: status, linkTarget: target, attributes: attributes)
            return ListedEntry(name: name, status: .success(status), node: node)
        } catch {
            return ListedEntry(name: name, status: .failure(error))
        }
    }

    private static func readLink(_ path: RawPath) throws(SystemCallError) -> [UInt8] {
        var failed = false
        let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
            let length = path.withCString { path in
                buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress.unsafelyUnwrapped, $0.count) }
            }
            failed = length < 0
            count = max(0, length)
        }
        if failed { throw SystemCallError("readlink", path) }
        return target
    }
}
