internal import Glibc
internal import ResticRepository

/// Every file and folder of a storage as the system describes it: what tells whether anything changed between two looks.
struct StorageInventory: Sendable, Hashable {
    /// One of them.
    struct Item: Sendable, Hashable {
        var mode: UInt32
        var owner: UInt32
        var group: UInt32
        var inode: UInt64
        var size: Int64
        var modified: Int64
        var changed: Int64
        /// Bytes on the disk: without holes.
        var allocated: Int64

        var isFile: Bool { mode & S_IFMT == S_IFREG }
        var isFolder: Bool { mode & S_IFMT == S_IFDIR }

        init(_ status: stat) {
            mode = status.st_mode
            owner = status.st_uid
            group = status.st_gid
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
            changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
            allocated = Int64(status.st_blocks) * 512
        }
    }

    /// By their paths below the folder; the empty one is the folder itself.
    private(set) var items: [String: Item] = [:]

    /// Looks at all that is in a folder. Links are not followed; what vanishes meanwhile is not there.
    static func take(_ folder: String) async throws -> StorageInventory {
        try await blocking {
            var inventory = StorageInventory()
            var status = stat()
            guard lstat(folder, &status) == 0 || errno == ENOENT else { throw failure(folder) }
            var pending = [""]
            if stat(folder, &status) == 0 { inventory.items[""] = Item(status) }
            while let path = pending.popLast() {
                guard let stream = opendir(path.isEmpty ? folder : "\(folder)/\(path)") else {
                    if errno == ENOENT { continue }
                    throw failure("\(folder)/\(path)")
                }
                defer { closedir(stream) }
                while let entry = readdir(stream) {
                    let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                        name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                    }
                    guard name != ".", name != ".." else { continue }
                    let below = path.isEmpty ? name : "\(path)/\(name)"
                    guard lstat("\(folder)/\(below)", &status) == 0 else { continue }
                    let item = Item(status)
                    inventory.items[below] = item
                    if item.isFolder { pending.append(below) }
                }
            }
            return inventory
        }
    }

    /// Files only.
    var files: [String: Item] { items.filter { $0.value.isFile } }

    /// Bytes of content on the disk: holes left out, and what a file system allocates beyond the length of a file.
    var dataBytes: Int64 { items.values.reduce(0) { $1.isFile ? $0 + min($1.allocated, $1.size) : $0 } }

    /// Paths that are not the same any more, in their order.
    func changes(since earlier: StorageInventory) -> [String] {
        Set(items.keys).union(earlier.items.keys).filter { path in
            guard let now = items[path], let then = earlier.items[path] else { return true }
            // The allocation of an idle file may change late, when the file system gets to it.
            return (now.mode, now.inode, now.size, now.modified, now.changed)
                != (then.mode, then.inode, then.size, then.modified, then.changed)
        }.sorted()
    }

    private static func failure(_ path: String) -> RecoveryError {
        RecoveryError(
            .emptySource,
            "the folder '\(path)' cannot be read: \(String(cString: strerror(errno)))",
            hint: "Is its disk mounted, and may this user read it?"
        )
    }
}
