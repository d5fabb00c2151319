internal import ResticFormat

/// Finds the files and snapshots that damage hits: one sweep over all trees for all findings at once.
///
/// The sweep notes for each tree who its parents are and whether it holds damage itself; only the trees on the way from a
/// snapshot to damage are then read again for their names. Memory: about 100 bytes a tree, and the names on those ways.
struct DamageSearch: Sendable {
    /// How many paths are followed at the most: shared trees can have more paths than there are trees.
    private static let maximumSteps = 200_000

    private struct Entry {
        let name: [UInt8]
        let findings: [Int]
        let subtree: ResticID?
    }

    private let repository: IndexedRepository
    private var parents: [ResticID: [ResticID]] = [:]
    private var dirty: Set<ResticID> = []
    private var entries: [ResticID: [Entry]] = [:]
    private var below: [ResticID: Set<Int>] = [:]
    private var steps = 0

    init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Adds files and snapshots to the findings of `ledger`.
    ///
    /// - Parameter snapshots: newest first.
    mutating func run(_ snapshots: [StoredSnapshot], _ ledger: inout DamageLedger) async throws {
        try await sweep(snapshots, ledger)
        markUpward()
        try await loadNames(ledger)
        var seen: Set<Int> = []
        for snapshot in snapshots {
            let root = snapshot.record.tree
            var hit = findingsBelow(root)
            if let number = ledger.bad[BlobKey(.tree, root)] {
                hit.insert(number)
                if seen.insert(Self.mark("/", number)).inserted { ledger.addFile("/", to: number) }
            }
            for number in hit.sorted() { ledger.addSnapshot(snapshot, to: number) }
            if dirty.contains(root) { follow(root, "", &seen, &ledger) }
        }
    }

    private mutating func sweep(_ snapshots: [StoredSnapshot], _ ledger: DamageLedger) async throws {
        var marks = repository.makeMarks()
        try await TreeSweep(repository).run(from: snapshots.map(\.record.tree), marks: &marks) { id, finding in
            guard case .tree(let tree) = finding else { return }
            for node in tree.nodes {
                if let subtree = node.subtree { parents[subtree, default: []].append(id) }
                if !ledger.findings(of: node, in: repository.index).isEmpty { dirty.insert(id) }
            }
        }
    }

    private mutating func markUpward() {
        var waiting = Array(dirty)
        while let id = waiting.popLast() {
            for parent in parents[id] ?? [] where dirty.insert(parent).inserted { waiting.append(parent) }
        }
        parents = [:]
    }

    private mutating func loadNames(_ ledger: DamageLedger) async throws {
        for id in dirty {
            try Task.checkCancellation()
            entries[id] = try await repository.loadTree(id).nodes.compactMap { node in
                let findings = ledger.findings(of: node, in: repository.index)
                let subtree = node.subtree.flatMap { dirty.contains($0) ? $0 : nil }
                guard !findings.isEmpty || subtree != nil else { return nil }
                return Entry(name: node.name, findings: findings.sorted(), subtree: subtree)
            }
        }
    }

    private mutating func findingsBelow(_ tree: ResticID) -> Set<Int> {
        if let known = below[tree] { return known }
        var found: Set<Int> = []
        for entry in entries[tree] ?? [] {
            found.formUnion(entry.findings)
            if let subtree = entry.subtree { found.formUnion(findingsBelow(subtree)) }
        }
        below[tree] = found
        return found
    }

    private mutating func follow(
        _ tree: ResticID,
        _ path: String,
        _ seen: inout Set<Int>,
        _ ledger: inout DamageLedger
    ) {
        for entry in entries[tree] ?? [] {
            steps += 1
            guard steps <= Self.maximumSteps else { return }
            let below = path + "/" + String(decoding: entry.name, as: UTF8.self)
            // A path counts once, in however many snapshots it is.
            for number in entry.findings where seen.insert(Self.mark(below, number)).inserted {
                ledger.addFile(below, to: number)
            }
            if let subtree = entry.subtree { follow(subtree, below, &seen, &ledger) }
        }
    }

    private static func mark(_ path: String, _ finding: Int) -> Int {
        var hasher = Hasher()
        hasher.combine(path)
        hasher.combine(finding)
        return hasher.finalize()
    }
}
