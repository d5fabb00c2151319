internal import Logging
internal import ObjectStorage
public import ResticFormat

/// What a lock excludes.
public enum LockMode: Sendable, Hashable {
    /// Excludes exclusive locks only: backups, restores and checks run side by side.
    case shared
    /// Excludes every other lock: for what removes or rewrites files.
    case exclusive
}

/// When locks are written anew, and when another's counts as abandoned. The values are restic's
/// (`internal/repository/lock.go`, 0.19): all programs that use a repository must agree on them.
public struct LockTiming: Sendable {
    /// How often a held lock is replaced by one with a new time.
    public var refreshInterval: Duration = .seconds(5 * 60)
    /// A lock older than this belongs to nobody.
    public var staleAfter: Duration = .seconds(30 * 60)
    /// A lock that could not be refreshed for this long counts as lost: some time before others may take it for stale.
    public var lostAfter: Duration = .seconds(22 * 60)
    /// How long to wait between writing a lock and looking for others that were written at the same moment.
    public var settleTime: Duration = .milliseconds(200)
    /// How long to wait for another's lock to go, in all.
    public var patience: Duration = .zero
    /// The pause between two looks while waiting.
    public var retryInterval: Duration = .seconds(5)

    /// restic's values, and no waiting for others.
    public init() {}
}

/// A lock in the repository, seen by another process.
public struct HeldLock: Sendable, Hashable {
    /// The lock file.
    public let id: ResticID
    /// What it says.
    public let record: LockRecord
    /// Whether its owner is known to be gone.
    public let isStale: Bool
}

extension Repository {
    /// Holds a lock while `body` runs: writes it, checks for conflicts, keeps it fresh, removes it at the end.
    ///
    /// Locks whose process is dead (on this host) or which have not been refreshed for half an hour are removed, with a line
    /// in the log.
    ///
    /// - Throws: ``RepositoryError/Code/locked`` when another process excludes us; ``RepositoryError/Code/lockLost`` when the
    ///   lock could not be kept: `body` is cancelled then, since others may believe that nobody is here.
    public func withLock<Value: Sendable>(
        _ mode: LockMode,
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming(),
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let keeper = LockKeeper(repository: self, mode: mode, clock: clock, timing: timing)
        try await keeper.acquire()
        let result: Result<Value, any Error>
        do {
            result = .success(try await keeper.keepFresh(while: body))
        } catch {
            result = .failure(error)
        }
        await keeper.release()
        return try result.get()
    }

    /// All locks in the repository, stale or not.
    public func locks(clock: any WallClock = SystemWallClock(), timing: LockTiming = LockTiming()) async throws
        -> [HeldLock]
    {
        let now = clock.now
        var found: [HeldLock] = []
        for id in try await list(.lock) {
            do {
                let bytes = try await load(.lock, id)
                let record = try bytes.withUnsafeBytes { try LockRecord.decode($0) }
                found.append(HeldLock(id: id, record: record, isStale: isStale(record, now: now, timing: timing)))
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Released between the listing and now.
            }
        }
        return found
    }

    private func isStale(_ record: LockRecord, now: GoTime, timing: LockTiming) -> Bool {
        if now.seconds - record.time.seconds > timing.staleAfter.components.seconds { return true }
        return record.hostname == host.name && !Host.isProcessAlive(Int32(clamping: record.pid))
    }
}

/// One lock of ours, from its first file to its last.
private actor LockKeeper {
    private let repository: Repository
    private let mode: LockMode
    private let clock: any WallClock
    private let timing: LockTiming
    private var current: ResticID?

    init(repository: Repository, mode: LockMode, clock: any WallClock, timing: LockTiming) {
        self.repository = repository
        self.mode = mode
        self.clock = clock
        self.timing = timing
    }

    func acquire() async throws {
        var waited: Duration = .zero
        while true {
            do {
                return try await tryToAcquire()
            } catch let error as RepositoryError where error.code == .locked && waited < timing.patience {
                try await clock.sleep(timing.retryInterval)
                waited += timing.retryInterval
            }
        }
    }

    private func tryToAcquire() async throws {
        try await checkForConflicts()
        current = try await write()
        do {
            try await clock.sleep(timing.settleTime)
            try await checkForConflicts()
            try await repository.checkIsStillThere()
        } catch {
            await release()
            throw error
        }
    }

    /// Runs `body` beside a task that refreshes the lock; when the lock is lost, `body` is cancelled.
    nonisolated func keepFresh<Value: Sendable>(while body: @escaping @Sendable () async throws -> Value) async throws
        -> Value
    {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await self.refreshForever()
                return nil
            }
            defer { group.cancelAll() }
            // Whichever ends first decides: the body with its value or failure, or the refreshing, which only ends by failing.
            guard let first = try await group.next(), let value = first else {
                throw RepositoryError(.lockLost, "the repository lock is not kept any more")
            }
            return value
        }
    }

    private func refreshForever() async throws {
        var age: Duration = .zero
        while true {
            try await clock.sleep(timing.refreshInterval)
            do {
                try await refresh()
                age = .zero
            } catch let error as RepositoryError where error.code == .lockLost {
                throw error
            } catch {
                try Task.checkCancellation()
                age += timing.refreshInterval
                repository.logger.warning("the repository lock could not be refreshed", metadata: ["error": "\(error)"])
                if age >= timing.lostAfter {
                    throw RepositoryError(
                        .lockLost,
                        "the repository lock could not be refreshed for \(age.components.seconds / 60) minutes",
                        hint: "Is the store reachable? Nothing was saved after that; run the command again.",
                        cause: error
                    )
                }
            }
        }
    }

    private func refresh() async throws {
        guard let old = current else { return }
        guard try await repository.store.byteCount(of: FileKind.lock.key(old)) != nil else {
            throw RepositoryError(
                .lockLost,
                "the lock of this run was removed by somebody else",
                hint: "Was 'unlock --remove-all' run meanwhile? Run this command again."
            )
        }
        current = try await write()
        try await repository.remove(.lock, old)
    }

    /// Removes the lock; shielded from cancellation, because a lock that stays behind blocks others.
    func release() async {
        guard let id = current else { return }
        current = nil
        let repository = repository
        await shielded {
            do {
                try await repository.remove(.lock, id)
            } catch {
                repository.logger.warning(
                    "a lock could not be removed",
                    metadata: ["lock": "\(id.short)", "error": "\(error)"]
                )
            }
        }
    }

    private func write() async throws -> ResticID {
        let host = repository.host
        let record = LockRecord(
            time: clock.now,
            exclusive: mode == .exclusive,
            hostname: host.name,
            username: host.userName,
            pid: Int(host.processID),
            uid: host.userID,
            gid: host.groupID
        )
        return try await repository.save(.lock, record.encode())
    }

    private func checkForConflicts() async throws {
        for lock in try await repository.locks(clock: clock, timing: timing) where lock.id != current {
            if lock.isStale {
                repository.logger.notice(
                    "removed a stale lock",
                    metadata: [
                        "lock": "\(lock.id.short)", "host": "\(lock.record.hostname)", "pid": "\(lock.record.pid)",
                        "time": "\(lock.record.time)",
                    ]
                )
                try await repository.remove(.lock, lock.id)
            } else if mode == .exclusive || lock.record.exclusive {
                let kind = lock.record.exclusive ? "exclusively" : "for shared use"
                throw RepositoryError(
                    .locked,
                    "the repository is locked \(kind) by process \(lock.record.pid) on \(lock.record.hostname) since \(lock.record.time)",
                    hint: "Wait until it has finished. When it is certainly gone, 'restic unlock' removes its lock."
                )
            }
        }
    }
}
