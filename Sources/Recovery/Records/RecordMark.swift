internal import ResticFormat
internal import ResticRepository

/// What the tags of a record's snapshot say: enough to decide what is kept although the repository's data is damaged.
struct RecordMark: Hashable, Sendable {
    /// The restore point.
    var point: String
    /// `nil` for a kind that this program does not know.
    var kind: RestorePointRecord.Kind?
    /// The record's id; that of the first copy of its snapshot when no tag gives it.
    var id: String
    var time: GoTime
    /// Names of components that the proof says can be restored.
    var proves: [String] = []
    /// Names of components that it says cannot.
    var fails: [String] = []
    /// The pins that it takes back.
    var revokes: [String] = []

    /// - Returns: `nil` for a snapshot that is no record.
    init?(_ snapshot: StoredSnapshot) {
        guard let point = snapshot.pointID, snapshot.record.isRecord else { return nil }
        self.point = point
        time = snapshot.record.time
        id = snapshot.persistentID.hex
        for tag in snapshot.record.tags {
            guard let colon = tag.firstIndex(of: ":") else { continue }
            let value = String(tag[tag.index(after: colon)...])
            switch tag[..<colon] {
            case "record": kind = RestorePointRecord.Kind(rawValue: value)
            case "record-id": id = value
            case "proves": proves.append(value)
            case "fails": fails.append(value)
            case "revokes": revokes.append(value)
            default: break
            }
        }
    }

    /// The tags of a record's snapshot.
    static func tags(of record: RestorePointRecord) -> [String] {
        var tags = [
            RestorePoint.Tag.tool, RestorePoint.Tag.point(record.restorePoint), RestorePoint.Tag.record,
            "record:\(record.kind.rawValue)", "record-id:\(record.id)",
        ]
        if let proof = record.proof {
            switch proof.outcome {
            case .verified: tags += proof.components.map { "proves:\($0.rawValue)" }
            case .failed: tags += proof.components.map { "fails:\($0.rawValue)" }
            case .untested: break
            }
        }
        return tags + (record.revokes ?? []).map { "revokes:\($0)" }
    }
}

extension SnapshotRecord {
    /// Whether it holds a record about a restore point, and nothing that was backed up.
    var isRecord: Bool { tags.contains(RestorePoint.Tag.tool) && tags.contains(RestorePoint.Tag.record) }
}
