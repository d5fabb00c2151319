internal import ResticFormat
public import ResticRepository

/// What a forget did.
public struct ForgetReport: Sendable {
    /// What was planned.
    public var plan: ForgetPlan
    /// Restore points, unfinished runs and foreign snapshots removed.
    public var droppedEntries = 0
    /// Snapshots removed.
    public var removedSnapshots = 0

    mutating func spare(_ entry: ForgetPlan.Entry, _ reason: String) {
        guard let index = plan.entries.firstIndex(of: entry) else { return }
        plan.entries[index].isKept = true
        plan.entries[index].reasons = [reason]
    }
}

/// Removes restore points. Their data stay until a prune finds that nothing needs them.
///
/// A shared lock is enough: nothing that is removed is needed by anybody who does not read that very restore point. On a store
/// without room for a lock it works without one, as long as nobody else holds one.
public struct ForgetRun: Sendable {
    private let repository: Repository
    private let options: ForgetOptions
    private let clock: any WallClock
    private let timing: LockTiming

    /// Makes a run.
    public init(
        _ repository: Repository,
        options: ForgetOptions,
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming()
    ) {
        self.repository = repository
        self.options = options
        self.clock = clock
        self.timing = timing
    }

    /// Says what would be done, and does nothing.
    public func plan() async throws -> ForgetPlan {
        try await repository.withLockWhereThereIsRoom(.shared, clock: clock, timing: timing) { (own: OwnLock?) in
            try await makePlan(own).plan
        }
    }

    /// Removes what the plan drops: the oldest first, of each the manifest first.
    ///
    /// - Throws: ``RecoveryError/Code/refused`` when more than half would go and that was not allowed.
    public func run() async throws -> ForgetReport {
        try await repository.withLockWhereThereIsRoom(.shared, clock: clock, timing: timing) { (own: OwnLock?) in
            let (plan, known) = try await makePlan(own)
            guard options.allowsMany || !plan.dropsMany else {
                let judged = plan.entries.filter { $0.kind != .unfinished }
                throw RecoveryError(
                    .refused,
                    "\(judged.count { !$0.isKept }) of \(judged.count) would be dropped, more than half: nothing was removed",
                    hint: "Look at 'holdfast forget --dry-run'. When that is what you want, add '--yes-drop-many'."
                )
            }
            var report = ForgetReport(plan: plan)
            var watch = RecordWatch(repository, known: known)
            for (place, entry) in plan.dropped.enumerated() {
                if place.isMultiple(of: Self.entriesBetweenLooks) { try await watch.look() }
                if watch.points.contains(entry.id) {
                    report.spare(entry, "pinned or proven meanwhile")
                    continue
                }
                for snapshot in entry.snapshots where try await repository.remove(.snapshot, snapshot) {
                    report.removedSnapshots += 1
                }
                report.droppedEntries += 1
            }
            return report
        }
    }

    /// Between two of these, restore points are removed for a moment or two.
    private static let entriesBetweenLooks = 16

    private func makePlan(_ own: OwnLock?) async throws -> (plan: ForgetPlan, known: Set<ResticID>) {
        // Before the snapshots: whoever came later has begun later than anything that is old enough to be dropped as unfinished.
        let others = try await repository.foreignLocks(except: own, clock: clock, timing: timing)
        let snapshots = try await repository.snapshots()
        var planner = ForgetPlanner(options: options, now: clock.now, hasCompany: !others.isEmpty)
        planner.contents = try await contents()
        return (try planner.plan(snapshots), Set(snapshots.map(\.id)))
    }
}

extension ForgetRun {
    /// What the restore points hold. Damage keeps nobody from forgetting: what cannot be read is not known.
    private func contents() async throws -> [String: PointContents] {
        let points: [RestorePoint]
        do {
            points = try await RestorePointCatalog(try await repository.loadIndex()).survey(system: nil).points
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return [:]
        }
        return Dictionary(
            points.map { ($0.manifest.id, PointContents($0.manifest)) },
            uniquingKeysWith: { first, _ in first }
        )
    }
}

/// Sees pins and proofs that somebody else records while restore points are being removed.
private struct RecordWatch {
    private let repository: Repository
    private var known: Set<ResticID>
    /// The restore points that were pinned or proven meanwhile.
    private(set) var points: Set<String> = []

    init(_ repository: Repository, known: Set<ResticID>) {
        self.repository = repository
        self.known = known
    }

    mutating func look() async throws {
        for id in try await repository.list(.snapshot) where known.insert(id).inserted {
            do {
                guard let mark = RecordMark(try await repository.loadSnapshot(id)) else { continue }
                if mark.kind == .pin || !mark.proves.isEmpty { points.insert(mark.point) }
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Removed between the listing and now.
            }
        }
    }
}
