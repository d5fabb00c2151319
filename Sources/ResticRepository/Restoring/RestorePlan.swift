internal import ResticFormat

/// What a restore is going to write.
struct RestorePlan: Sendable {
    struct File: Sendable {
        let path: RawPath
        let node: Node
        let blobs: [ResticID]
        /// The first file of the same inode, when this is another name of it.
        let linkedTo: Int?
        /// It is there already, equal.
        var isPresent = false

        /// Whether this restore writes the file's content (and not another name of it).
        var isWritten: Bool { !isPresent && linkedTo == nil }
    }

    let target: RawPath
    /// Folders in pre-order with their metadata; those made only on the way have none.
    private(set) var folders: [(path: RawPath, node: Node?)] = []
    var files: [File] = []
    /// Links, pipes, devices.
    private(set) var others: [TreeEntry] = []
    private var firstNames: [Inode: Int] = [:]
    private var knownFolders: Set<RawPath> = []

    private struct Inode: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    init(target: RawPath) {
        self.target = target
    }

    mutating func add(_ entry: TreeEntry) {
        addFolders(above: entry.path)
        switch entry.node.type {
        case .dir:
            if knownFolders.insert(entry.path).inserted {
                folders.append((entry.path, entry.node))
            }
        case .file:
            files.append(makeFile(entry))
        default:
            others.append(entry)
        }
    }

    func path(of file: File) -> RawPath { target.appending(file.path.bytes) }

    /// The name a file has until it is complete. Derived from its place in the plan: unique in this restore, and recognised
    /// as a leftover by the next.
    func temporaryPath(of index: Int) -> RawPath {
        path(of: files[index]).parent.appending(Array(".holdfast-restore-\(index)".utf8))
    }

    /// A filter may have left the folders of a chosen file out.
    private mutating func addFolders(above path: RawPath) {
        var end = path.bytes.startIndex
        while let slash = path.bytes[end...].firstIndex(of: UInt8(ascii: "/")) {
            let folder = RawPath(Array(path.bytes[..<slash]))
            if knownFolders.insert(folder).inserted { folders.append((folder, nil)) }
            end = slash + 1
        }
    }

    private mutating func makeFile(_ entry: TreeEntry) -> File {
        var first: Int?
        if entry.node.links > 1, entry.node.inode != 0 {
            let inode = Inode(device: entry.node.deviceID, inode: entry.node.inode)
            first = firstNames[inode]
            if first == nil { firstNames[inode] = files.count }
        }
        return File(path: entry.path, node: entry.node, blobs: entry.node.content ?? [], linkedTo: first)
    }
}
