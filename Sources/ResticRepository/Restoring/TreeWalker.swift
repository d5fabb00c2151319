internal import NIOCore
public import ResticFormat

/// A node with its path below the tree that was walked.
public struct TreeEntry: Sendable, Hashable {
    /// The path, components joined by `/`, without a leading slash.
    public let path: RawPath
    /// The node.
    public let node: Node

    /// Makes an entry; see the properties.
    public init(path: RawPath, node: Node) {
        self.path = path
        self.node = node
    }
}

extension IndexedRepository {
    /// How deep folders may be nested: deeper ones are damage or an attack (Linux itself stops at 4 096 bytes of path).
    public static var maximumTreeDepth: Int { 2048 }

    /// Visits every node below a tree, parents before their children, each folder in byte order of names.
    ///
    /// - Parameter body: returns whether to look into the folder it was given; ignored for everything else.
    public func walk(_ tree: ResticID, _ body: (TreeEntry) async throws -> Bool) async throws {
        try await walk(tree, below: RawPath([]), depth: 0, body)
    }

    private func walk(
        _ tree: ResticID,
        below path: RawPath,
        depth: Int,
        _ body: (TreeEntry) async throws -> Bool
    ) async throws {
        guard depth < Self.maximumTreeDepth else {
            throw RepositoryError(.damaged, "folders are nested more than \(Self.maximumTreeDepth) deep at \(path)")
        }
        for node in try await loadTree(tree).nodes {
            try Task.checkCancellation()
            let entry = TreeEntry(path: path.appending(node.name), node: node)
            let descends = try await body(entry)
            guard descends, node.type == .dir else { continue }
            guard let subtree = node.subtree else {
                throw RepositoryError(.damaged, "folder \(entry.path) has no tree")
            }
            try await walk(subtree, below: entry.path, depth: depth + 1, body)
        }
    }

    /// Finds a node by its path.
    ///
    /// - Returns: `nil` when there is none.
    public func node(at path: String, in tree: ResticID) async throws -> Node? {
        var components = path.split(separator: "/").map { Array($0.utf8) }[...]
        var current = tree
        while let name = components.popFirst() {
            guard let node = try await loadTree(current).nodes.first(where: { $0.name == name }) else { return nil }
            if components.isEmpty { return node }
            guard let subtree = node.subtree else { return nil }
            current = subtree
        }
        return nil
    }

    /// Reads a whole small file.
    ///
    /// - Parameter limit: the longest content that is accepted, in bytes.
    /// - Returns: `nil` when there is no such file.
    public func readFile(at path: String, in tree: ResticID, limit: Int) async throws -> [UInt8]? {
        guard let node = try await node(at: path, in: tree), node.type == .file, let blobs = node.content else {
            return nil
        }
        guard node.size <= UInt64(limit) else {
            throw RepositoryError(.damaged, "\(path) is \(node.size) bytes long; at most \(limit) were expected")
        }
        var bytes: [UInt8] = []
        for try await buffer in content(of: blobs) {
            bytes.append(contentsOf: buffer.readableBytesView)
            guard bytes.count <= limit else { throw RepositoryError(.damaged, "\(path) is longer than its node says") }
        }
        return bytes
    }
}
