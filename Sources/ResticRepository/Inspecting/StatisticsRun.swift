internal import ObjectStorage
public import ResticFormat

/// Counts what a repository holds. Memory: some bits for each blob and some bytes for each tree blob of the index.
public struct StatisticsRun: Sendable {
    private let repository: IndexedRepository

    /// Makes a run.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Counts everything.
    ///
    /// Trees are read up to three times each, whatever the number of groups that share them.
    ///
    /// - Parameter groups: the roots of what belongs together; all that is in the repository, else what others need counts
    ///   as needed by nobody.
    public func run(_ groups: [[ResticID]]) async throws -> RepositoryStatistics {
        var statistics = RepositoryStatistics()
        let marks = try await mark(groups, &statistics)
        var sizes = RestoreSizes(repository)
        for roots in groups {
            var group = RepositoryStatistics.Group()
            group.restoreSize = try await sizes.measure(roots)
            group.unique = try await unique(roots, shared: marks.shared)
            statistics.groups.append(group)
        }
        try await countFiles(&statistics)
        return statistics
    }

    /// What each blob is needed by, in two bits: nothing, one group, several.
    private struct Marks {
        var needed: BlobMarks
        var shared: BlobMarks
    }

    /// Finds out which blobs are needed, and which by more than one group.
    ///
    /// What is below a shared tree is shared: a tree is read when it is met first and when it is met by a second group, and
    /// never again.
    private func mark(_ groups: [[ResticID]], _ statistics: inout RepositoryStatistics) async throws -> Marks {
        var marks = Marks(needed: repository.makeMarks(), shared: repository.makeMarks())
        var missing = 0
        for roots in groups {
            var seen = marks.shared
            var seenData = marks.shared
            var failures: [String] = []
            try await TreeSweep(repository).run(from: roots, marks: &seen) { id, finding in
                if marks.needed.insert(id, .tree) == true {
                    if let location = repository.location(of: id, .tree) { statistics.referencedTrees.add(location) }
                } else {
                    marks.shared.insert(id, .tree)
                }
                switch finding {
                case .failure(let error): failures.append(describeFailure(error))
                case .tree(let tree):
                    for blob in tree.nodes.lazy.compactMap(\.content).joined() {
                        guard let isNew = marks.needed.insert(blob, .data) else {
                            missing += 1
                            continue
                        }
                        if isNew {
                            if let location = repository.location(of: blob, .data) {
                                statistics.referencedData.add(location)
                            }
                            seenData.insert(blob, .data)
                        } else if seenData.insert(blob, .data) == true {
                            marks.shared.insert(blob, .data)
                        }
                    }
                }
            }
            for failure in failures { statistics.note(failure) }
        }
        if missing > 0 { statistics.note("\(missing) references to data blobs lead to none that an index names") }
        return marks
    }

    /// What only these roots need.
    private func unique(_ roots: [ResticID], shared: BlobMarks) async throws -> BlobTotals {
        var totals = BlobTotals()
        var seen = shared
        var blobs = shared
        try await TreeSweep(repository).run(from: roots, marks: &seen) { id, finding in
            if let location = repository.location(of: id, .tree) { totals.add(location) }
            guard case .tree(let tree) = finding else { return }
            for blob in tree.nodes.lazy.compactMap(\.content).joined() where blobs.insert(blob, .data) == true {
                if let location = repository.location(of: blob, .data) { totals.add(location) }
            }
        }
        return totals
    }

    private func countFiles(_ statistics: inout RepositoryStatistics) async throws {
        var indexed: Set<ResticID> = []
        // What the packs hold by the index, entries of their headers included.
        var accounted: Int64 = 0
        repository.index.forEach { type, _, location in
            indexed.insert(location.pack)
            let entry = PackHeader.entryLength(isCompressed: location.uncompressedLength != nil)
            accounted += Int64(location.length) + Int64(entry)
            if type == .data { statistics.data.add(location) } else { statistics.trees.add(location) }
        }
        var indexedTotals = FileTotals()
        for kind in FileKind.allCases {
            var totals = FileTotals()
            try await repository.repository.store.list(under: kind.folder) { page in
                for entry in page {
                    guard let id = kind.id(in: entry.key) else { continue }
                    totals.add(entry.byteCount)
                    guard kind == .pack else { continue }
                    if indexed.contains(id) {
                        indexedTotals.add(entry.byteCount)
                    } else {
                        statistics.unindexedPacks.add(entry.byteCount)
                    }
                }
            }
            statistics.files[kind] = totals
        }
        statistics.missingPacks = indexed.count - indexedTotals.count
        if statistics.missingPacks > 0 {
            statistics.note("\(statistics.missingPacks) packs that an index names are not in the repository")
        } else {
            let framing = Int64(PackedBlob.sealingOverhead + PackHeader.trailerLength)
            let rest = indexedTotals.bytes - accounted - framing * Int64(indexedTotals.count)
            statistics.duplicateBytes = max(0, rest)
        }
    }
}

extension FileTotals {
    mutating func add(_ byteCount: Int64) {
        count += 1
        bytes += byteCount
    }
}
