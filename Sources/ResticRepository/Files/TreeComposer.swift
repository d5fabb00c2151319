public import ResticFormat

/// Puts files and trees under paths that exist only in a snapshot, such as `/qdrant/<collection>/collection.json`.
///
/// A value with one owner. The same additions in any order give the same tree.
public struct TreeComposer: Sendable {
    private final class Folder: @unchecked Sendable {
        // Unchecked: reached only through the composer that made it, which is used by one task.
        var folders: [String: Folder] = [:]
        var nodes: [Node] = []
    }
    /// The length of all files added so far, in bytes; stored trees are not counted.
    public private(set) var fileBytes: Int64 = 0
    private let root = Folder()
    private let time: GoTime
    private let host: Host

    /// - Parameter time: the modification time of folders and of files that have none of their own.
    public init(time: GoTime, host: Host) {
        self.time = time
        self.host = host
    }

    /// Adds a file with content.
    ///
    /// - Parameters:
    ///   - path: components joined by `/`; folders in between are made.
    ///   - size: the length in bytes.
    ///   - blobs: the content.
    public mutating func addFile(
        _ path: String,
        size: Int64,
        blobs: [ResticID],
        permissions: UInt32 = 0o600,
        modified: GoTime? = nil
    ) {
        let (folder, name) = place(path)
        var node = makeNode(name, .file, permissions: permissions, modified: modified)
        node.size = UInt64(size)
        node.links = 1
        node.content = blobs
        folder.nodes.append(node)
        fileBytes += size
    }

    /// Adds a tree that is stored already as a folder.
    public func addTree(_ path: String, _ id: ResticID, permissions: UInt32 = 0o700, modified: GoTime? = nil) {
        let (folder, name) = place(path)
        var node = makeNode(name, .dir, permissions: permissions, modified: modified)
        node.mode |= GoFileMode.directory
        node.subtree = id
        folder.nodes.append(node)
    }

    /// Makes a folder, which may stay empty.
    public func addFolder(_ path: String) {
        let (folder, name) = place(path)
        if folder.folders[name] == nil { folder.folders[name] = Folder() }
    }

    /// Stores all trees, leaves first.
    ///
    /// - Returns: the id of the root.
    /// - Throws: when a name was added twice or is not a valid name.
    public func store(into writer: BlobWriter) async throws -> ResticID {
        try await store(root, into: writer)
    }

    private func store(_ folder: Folder, into writer: BlobWriter) async throws -> ResticID {
        var nodes = folder.nodes
        for (name, below) in folder.folders {
            var node = makeNode(name, .dir, permissions: 0o700, modified: nil)
            node.mode |= GoFileMode.directory
            node.subtree = try await store(below, into: writer)
            nodes.append(node)
        }
        nodes.sort { $0.name.lexicographicallyPrecedes($1.name) }
        return try await writer.store(Tree(nodes: nodes))
    }

    private func place(_ path: String) -> (Folder, String) {
        var components = path.split(separator: "/").map(String.init)
        let name = components.popLast() ?? ""
        var folder = root
        for component in components {
            let next = folder.folders[component] ?? Folder()
            folder.folders[component] = next
            folder = next
        }
        return (folder, name)
    }

    private func makeNode(_ name: String, _ type: NodeType, permissions: UInt32, modified: GoTime?) -> Node {
        var node = Node(name: Array(name.utf8), type: type)
        node.mode = permissions
        node.mtime = modified ?? time
        node.atime = node.mtime
        node.ctime = node.mtime
        node.uid = host.userID
        node.gid = host.groupID
        node.user = host.userName
        return node
    }
}
