internal import ObjectStorage
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

    /// Seals a snapshot: everything that it refers to must be stored and indexed before the file is.
    public func seal(_ snapshot: SnapshotRecord) throws -> SealedFile {
        try seal(.snapshot, snapshot.encode())
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
        let ids = SharedIterator(try await list(.snapshot))
        let found = try await withThrowingTaskGroup(of: [StoredSnapshot].self) { group in
            for _ in 0..<max(1, store.capabilities.usefulConcurrency) {
                group.addTask {
                    var found: [StoredSnapshot] = []
                    while let id = ids.next() {
                        do {
                            found.append(try await self.loadSnapshot(id))
                        } catch let error as RepositoryError where error.code == .missing {
                            continue  // Removed between the listing and now.
                        }
                    }
                    return found
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return found.sorted { ($0.record.time, $0.id) < ($1.record.time, $1.id) }
    }
}
