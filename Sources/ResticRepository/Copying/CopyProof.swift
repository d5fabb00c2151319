internal import ResticFormat

/// Proves that a repository needs another no more: it has the same snapshots, all that they refer to, and every blob in it can be
/// read with its own key and is what its id says.
struct CopyProof: Sendable {
    let source: IndexedRepository
    let target: IndexedRepository
    var onRead: @Sendable (Int64) -> Void = { _ in }

    /// What was proven; a later proof need not do it again.
    struct Proven: Sendable {
        /// How many blobs the target's index had.
        var counts: (data: Int, trees: Int) = (0, 0)
        /// Snapshots of the target.
        var snapshots: Set<ResticID> = []
    }

    /// Proves what has not been proven yet.
    ///
    /// - Throws: ``RepositoryError/Code/damaged``, ``RepositoryError/Code/missing``.
    func run(after proven: Proven = Proven()) async throws -> Proven {
        let snapshots = try await compareSnapshots()
        let counts = target.index.counts
        try await sweep(from: snapshots.filter { !proven.snapshots.contains($0.id) }.map(\.record.tree))
        try await read(PackOrder(since: proven.counts, in: target))
        return Proven(counts: counts, snapshots: Set(snapshots.map(\.id)))
    }

    /// Bytes that a proof of everything reads.
    var byteCount: Int64 { PackOrder(since: (0, 0), in: target).storedByteCount }

    private func compareSnapshots() async throws -> [StoredSnapshot] {
        let theirs = try await source.repository.snapshots()
        let ours = try await target.repository.snapshots()
        let (copies, originals) = (CopyRecognition(ours), CopyRecognition(theirs))
        if let lost = theirs.first(where: { copies.copy(of: $0) == nil }) {
            throw RepositoryError(.missing, "snapshot \(lost.id.short) has no copy in the new repository")
        }
        if let extra = ours.first(where: { originals.copy(of: $0) == nil }) {
            throw RepositoryError(.damaged, "snapshot \(extra.id.short) of the new repository is no copy of any")
        }
        return ours
    }

    /// All trees below these roots are read; the ids are the same as in the source, and so the trees are.
    private func sweep(from roots: [ResticID]) async throws {
        var visited = target.makeMarks()
        try await TreeSweep(target).run(from: roots, marks: &visited) { _, finding in
            switch finding {
            case .failure(let error): throw error
            case .tree(let tree):
                for node in tree.nodes {
                    if let lost = node.content?.first(where: { !target.index.contains($0, .data) }) {
                        throw target.missing(lost, .data)
                    }
                }
            }
        }
    }

    /// Reads blobs, every core busy; reading one checks it.
    private func read(_ order: PackOrder) async throws {
        var order = order
        try await withThrowingTaskGroup(of: Void.self) { group in
            func start() {
                guard let (_, range) = order.next() else { return }
                group.addTask {
                    try await target.forEachBlob(in: range) { _, _ in }
                    onRead(Int64(range.bytes.count))
                }
            }
            for _ in 0...CPUCount.available { start() }
            while try await group.next() != nil { start() }
        }
    }
}
