internal import ResticFormat

/// Adds up what restores would write; a folder that many snapshots share is read once.
struct RestoreSizes {
    private struct Inode: Hashable {
        let device: UInt64
        let inode: UInt64
    }
    private struct Known {
        var size: RestoreSize
        /// Files with several names, which may lie outside this folder: then its sum depends on where it is met.
        var hasLinks: Bool
    }

    private let repository: IndexedRepository
    /// By the number of the tree in the index.
    private var known: [Known?]

    init(_ repository: IndexedRepository) {
        self.repository = repository
        known = Array(repeating: nil, count: repository.index.counts.trees)
    }

    /// What a restore of these trees together would write. A folder that cannot be read counts as empty.
    mutating func measure(_ roots: [ResticID]) async throws -> RestoreSize {
        var inodes: Set<Inode> = []
        var sum = RestoreSize()
        for root in roots { sum = sum + (try await measure(root, depth: 0, &inodes)).size }
        return sum
    }

    private mutating func measure(_ id: ResticID, depth: Int, _ inodes: inout Set<Inode>) async throws -> Known {
        let number = repository.index.number(of: id, .tree).flatMap { known.indices.contains($0) ? $0 : nil }
        if let number, let found = known[number], !found.hasLinks { return found }
        var sum = Known(size: RestoreSize(), hasLinks: false)
        guard depth < IndexedRepository.maximumTreeDepth else { return sum }
        let tree: Tree
        do {
            tree = try await repository.loadTree(id)
        } catch let error as CancellationError {
            throw error
        } catch {
            return sum  // The sweep has reported it.
        }
        for node in tree.nodes {
            sum.size.entries += 1
            if node.type == .file {
                sum.size.files += 1
                let isLinked = node.links > 1 && node.inode != 0
                if isLinked { sum.hasLinks = true }
                if !isLinked || inodes.insert(Inode(device: node.deviceID, inode: node.inode)).inserted {
                    sum.size.bytes += Int64(clamping: node.size)
                }
            } else if node.type == .dir, let subtree = node.subtree {
                let below = try await measure(subtree, depth: depth + 1, &inodes)
                sum.size = sum.size + below.size
                sum.hasLinks = sum.hasLinks || below.hasLinks
            }
        }
        if let number { known[number] = sum }
        return sum
    }
}
