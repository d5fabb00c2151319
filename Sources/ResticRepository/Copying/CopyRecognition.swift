public import ResticFormat

/// Tells which snapshots have been copied already, as restic does it (cmd/restic/cmd_copy.go, 0.14 to 0.18), so that both programs
/// recognise each other's copies.
///
/// A copy carries the id of the first of its kind as `original`. That alone is not enough: a snapshot whose tags were changed
/// has the same original and another content, so everything but `parent` and `original` has to be alike.
struct CopyRecognition: Sendable {
    private var byOriginal: [ResticID: [StoredSnapshot]] = [:]

    /// - Parameter snapshots: those of the repository that may hold copies.
    init(_ snapshots: [StoredSnapshot]) {
        for snapshot in snapshots {
            if let original = snapshot.record.original { byOriginal[original, default: []].append(snapshot) }
            // Identical files are copies of each other as well.
            byOriginal[snapshot.id, default: []].append(snapshot)
        }
    }

    /// - Returns: the copy, or `nil` when there is none.
    func copy(of snapshot: StoredSnapshot) -> StoredSnapshot? {
        byOriginal[snapshot.persistentID]?.first { Self.areAlike($0.record, snapshot.record) }
    }

    private static func areAlike(_ left: SnapshotRecord, _ right: SnapshotRecord) -> Bool {
        left.time == right.time && left.tree == right.tree && left.hostname == right.hostname
            && left.username == right.username && left.uid == right.uid && left.gid == right.gid
            && left.excludes == right.excludes && left.paths.count == right.paths.count
            && left.tags.count == right.tags.count && Set(left.paths) == Set(right.paths)
            && Set(left.tags) == Set(right.tags)
    }
}

extension StoredSnapshot {
    /// The id that a snapshot keeps in all of its copies: that of the first.
    public var persistentID: ResticID { record.original ?? id }

    /// The record of its copy in another repository. `parent` means nothing there.
    var recordOfCopy: SnapshotRecord {
        var copy = record
        copy.parent = nil
        copy.original = persistentID
        return copy
    }
}
