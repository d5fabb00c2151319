public import ResticFormat

/// The snapshots of a repository that may be damaged.
public struct ReadableSnapshots: Sendable {
    /// Those that can be read, oldest first.
    public internal(set) var snapshots: [StoredSnapshot] = []
    /// Those that cannot, and why.
    public internal(set) var unreadable: [(id: ResticID, error: any Error)] = []
}

extension Repository {
    /// Reads all snapshots, going on after those that cannot be read: for whoever looks at what is there. What removes things must
    /// use ``snapshots()``, which stops: the data of a snapshot that cannot be read is needed all the same.
    public func readableSnapshots() async throws -> ReadableSnapshots {
        var found = ReadableSnapshots()
        for id in try await list(.snapshot).sorted() {
            switch try await Self.capturing({ try await self.loadSnapshot(id) }) {
            case .success(let snapshot): found.snapshots.append(snapshot)
            // Forgotten between the listing and now.
            case .failure(let error as RepositoryError) where error.code == .missing: continue
            case .failure(let error): found.unreadable.append((id, error))
            }
        }
        found.snapshots.sort { ($0.record.time, $0.id) < ($1.record.time, $1.id) }
        return found
    }
}
