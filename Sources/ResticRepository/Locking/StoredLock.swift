public import ResticFormat

/// A file of the folder `locks`, readable or not: what `unlock` looks at. Looking takes no lock.
public struct StoredLock: Sendable, Hashable {
    /// What is in the file.
    public enum Content: Sendable, Hashable {
        /// A lock.
        case readable(LockRecord)
        /// Nothing that opens; why. Whether its owner lives cannot be known.
        case unreadable(String)
    }

    /// Why a lock counts as abandoned.
    public enum Staleness: Sendable, Hashable {
        /// It was made on this host by a process that is not there any more.
        case processGone
        /// It was not refreshed for so long, in seconds.
        case notRefreshed(seconds: Int64)
    }

    /// The file's name.
    public let id: ResticID
    /// What is in the file.
    public let content: Content
    /// Why it counts as abandoned; `nil` when it does not, or nobody knows.
    public let staleness: Staleness?

    /// What the lock says; `nil` when it cannot be read.
    public var record: LockRecord? {
        guard case .readable(let record) = content else { return nil }
        return record
    }
}

extension Repository {
    /// All lock files, the oldest first, those that cannot be read last.
    public func storedLocks(
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming()
    ) async throws -> [StoredLock] {
        let now = clock.now
        var locks: [StoredLock] = []
        for id in try await list(.lock) {
            do {
                let record = try LockRecord.decode(try await load(.lock, id))
                let staleness = staleness(of: record, now: now, timing: timing)
                locks.append(StoredLock(id: id, content: .readable(record), staleness: staleness))
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Released between the listing and now.
            } catch let error as RepositoryError {
                locks.append(StoredLock(id: id, content: .unreadable(error.message), staleness: nil))
            } catch let error as ResticFormatError {
                locks.append(StoredLock(id: id, content: .unreadable(error.message), staleness: nil))
            }
        }
        let never = GoTime(seconds: .max)
        return locks.sorted { ($0.record?.time ?? never, $0.id) < ($1.record?.time ?? never, $1.id) }
    }

    /// Why a lock belongs to nobody, or `nil` when it may belong to somebody.
    func staleness(of record: LockRecord, now: GoTime, timing: LockTiming) -> StoredLock.Staleness? {
        let age = now.seconds - record.time.seconds
        if age > timing.staleAfter.components.seconds { return .notRefreshed(seconds: age) }
        return record.hostname == host.name && !Host.isProcessAlive(Int32(clamping: record.pid)) ? .processGone : nil
    }
}
