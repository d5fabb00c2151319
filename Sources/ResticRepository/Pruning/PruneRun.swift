internal import Logging
internal import ObjectStorage
internal import ResticFormat

/// Removes what no snapshot needs, in two phases: packs are marked first, and removed when they are still unneeded after a grace
/// period. Backups go on meanwhile; nobody else may use the repository only in the moment in which the index is rewritten
/// (decision 0010).
public struct PruneRun: Sendable {
    let repository: Repository
    let options: PruneOptions
    let clock: any WallClock
    let timing: LockTiming
    /// Called when a part of the work begins, with its name and, when they are known, the bytes that it will go through.
    public var onPhase: @Sendable (String, Int64?) -> Void = { _, _ in }
    /// Called with bytes as they are gone through.
    public var onAdvance: @Sendable (Int64) -> Void = { _ in }

    /// Makes a run.
    public init(
        _ repository: Repository,
        options: PruneOptions = PruneOptions(),
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming()
    ) {
        self.repository = repository
        self.options = options
        self.clock = clock
        var timing = timing
        timing.patience = options.wait
        self.timing = timing
    }

    /// How often everything is looked at again when another process removes things at the same time.
    private static let attempts = 3

    /// Says what would be done, and does nothing.
    public func plan() async throws -> PrunePlan {
        try await repository.withLockWhereThereIsRoom(.shared, clock: clock, timing: timing) { (own: OwnLock?) in
            var inventory = try await take(own)
            let usage = try inventory.usage()
            try await inventory.learnRetention(usage)
            return makePlan(inventory, usage)
        }
    }

    /// Runs both phases.
    ///
    /// - Throws: ``RepositoryError/Code/damaged`` when a snapshot or a tree cannot be read: nothing has been removed then.
    public func run() async throws -> PruneReport {
        var report = try await removeSuperfluous()
        try await careForRetention(&report)
        return report
    }

    private func removeSuperfluous() async throws -> PruneReport {
        for _ in 1..<Self.attempts {
            if let report = try await attemptWhereverThereIsRoom() { return report }
            repository.logger.notice("another process has rewritten the index: looking at everything again")
        }
        guard let report = try await attemptWhereverThereIsRoom() else {
            throw RepositoryError(
                .locked,
                "another process rewrites the index all the time",
                hint: "Is another prune running? Run this one again when it has finished."
            )
        }
        return report
    }

    private func attemptWhereverThereIsRoom() async throws -> PruneReport? {
        do {
            return try await attempt()
        } catch let error as RepositoryError {
            guard error.code == .full else { throw error }
        }
        try await makeRoomForALock()
        return try await attempt()
    }

    /// - Returns: `nil` when another process has removed things meanwhile.
    private func attempt() async throws -> PruneReport? {
        var state = try await repository.withLock(.shared, clock: clock, timing: timing) { (own: OwnLock) in
            try await markPhase(own)
        }
        guard !state.removable.isEmpty else { return state.report }
        do {
            let before = state
            let swept = try await repository.withLock(.exclusive, clock: clock, timing: timing) { (_: OwnLock) in
                try await sweepIndex(before)
            }
            guard let swept else { return nil }
            state = swept
        } catch let error as RepositoryError where error.code == .locked {
            state.report.waitingPacks = state.removable.count
            state.report.waitsFor = error.message
            return state.report
        }
        let swept = state
        do {
            return try await repository.withLockWhereThereIsRoom(.shared, clock: clock, timing: timing) {
                (_: OwnLock?) in try await removeFiles(swept)
            }
        } catch let error as RepositoryError where error.code == .locked {
            // Out of the index they are; the next prune finds the files by their marks.
            state.report.waitingPacks = state.removable.count
            state.report.waitsFor = error.message
            return state.report
        }
    }

    /// What is handed from one lock to the next.
    struct State: Sendable {
        var inventory: PruneInventory
        var report: PruneReport
        /// Packs that an index names and that may go.
        var removable: Set<ResticID> = []
    }

    func take(_ own: OwnLock?) async throws -> PruneInventory {
        onPhase("look at the snapshots", nil)
        return try await PruneInventory.take(repository, own: own, clock: clock, timing: timing)
    }

    func makePlan(_ inventory: PruneInventory, _ usage: PackUsage) -> PrunePlan {
        let now = clock.now
        var planner = PrunePlanner(options: options, now: now)
        planner.holders = inventory.holders
        planner.sweepRefusal = inventory.clockRefusal(now: now, tolerance: options.clockTolerance)
        return planner.plan(inventory.facts(usage))
    }

    // MARK: Phase 1, under a shared lock

    private func markPhase(_ own: OwnLock) async throws -> State {
        var inventory = try await take(own)
        let usage = try inventory.usage()
        try await inventory.learnRetention(usage)
        let plan = makePlan(inventory, usage)
        var state = State(inventory: inventory, report: PruneReport(plan: plan))
        let unmarked = plan.ids(.unmark)
        try await repository.unmark(unmarked.union(inventory.settledMarks), in: &inventory.marks)
        state.report.unmarkedPacks = unmarked.count { inventory.marks.packs[$0] == nil }
        let repacked = try await repack(plan, usage, &inventory, &state.report)
        try await mark(plan, repacked, &inventory, &state.report)
        state.inventory = inventory
        // Packs that no index names need no exclusive lock.
        try await removeFiles(plan.ids(.remove) { !$0.isIndexed }, &state)
        state.removable = plan.ids(.remove) { $0.isIndexed }
        // What the store retains waits for that; a later run asks.
        if options.grace == .zero, plan.sweepRefusal == nil, repository.store.retaining == nil {
            state.removable.formUnion(repacked)
        }
        return state
    }

    /// Marks what is to be marked, and what is removed in the same run: should it come to nothing, the mark is there.
    private func mark(
        _ plan: PrunePlan,
        _ repacked: Set<ResticID>,
        _ inventory: inout PruneInventory,
        _ report: inout PruneReport
    ) async throws {
        var marks: [PackMark.Pack] = []
        for pack in plan.packs {
            switch pack.action {
            case .mark:
                marks.append(PackMark.Pack(id: pack.id, reason: pack.isIndexed ? .unreferenced : .unindexed))
            case .remove where pack.isIndexed && inventory.marks.packs[pack.id] == nil:
                marks.append(PackMark.Pack(id: pack.id, reason: .unreferenced))
            case .repack where repacked.contains(pack.id):
                marks.append(PackMark.Pack(id: pack.id, reason: .repacked))
            default: break
            }
        }
        guard !marks.isEmpty else { return }
        let time = clock.now
        do {
            let saved = try await repository.saveMarks(marks, time: time, holders: inventory.holders)
            for (id, mark) in saved.files { inventory.marks.add(id, mark) }
        } catch let error as ObjectStoreError where error.code == .insufficientSpace {
            guard options.grace == .zero else {
                throw RepositoryError(
                    .full,
                    "there is no room for the marks of \(marks.count) packs to be removed",
                    hint: "Run 'holdfast prune --grace 0': it marks and removes in one run, and needs no room.",
                    cause: error
                )
            }
            return
        }
        report.markedPacks = marks.count
    }

    /// - Returns: the packs that can be done without now.
    private func repack(
        _ plan: PrunePlan,
        _ usage: PackUsage,
        _ inventory: inout PruneInventory,
        _ report: inout PruneReport
    ) async throws -> Set<ResticID> {
        let wanted = plan.ids(.repack)
        guard !wanted.isEmpty else { return [] }
        let bytes = plan.packs.reduce(0) { $0 + ($1.action == .repack ? $1.neededBytes : 0) }
        onPhase("repack", bytes)
        var repacker = Repacker(inventory.repository, packLength: options.packLength)
        do {
            for batch in batches(wanted, inventory, usage) {
                try await repacker.copy(items(batch, inventory, usage), onRead: onAdvance)
            }
            try await repacker.finish()
        } catch let error as ObjectStoreError where error.code == .insufficientSpace {
            report.problems.append("nothing was repacked: there is no room for new packs")
            return []
        }
        for pack in repacker.packs { inventory.addPack(pack.id, byteCount: pack.byteCount) }
        for file in repacker.indexFiles { inventory.addIndexFile(file.id, file.packs) }
        for (pack, failure) in repacker.failures {
            report.problems.append("pack \(pack.short) was not repacked: \(failure)")
        }
        let done = wanted.subtracting(repacker.failures.keys)
        report.repackedPacks = done.count
        report.copiedBytes = repacker.copiedBytes
        return done
    }

    /// So many blobs are copied by one plan at the most: bounds its memory to a few megabytes.
    private static let batchBlobs = 50_000

    /// Divides packs into groups of limited numbers of blobs.
    private func batches(_ packs: Set<ResticID>, _ inventory: PruneInventory, _ usage: PackUsage) -> [Set<ResticID>] {
        var counts: [ResticID: Int] = [:]
        forEachTaken(of: packs, inventory, usage) { _, location, _ in counts[location.pack, default: 0] += 1 }
        var batches: [Set<ResticID>] = []
        var room = 0
        for (pack, count) in counts.sorted(by: { $0.key < $1.key }) {
            if room < count || batches.isEmpty {
                batches.append([])
                room = Self.batchBlobs
            }
            batches[batches.count - 1].insert(pack)
            room -= count
        }
        return batches
    }

    private func items(_ packs: Set<ResticID>, _ inventory: PruneInventory, _ usage: PackUsage) -> [Repacker.Item] {
        var items: [Repacker.Item] = []
        forEachTaken(of: packs, inventory, usage) { id, location, type in
            items.append(Repacker.Item(part: PackRange.Part(id: id, location: location), type: type))
        }
        return items
    }

    private func forEachTaken(
        of packs: Set<ResticID>,
        _ inventory: PruneInventory,
        _ usage: PackUsage,
        _ body: (ResticID, BlobLocation, BlobType) -> Void
    ) {
        inventory.repository.index.withTables { data, trees in
            for (table, type) in [(data, BlobType.data), (trees, .tree)] {
                let isWanted = table.packs.map(packs.contains)
                var last = -1
                table.forEachPlace { blob, place, isOnly in
                    let pack = table.packs[Int(place.pack)]
                    // The same blob twice in one pack is copied once.
                    guard isWanted[Int(place.pack)], blob != last,
                        inventory.isTaken(blob, type, from: pack, isOnly: isOnly, usage)
                    else { return }
                    last = blob
                    body(place.id, place.location(in: pack), type)
                }
            }
        }
    }
}
