internal import ResticCrypto
public import ResticFormat
public import ResticRepository

/// One SHA-256 for the content of a folder, whatever the times, owners and permissions in it.
///
/// Defined from the trees of the repository, so that anybody can compute it again, also for those that restic made
/// (`docs/reference/restore-point.md`). The digest of a folder is the SHA-256 of one line for each entry, in the order of the bytes of
/// the names: a letter for its type, the bytes of its name, a zero byte, 64 hexadecimal digits, a line feed. The digits are
///
/// - `f`, a file: the SHA-256 of the ids of its blobs, 32 bytes each, one after the other;
/// - `d`, a folder: its own digest;
/// - `l`, a symbolic link: the SHA-256 of the bytes of its target;
/// - `o`, anything else: the SHA-256 of the word that restic has for its type.
public enum ContentDigest {
    /// The digest of a tree.
    ///
    /// - Throws: `RepositoryError` when a tree is missing or damaged.
    public static func of(_ tree: ResticID, in repository: IndexedRepository) async throws -> ResticID {
        // A tree that lies in many places is read once.
        var known: [ResticID: ResticID] = [:]
        return try await of(tree, in: repository, depth: 0, &known)
    }

    /// Deeper than any path that a system allows.
    private static let maximumDepth = 4096

    private static func of(
        _ tree: ResticID,
        in repository: IndexedRepository,
        depth: Int,
        _ known: inout [ResticID: ResticID]
    ) async throws -> ResticID {
        if let digest = known[tree] { return digest }
        guard depth < maximumDepth else {
            throw RepositoryError(.damaged, "folders are nested more than \(maximumDepth) deep")
        }
        try Task.checkCancellation()
        let nodes = try await repository.loadTree(tree).nodes
        for node in nodes where node.type == .dir {
            guard let subtree = node.subtree else { continue }
            _ = try await of(subtree, in: repository, depth: depth + 1, &known)
        }
        let digest = of(nodes) { known[$0] }
        known[tree] = digest
        return digest
    }

    /// The digest of a folder, from its nodes and those of the folders in it.
    static func of(_ nodes: [Node], folder: (ResticID) -> ResticID?) -> ResticID {
        var text: [UInt8] = []
        for node in nodes.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
            let (letter, digest) = entry(node, folder)
            text.append(letter)
            text += node.name
            text.append(0)
            text += digest.hex.utf8
            text.append(UInt8(ascii: "\n"))
        }
        return ContentHash.id(of: text)
    }

    private static func entry(_ node: Node, _ folder: (ResticID) -> ResticID?) -> (UInt8, ResticID) {
        switch node.type {
        case .file:
            var ids: [UInt8] = []
            for id in node.content ?? [] { ids += id.bytes }
            return (UInt8(ascii: "f"), ContentHash.id(of: ids))
        case .dir:
            return (UInt8(ascii: "d"), node.subtree.flatMap(folder) ?? ContentHash.id(of: []))
        case .symlink:
            return (UInt8(ascii: "l"), ContentHash.id(of: node.linkTarget ?? []))
        default:
            return (UInt8(ascii: "o"), ContentHash.id(of: Array(node.type.rawValue.utf8)))
        }
    }
}
