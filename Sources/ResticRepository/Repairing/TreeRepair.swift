internal import ResticCrypto
internal import ResticFormat

/// Something that a repaired snapshot lacks.
public struct RepairLoss: Sendable, Hashable, Codable {
    /// What became of it.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// Parts of the file are gone: it is shorter, and what followed a gap has moved up.
        case shortened
        /// Nothing of the file is left: it is not in the copy.
        case removed
        /// The folder's tree is gone: the folder is there and empty.
        case emptied
        /// All content is there; the size that was noted was wrong.
        case resized
    }

    /// The file or folder; a path in the snapshot.
    public let path: String
    /// What became of it.
    public let kind: Kind
    /// Bytes of content that are gone, where that is known.
    public let lostBytes: Int64
}

/// Writes copies of trees that leave out what cannot be had; whole trees stay as they are.
///
/// As restic's `repair snapshots`: a file keeps the blobs that are known, a folder whose tree is gone becomes empty. One thing
/// differs: a file of which nothing is left is removed rather than left behind empty.
final class TreeRepair {
    /// A tree's copy.
    struct Copy {
        /// The tree; the same as before when nothing is lost.
        let id: ResticID
        /// What it lacks; paths below it, with a leading slash.
        let losses: [RepairLoss]
    }

    private let repository: IndexedRepository
    private let store: (Tree) async throws -> ResticID
    private var copies: [ResticID: Copy?] = [:]

    /// - Parameters:
    ///   - repository: its index must only name packs that are there.
    ///   - store: stores a tree and returns its id.
    init(_ repository: IndexedRepository, storingIn store: @escaping (Tree) async throws -> ResticID) {
        self.repository = repository
        self.store = store
    }

    /// Makes a copy as far as it is needed.
    ///
    /// - Returns: `nil` when the tree itself cannot be had.
    func repair(_ id: ResticID, depth: Int = 0) async throws -> Copy? {
        if let known = copies[id] { return known }
        guard depth < IndexedRepository.maximumTreeDepth else { return nil }
        let copy: Copy?
        switch try await Repository.capturing({ try await self.repository.loadTree(id) }) {
        case .failure: copy = nil
        case .success(let tree): copy = try await rewrite(tree, id, depth)
        }
        copies[id] = copy
        return copy
    }

    private func rewrite(_ tree: Tree, _ id: ResticID, _ depth: Int) async throws -> Copy {
        var losses: [RepairLoss] = []
        var nodes: [Node] = []
        var isChanged = false
        for node in tree.nodes {
            try Task.checkCancellation()
            let (copy, lost) = try await rewrite(node, depth)
            isChanged = isChanged || copy != node
            losses.append(contentsOf: lost)
            if let copy { nodes.append(copy) }
        }
        guard isChanged else { return Copy(id: id, losses: []) }
        return Copy(id: try await store(Tree(nodes: nodes)), losses: losses)
    }

    private func rewrite(_ node: Node, _ depth: Int) async throws -> (Node?, [RepairLoss]) {
        let path = "/" + node.nameString
        switch node.type {
        case .file: return rewriteFile(node, path)
        case .dir:
            var copy = node
            if let subtree = node.subtree, let below = try await repair(subtree, depth: depth + 1) {
                copy.subtree = below.id
                let losses = below.losses.map {
                    RepairLoss(path: path + $0.path, kind: $0.kind, lostBytes: $0.lostBytes)
                }
                return (copy, losses)
            }
            copy.subtree = try await store(Tree())
            return (copy, [RepairLoss(path: path, kind: .emptied, lostBytes: 0)])
        default: return (node, [])
        }
    }

    private func rewriteFile(_ node: Node, _ path: String) -> (Node?, [RepairLoss]) {
        let blobs = node.content ?? []
        let locations = blobs.map { repository.location(of: $0, .data) }
        let rest = zip(blobs, locations).filter { $0.1 != nil }.map(\.0)
        let size = locations.reduce(UInt64(0)) { $0 + UInt64($1?.contentLength ?? 0) }
        guard rest.count < blobs.count || size != node.size else { return (node, []) }
        let lost = Int64(clamping: node.size) - Int64(clamping: size)
        if rest.isEmpty, !blobs.isEmpty {
            return (nil, [RepairLoss(path: path, kind: .removed, lostBytes: Int64(clamping: node.size))])
        }
        var copy = node
        copy.content = rest
        copy.size = size
        let kind: RepairLoss.Kind = rest.count < blobs.count ? .shortened : .resized
        return (copy, [RepairLoss(path: path, kind: kind, lostBytes: max(0, lost))])
    }
}
