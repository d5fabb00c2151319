internal import ResticFormat
internal import ResticRepository

/// Keeps what the tags of records say when their content is lost, and when their restore point gets a repaired copy.
struct RecordRepair {
    private let repository: IndexedRepository
    /// The records of one restore point.
    private let records: [SnapshotDiagnosis]

    init(_ records: [SnapshotDiagnosis], _ repository: IndexedRepository) {
        self.records = records
        self.repository = repository
    }

    var snapshots: [ResticID] { records.map(\.snapshot.id).sorted() }
    var damaged: [SnapshotDiagnosis] { records.filter { !$0.isIntact } }

    /// The pins that hold: a copy of the restore point is pinned as well. What was proven of the original is not true of a copy that
    /// lacks something.
    func pins() -> [SnapshotDiagnosis] {
        let standings = PointStandings(records.map(\.snapshot))
        return records.filter { diagnosis in
            guard let mark = RecordMark(diagnosis.snapshot), mark.kind == .pin else { return false }
            return standings[mark.point].pins.contains(mark.id)
        }
    }

    /// Whether a record has been written anew.
    func isReplaced(_ diagnosis: SnapshotDiagnosis) -> Bool {
        guard let mark = RecordMark(diagnosis.snapshot) else { return false }
        return records.contains {
            $0.isIntact && $0.snapshot.id != diagnosis.snapshot.id && RecordMark($0.snapshot)?.id == mark.id
        }
    }

    /// The snapshot of a record with other tags; its content written anew from the tags when it is lost. The same for the same record.
    func makeCopy(of diagnosis: SnapshotDiagnosis, tags: [String]) async throws -> SnapshotRecord {
        let tree = diagnosis.isIntact ? diagnosis.snapshot.record.tree : try await writeAnew(diagnosis.snapshot)
        return diagnosis.snapshot.repaired(tree: tree, tags: tags)
    }

    private func writeAnew(_ snapshot: StoredSnapshot) async throws -> ResticID {
        guard let mark = RecordMark(snapshot), let kind = mark.kind else { return snapshot.record.tree }
        let record = RestorePointRecord(
            format: RestorePointRecord.formatVersion,
            id: mark.id,
            kind: kind,
            restorePoint: mark.point,
            system: snapshot.record.hostname,
            madeAt: "\(snapshot.record.time)",
            user: snapshot.record.username,
            host: "",
            tool: snapshot.record.programVersion,
            reason: "its details were damaged; a repair wrote it anew from its tags",
            revokes: mark.revokes.isEmpty ? nil : mark.revokes
        )
        let (tree, _) = try await repository.write { writer in
            try await record.store(into: writer, time: snapshot.record.time, host: repository.repository.host)
        }
        return tree
    }
}
