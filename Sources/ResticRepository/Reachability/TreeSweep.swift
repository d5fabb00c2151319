public import ResticFormat

/// Visits every tree that can be reached from some roots, each once, however many snapshots and folders share it: what
/// checking, pruning, copying and counting have in common.
///
/// Trees are loaded several at a time and handed out one at a time, in no particular order. Memory: one bit for each blob of
/// the repository and the ids of the trees that wait.
public struct TreeSweep: Sendable {
    private let repository: IndexedRepository
    private let width: Int

    /// What was found in the place of a tree.
    public enum Finding: Sendable {
        /// The tree.
        case tree(Tree)
        /// It cannot be had: it is in no index, its pack is missing or damaged.
        case failure(any Error)
    }

    /// Makes a sweep.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
        width = CPUCount.available + 1
    }

    /// Runs the sweep.
    ///
    /// - Parameters:
    ///   - roots: trees of snapshots; repetitions are visited once.
    ///   - marks: the trees that were visited already, by an earlier sweep; they and all below them are passed over. Visited
    ///     trees are added. Data blobs in it are not looked at.
    ///   - visit: called with each tree, or with the failure in its place. What it throws ends the sweep.
    /// - Throws: what `visit` throws, and `CancellationError`. Failures to load a tree are findings.
    public func run(
        from roots: some Sequence<ResticID>,
        marks: inout BlobMarks,
        _ visit: (ResticID, Finding) throws -> Void
    ) async throws {
        var waiting: [ResticID] = []
        // Trees that are in no index have no bit: remembered here, so that each is reported once.
        var unknown: Set<ResticID> = []
        func enqueue(_ id: ResticID) throws {
            switch marks.insert(id, .tree) {
            case true?: waiting.append(id)
            case false?: break
            case nil where unknown.insert(id).inserted: try visit(id, .failure(repository.missing(id, .tree)))
            case nil: break
            }
        }
        for root in roots { try enqueue(root) }
        try await withThrowingTaskGroup(of: (ResticID, Finding).self) { group in
            var running = 0
            while true {
                while running < width, let id = waiting.popLast() {
                    group.addTask { try await (id, self.load(id)) }
                    running += 1
                }
                guard running > 0, let (id, finding) = try await group.next() else { return }
                running -= 1
                try visit(id, finding)
                guard case .tree(let tree) = finding else { continue }
                for subtree in tree.nodes.lazy.compactMap(\.subtree) { try enqueue(subtree) }
            }
        }
    }

    private func load(_ id: ResticID) async throws -> Finding {
        do {
            return .tree(try await repository.loadTree(id))
        } catch let error as CancellationError {
            throw error
        } catch {
            return .failure(error)
        }
    }
}
