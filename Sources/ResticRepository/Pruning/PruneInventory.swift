internal import ObjectStorage
internal import ResticFormat

/// What a prune found in the repository, and what it has changed since.
struct PruneInventory: Sendable {
    let repository: IndexedRepository
    /// The index files and the packs that each names.
    private(set) var indexFiles: [ResticID: [ResticID]] = [:]
    /// The lengths of all pack files, in bytes.
    private(set) var stored: [ResticID: Int64] = [:]
    /// The snapshots whose trees were looked at.
    private(set) var snapshots: Set<ResticID> = []
    /// Who else held a lock after the packs were listed.
    private(set) var holders: [PackMark.Holder] = []
    var marks = PackMarks()
    /// Until when packs that nobody needs cannot be removed, in seconds since 1970.
    private var retained: [ResticID: Int64] = [:]
    private var neededData: BlobMarks
    private var neededTrees: BlobMarks
    /// The latest time that anything in the repository shows, and what shows it.
    private(set) var newest: (time: GoTime, what: String)?

    private init(_ repository: IndexedRepository) {
        self.repository = repository
        neededData = repository.makeMarks()
        neededTrees = repository.makeMarks()
    }

    /// Looks at everything, in the order that makes the conclusions sound (decision 0010): pack files first, then who is at work, then
    /// the snapshots, then the index. So a pack that no index names was stored by somebody who is dead or listed, and everything
    /// that a listed snapshot needs is in the index.
    static func take(
        _ repository: Repository,
        own: OwnLock?,
        clock: any WallClock,
        timing: LockTiming
    ) async throws -> PruneInventory {
        var stored: [ResticID: Int64] = [:]
        try await repository.store.list(under: FileKind.pack.folder) { page in
            for entry in page {
                if let id = FileKind.pack.id(in: entry.key) { stored[id] = entry.byteCount }
            }
        }
        let locks = try await repository.foreignLocks(except: own, clock: clock, timing: timing)
        let snapshots = try await repository.snapshots()
        let marks = try await repository.loadMarks()
        let index = BlobIndex()
        index.condemn(marks.packs.keys)
        var indexFiles: [ResticID: [ResticID]] = [:]
        try await repository.forEachIndexFile(try await repository.list(.index)) { file, packs in
            for pack in packs { index.insert(pack.blobs, pack: pack.id) }
            indexFiles[file] = packs.map(\.id)
        }
        var inventory = PruneInventory(IndexedRepository(repository: repository, index: index))
        inventory.stored = stored
        inventory.marks = marks
        inventory.indexFiles = indexFiles
        for lock in locks {
            let holder = PackMark.Holder(hostname: lock.record.hostname, pid: lock.record.pid)
            if !inventory.holders.contains(holder) { inventory.holders.append(holder) }
            inventory.witness(lock.record.time, "the lock of process \(holder.pid) on \(holder.hostname)")
        }
        for snapshot in snapshots { inventory.witness(snapshot.record.time, "snapshot \(snapshot.id.short)") }
        if let time = marks.newestTime { inventory.witness(time, "a mark") }
        try await inventory.learnLengths(of: indexFiles.values.lazy.flatMap(\.self))
        try await inventory.require(snapshots)
        return inventory
    }

    private mutating func witness(_ time: GoTime, _ what: String) {
        if newest.map({ $0.time < time }) ?? true { newest = (time, what) }
    }

    /// Packs that were stored after the listing.
    private mutating func learnLengths(of packs: some Sequence<ResticID>) async throws {
        for pack in packs where stored[pack] == nil {
            if let length = try await repository.repository.store.byteCount(of: FileKind.pack.key(pack)) {
                stored[pack] = length
            }
        }
    }

    /// Marks everything that snapshots need.
    ///
    /// - Throws: ``RepositoryError`` when a snapshot, a tree or the place of a blob is not to be had: nothing may be removed on
    ///   incomplete knowledge.
    mutating func require(_ found: [StoredSnapshot]) async throws {
        var data = neededData
        var trees = neededTrees
        try await TreeSweep(repository).run(from: found.map(\.record.tree), marks: &trees) { id, finding in
            switch finding {
            case .failure(let error): throw Self.incomplete("tree \(id.short)", error)
            case .tree(let tree):
                for node in tree.nodes {
                    for blob in node.content ?? [] where data.insert(blob, .data) == nil {
                        throw Self.incomplete(
                            "'\(String(decoding: node.name, as: UTF8.self))' in tree \(id.short)",
                            repository.missing(blob, .data)
                        )
                    }
                }
            }
        }
        neededData = data
        neededTrees = trees
        snapshots.formUnion(found.map(\.id))
    }

    private static func incomplete(_ what: String, _ cause: any Error) -> RepositoryError {
        RepositoryError(
            .damaged,
            "\(what) cannot be read, so what the snapshots need is not known: nothing was removed",
            hint: "Repair the repository, or forget the snapshots that are damaged; then prune again.",
            cause: cause
        )
    }

    // MARK: Conclusions

    /// How much of each pack is needed now.
    ///
    /// - Throws: ``RepositoryError/Code/damaged`` when something that is needed is not there.
    func usage() throws -> PackUsage {
        let usage = PackUsage(
            of: repository.index,
            data: neededData,
            trees: neededTrees,
            stored: stored,
            marks: marks
        )
        try usage.checkFiles()
        return usage
    }

    /// What is known about every pack, those included that no index names.
    func facts(_ usage: PackUsage) -> [PackFacts] {
        var named = Set<ResticID>()
        for packs in indexFiles.values { named.formUnion(packs) }
        return named.union(stored.keys).map { id in
            var facts = usage[id] ?? PackFacts(id: id, byteCount: stored[id])
            facts.mark = marks.packs[id]
            facts.isIndexed = named.contains(id)
            facts.retainedUntil = retained[id].map { GoTime(seconds: $0) }
            return facts
        }
    }

    /// Asks the store until when the packs that nobody needs are retained.
    ///
    /// - Throws: ``/ObjectStorage/ObjectStoreError``.
    mutating func learnRetention(_ usage: PackUsage) async throws {
        guard let retaining = repository.repository.store.retaining else { return }
        let unneeded = facts(usage).filter { $0.neededBytes == 0 && $0.byteCount != nil }.map(\.id)
        var found: [ResticID: Int64] = [:]
        let width = repository.repository.store.capabilities.usefulConcurrency
        try await forEachConcurrently(unneeded, width: width) { pack in
            (pack, try await retaining.retainedUntil(FileKind.pack.key(pack)))
        } collect: { (pack: ResticID, until: Int64?) in
            found[pack] = until
        }
        retained = found
    }

    /// Marks of packs that are neither stored nor named by an index: nothing is left to do about them.
    var settledMarks: Set<ResticID> {
        var open = Set(marks.packs.keys.lazy.filter { stored[$0] == nil })
        for packs in indexFiles.values { open.subtract(packs) }
        return open
    }

    /// Why nothing may be removed: the clock stands before something that has happened already.
    func clockRefusal(now: GoTime, tolerance: Duration) -> String? {
        guard let newest, newest.time.timeSince(now) > tolerance else { return nil }
        return "the clock says \(now), but \(newest.what) is of \(newest.time): the age of marks cannot be judged"
    }

    /// Whether a place of a blob holds something that is needed and is taken from there.
    func isTaken(_ blob: Int, _ type: BlobType, from pack: ResticID, isOnly: Bool, _ usage: PackUsage) -> Bool {
        let isNeeded = type == .data ? neededData.contains(blob, type) : neededTrees.contains(blob, type)
        return isNeeded && usage.isTaken(blob: blob, type, from: pack, isOnly: isOnly)
    }

    // MARK: Changes

    /// An index file was added, by us or by somebody else.
    mutating func addIndexFile(_ file: ResticID, _ packs: [IndexPack]) {
        indexFiles[file] = packs.map(\.id)
    }

    /// A pack file was stored.
    mutating func addPack(_ id: ResticID, byteCount: Int64) {
        stored[id] = byteCount
    }

    /// A pack file is gone.
    mutating func removePack(_ id: ResticID) {
        stored[id] = nil
    }

    /// An index file is gone.
    mutating func removeIndexFile(_ file: ResticID) {
        indexFiles[file] = nil
    }

    /// Takes in what others have added since.
    ///
    /// - Returns: `false` when something else happened than additions to the index: then all has to be looked at again.
    mutating func catchUp() async throws -> Bool {
        let repository = self.repository.repository
        let snapshotIDs = try await repository.list(.snapshot)
        let current = Set(try await repository.list(.index))
        guard current.isSuperset(of: indexFiles.keys) else { return false }
        var added: [ResticID: [ResticID]] = [:]
        let index = self.repository.index
        try await repository.forEachIndexFile(current.filter { indexFiles[$0] == nil }) { file, packs in
            for pack in packs { index.insert(pack.blobs, pack: pack.id) }
            added[file] = packs.map(\.id)
        }
        indexFiles.merge(added) { _, new in new }
        try await learnLengths(of: added.values.lazy.flatMap(\.self))
        neededData.extend()
        neededTrees.extend()
        var new: [StoredSnapshot] = []
        for id in snapshotIDs where !snapshots.contains(id) { new.append(try await repository.loadSnapshot(id)) }
        try await require(new)
        return true
    }
}
