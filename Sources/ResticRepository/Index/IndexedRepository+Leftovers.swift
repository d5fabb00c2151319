internal import Logging
internal import ObjectStorage
public import ResticFormat

/// What a run that died has left, and a later one has taken over.
public struct AdoptedPacks: Sendable, Hashable {
    /// How many packs.
    public var packCount = 0
    /// Their length, in bytes.
    public var byteCount: Int64 = 0
}

extension IndexedRepository {
    /// Takes over what a run that died has stored and could not name any more, when there is a sign of one and nobody else at work.
    ///
    /// Nobody else: a prune that looked at the locks before ours was there may be about to remove what no index names. One that
    /// begins later knows us, and waits (decision 0010).
    ///
    /// - Parameter own: the lock that is held.
    package func adoptLeftovers(
        under own: OwnLock,
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming()
    ) async throws -> AdoptedPacks {
        guard own.isAfterDeath,
            try await repository.foreignLocks(except: own, clock: clock, timing: timing).isEmpty
        else { return AdoptedPacks() }
        return try await adoptLeftovers()
    }

    /// Takes packs into the index that no index names, so that their blobs need not be stored again: a run that was killed has
    /// stored them, and died before it could write its index.
    ///
    /// Lists every pack. What a pack holds is taken from its header, which is authenticated, as `repair index` does; its content is
    /// proved by whoever reads it. Left out are those that are going to be removed (decision 0010), and those that a repair has
    /// set aside a copy of, as damaged.
    func adoptLeftovers() async throws -> AdoptedPacks {
        let known = index.withTables { data, trees in Set(data.packs).union(trees.packs) }
        let damaged = Set(try await ReplacedFiles(repository).list().map(\.original))
        let leftovers = try await repository.listPacks()
            .filter { !known.contains($0.key) && !damaged.contains(FileKind.pack.key($0.key).path) }
            .sorted { $0.key < $1.key }
        var adopted = AdoptedPacks()
        let builder = IndexBuilder()
        let width = repository.store.capabilities.usefulConcurrency
        try await forEachConcurrently(leftovers, width: width) { (leftover: (key: ResticID, value: Int64)) in
            try await self.readLeftover(leftover.key, leftover.value).map { ($0, leftover.value) }
        } collect: { (leftover: (IndexPack, Int64)?) in
            guard let (pack, length) = leftover else { return }
            adopted.packCount += 1
            adopted.byteCount += length
            try await save(builder.add(pack))
        }
        try await save(builder.takeRest())
        return adopted
    }

    /// - Returns: `nil` for what is no whole pack of this repository: it stays as it is, for `repo check` to name.
    private func readLeftover(_ pack: ResticID, _ length: Int64) async throws -> IndexPack? {
        let header = try await Repository.capturing { try await repository.loadHeader(of: pack, packLength: length) }
        switch header {
        case .success(let blobs):
            return blobs.isEmpty ? nil : IndexPack(id: pack, blobs: blobs)
        case .failure(let error):
            repository.logger.warning(
                "a pack that no index names cannot be read",
                metadata: ["pack": "\(pack.short)", "error": "\(describeFailure(error))"]
            )
            return nil
        }
    }

    /// The index file first: what the run relies on is named before it is relied on.
    private func save(_ packs: [IndexPack]?) async throws {
        guard let packs else { return }
        try await repository.save(.index, IndexFile(supersedes: [], packs: packs).encode())
        for pack in packs { index.insert(pack.blobs, pack: pack.id) }
    }
}
