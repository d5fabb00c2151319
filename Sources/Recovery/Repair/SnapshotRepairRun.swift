public import ResticFormat
public import ResticRepository

/// What a repair of snapshots will do or has done.
public struct SnapshotRepairPlan: Sendable {
    /// A restore point, or a snapshot that belongs to none, that gets a copy without what is lost.
    public struct Item: Sendable {
        /// The restore point's id; `nil` for a single snapshot.
        public let restorePoint: String?
        /// The id of its copy.
        public let copy: String?
        /// The snapshots that the copy replaces, the manifest's first.
        public let originals: [ResticID]
        /// What the copy lacks.
        public let missing: [RestorePointManifest.MissingItem]
        /// The restore point about which the snapshot is a record; `nil` for what was backed up. The copy of a record has what the
        /// tags say, and no more.
        public var record: String?
        /// Whether the copy is there, whole.
        public internal(set) var isDone: Bool
    }

    /// A snapshot of which no copy can be made.
    public struct Hopeless: Sendable {
        /// The snapshot.
        public let snapshot: ResticID
        /// The restore point it belongs to.
        public let restorePoint: String?
        /// Why.
        public let reason: String
    }

    /// What gets a copy.
    public internal(set) var items: [Item] = []
    /// What cannot be helped.
    public internal(set) var hopeless: [Hopeless] = []

    /// Whether every snapshot is whole.
    public var isEmpty: Bool { items.isEmpty && hopeless.isEmpty }
    /// The snapshots that can be forgotten: those with a whole copy, and those of which nothing can be had.
    public var forgettable: [ResticID] {
        items.filter(\.isDone).flatMap(\.originals) + hopeless.map(\.snapshot)
    }
}

/// Writes copies of damaged restore points, and of snapshots that belong to none, without what is lost. The copy of a restore
/// point is a restore point with an id and a manifest of its own, which says what is missing.
///
/// The copy's id follows from what it holds, so a run that died is completed by the next. The originals stay until
/// ``forget(_:)``. The caller holds a lock.
public struct SnapshotRepairRun: Sendable {
    private let repository: Repository
    private let clock: any WallClock

    /// Makes a run.
    public init(_ repository: Repository, clock: any WallClock = SystemWallClock()) {
        self.repository = repository
        self.clock = clock
    }

    /// What would be done. Writes nothing.
    public func plan() async throws -> SnapshotRepairPlan {
        let repair = SnapshotRepair(repository)
        return try await run(repair.diagnose(), in: repair.usableIndex(), writes: false)
    }

    /// Writes the copies.
    ///
    /// - Returns: what was done.
    public func apply() async throws -> SnapshotRepairPlan {
        let repair = SnapshotRepair(repository)
        let indexed = try await repair.usableIndex()
        return try await run(repair.rewriteTrees(in: indexed), in: indexed, writes: true)
    }

    /// Sets aside the originals of copies that are whole, and snapshots of which nothing can be had.
    public func forget(_ plan: SnapshotRepairPlan) async throws {
        let files = ReplacedFiles(repository)
        for snapshot in plan.forgettable { try await files.setAside(.snapshot, snapshot) }
    }

    private func run(
        _ diagnoses: [SnapshotDiagnosis],
        in indexed: IndexedRepository,
        writes: Bool
    ) async throws -> SnapshotRepairPlan {
        var plan = SnapshotRepairPlan()
        for (id, error) in try await repository.readableSnapshots().unreadable {
            let reason = "it cannot be read: \((error as? RepositoryError)?.message ?? "\(error)")"
            plan.hopeless.append(.init(snapshot: id, restorePoint: nil, reason: reason))
        }
        var groups: [String: [SnapshotDiagnosis]] = [:]
        var records: [String: [SnapshotDiagnosis]] = [:]
        for diagnosis in diagnoses {
            guard let id = RestorePoint.id(fromTags: diagnosis.snapshot.record.tags) else {
                try await repairSingle(diagnosis, diagnoses, writes, &plan)
                continue
            }
            if diagnosis.snapshot.record.isRecord {
                records[id, default: []].append(diagnosis)
            } else {
                groups[id, default: []].append(diagnosis)
            }
        }
        for (id, group) in groups.sorted(by: { $0.key < $1.key }) where !group.allSatisfy(\.isIntact) {
            // They go with the restore point; a damaged one is worth nothing without it.
            let about = RecordRepair(records.removeValue(forKey: id) ?? [], indexed)
            let repair = RestorePointRepair(id, group, about, indexed, clock: clock)
            switch try await repair.manifest() {
            case .found(let manifest, let snapshot):
                var item = repair.plan(manifest, snapshot)
                item.isDone = repair.isDone(item, among: diagnoses.map(\.snapshot))
                if writes, !item.isDone {
                    try await repair.write(item, manifest, snapshot, among: diagnoses.map(\.snapshot))
                    item.isDone = true
                }
                plan.items.append(item)
            case .lost(let snapshot, let reason):
                plan.hopeless.append(.init(snapshot: snapshot, restorePoint: id, reason: reason))
                for part in group where part.snapshot.id != snapshot {
                    try await repairSingle(part, diagnoses, writes, &plan)
                }
            case .none:
                for part in group { try await repairSingle(part, diagnoses, writes, &plan) }
            }
        }
        for (id, group) in records.sorted(by: { $0.key < $1.key }) {
            try await repair(RecordRepair(group, indexed), of: id, writes, &plan)
        }
        return plan
    }

    /// Writes damaged records of a restore point that is whole anew, so that what their tags say still holds.
    private func repair(_ records: RecordRepair, of id: String, _ writes: Bool, _ plan: inout SnapshotRepairPlan)
        async throws
    {
        for diagnosis in records.damaged {
            guard RecordMark(diagnosis.snapshot)?.kind != nil else {
                let reason = "it is a record of a kind that this program does not know, and its content is damaged"
                plan.hopeless.append(.init(snapshot: diagnosis.snapshot.id, restorePoint: id, reason: reason))
                continue
            }
            var isDone = records.isReplaced(diagnosis)
            if writes, !isDone {
                let tags = diagnosis.snapshot.record.tags
                _ = try await repository.save(try await records.makeCopy(of: diagnosis, tags: tags))
                isDone = true
            }
            plan.items.append(
                SnapshotRepairPlan.Item(
                    restorePoint: nil,
                    copy: nil,
                    originals: [diagnosis.snapshot.id],
                    missing: [],
                    record: id,
                    isDone: isDone
                )
            )
        }
    }

    private func repairSingle(
        _ diagnosis: SnapshotDiagnosis,
        _ diagnoses: [SnapshotDiagnosis],
        _ writes: Bool,
        _ plan: inout SnapshotRepairPlan
    ) async throws {
        guard !diagnosis.isIntact else { return }
        let snapshot = diagnosis.snapshot
        guard let tree = diagnosis.tree else {
            plan.hopeless.append(
                .init(
                    snapshot: snapshot.id,
                    restorePoint: RestorePoint.id(fromTags: snapshot.record.tags),
                    reason: "its root tree is lost, and with it the names of all that it held"
                )
            )
            return
        }
        let copy = snapshot.repaired(tree: tree, tags: snapshot.record.tags)
        var isDone = diagnoses.contains { $0.snapshot.record == copy }
        if writes, !isDone {
            _ = try await repository.save(copy)
            isDone = true
        }
        let component = RestorePoint.component(fromTags: snapshot.record.tags)
        plan.items.append(
            SnapshotRepairPlan.Item(
                restorePoint: nil,
                copy: nil,
                originals: [snapshot.id],
                missing: diagnosis.losses.map { .init(component: component ?? .documents, $0) },
                isDone: isDone
            )
        )
    }
}

extension StoredSnapshot {
    /// The record of a repaired copy, marked as restic marks it.
    func repaired(tree: ResticID, tags: [String]) -> SnapshotRecord {
        var copy = record
        copy.tree = tree
        copy.tags = tags + (tags.contains(SnapshotRepair.tag) ? [] : [SnapshotRepair.tag])
        copy.original = record.original ?? id
        // What restic counted during the backup is not true of the copy.
        copy.summary = nil
        return copy
    }
}

extension RestorePointManifest.MissingItem {
    init(component: Component, _ loss: RepairLoss) {
        self.init(component: component, path: loss.path, kind: loss.kind, lostBytes: loss.lostBytes)
    }
}

extension RestorePoint {
    /// The component that a snapshot with these tags holds.
    static func component(fromTags tags: [String]) -> Component? {
        tags.lazy.compactMap { tag in Component.allCases.first { Tag.component($0) == tag } }.first
    }
}
