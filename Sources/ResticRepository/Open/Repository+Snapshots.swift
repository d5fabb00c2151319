public import ResticFormat

/// A snapshot with the id under which it is stored.
public struct StoredSnapshot: Sendable, Hashable {
    /// The id.
    public let id: ResticID
    /// The record.
    public let record: SnapshotRecord
}

extension Repository {
    /// Saves a snapshot: the last step of a backup. Everything that it refers to must be stored and indexed.
    public func save(_ snapshot: SnapshotRecord) async throws -> StoredSnapshot {
        StoredSnapshot(id: try await save(.snapshot, snapshot.encode()), record: snapshot)
    }

    /// Reads one snapshot.
    public func loadSnapshot(_ id: ResticID) async throws -> StoredSnapshot {
        let bytes = try await load(.snapshot, id)
        do {
            return StoredSnapshot(id: id, record: try bytes.withUnsafeBytes { try SnapshotRecord.decode($0) })
        } catch {
            throw RepositoryError(.damaged, "snapshot \(id.short) cannot be read", cause: error)
        }
    }

    /// All snapshots, oldest first.
    public func snapshots() async throws -> [StoredSnapshot] {
        var found: [StoredSnapshot] = []
        for id in try await list(.snapshot) {
            do {
                found.append(try await loadSnapshot(id))
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Removed between the listing and now.
            }
        }
        return found.sorted { ($0.record.time, $0.id) < ($1.record.time, $1.id) }
    }
}
