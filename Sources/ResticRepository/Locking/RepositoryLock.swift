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
    /// How long to wait between writing a lock and looking for others that were written at the same moment, on a store whose
    /// listings may lag behind.
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
        try await withLock(mode, clock: clock, timing: timing) { (_: OwnLock) in try await body() }
    }

    /// As ``withLock(_:clock:timing:_:)-(_,_,_,()->Value)``; `body` is told which lock is its own, so that it can look for others.
    package func withLock<Value: Sendable>(
        _ mode: LockMode,
        clock: any WallClock,
        timing: LockTiming,
        _ body: @escaping @Sendable (OwnLock) async throws -> Value
    ) async throws -> Value {
        let keeper = LockKeeper(repository: self, mode: mode, clock: clock, timing: timing)
        try await keeper.acquire()
        let own = OwnLock(isAfterDeath: await keeper.hasRemovedStale) { await keeper.written }
        return try await keeper.run { try await body(own) }
    }

    /// As ``withLock(_:clock:timing:_:)`` in shared mode, but without a lock where the store takes no file: what is there
    /// must be readable from a disk that is full, mounted read-only, or lent by somebody else.
    ///
    /// Locks of others are respected all the same. What goes on without a lock is at the mercy of a process that removes
    /// files meanwhile: it would find them missing, and say so.
    ///
    /// - Parameter body: must only read.
    public func withReadingLock<Value: Sendable>(
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming(),
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let keeper = LockKeeper(repository: self, mode: .shared, clock: clock, timing: timing)
        do {
            try await keeper.acquire()
        } catch  where Self.meansThatTheStoreTakesNothing(error) {
            logger.warning("reading without a lock, since the store takes none", metadata: ["error": "\(error)"])
            try await checkIsStillThere()
            return try await body()
        }
        return try await keeper.run(body)
    }

    private static func meansThatTheStoreTakesNothing(_ error: any Error) -> Bool {
        if let error = error as? RepositoryError { return error.code == .full }
        guard let error = error as? ObjectStoreError else { return false }
        return [.insufficientSpace, .readOnly, .permissionDenied].contains(error.code)
    }

    /// All locks in the repository, stale or not.
    public func locks(clock: any WallClock = SystemWallClock(), timing: LockTiming = LockTiming()) async throws
        -> [HeldLock]
    {
        // A lock that goes between the listing and its reading was released, or replaced by a fresh one that the listing did not
        // show: then its owner is still there, so look again.
        for _ in 0..<Self.lockListings {
            if let found = try await listLocks(clock: clock, timing: timing) { return found }
        }
        throw RepositoryError(
            .locked,
            "the locks of the repository change faster than they can be read",
            hint: "Run the command again when fewer others use the repository."
        )
    }

    /// Locks come and go in the order of minutes; more changes than this in a row are no accident.
    private static let lockListings = 20

    /// - Returns: `nil` when a lock went while they were read.
    private func listLocks(clock: any WallClock, timing: LockTiming) async throws -> [HeldLock]? {
        let now = clock.now
        var found: [HeldLock] = []
        for id in try await list(.lock) {
            do {
                let bytes = try await load(.lock, id)
                let record = try bytes.withUnsafeBytes { try LockRecord.decode($0) }
                found.append(HeldLock(id: id, record: record, isStale: isStale(record, now: now, timing: timing)))
            } catch let error as RepositoryError where error.code == .missing {
                return nil
            } catch let error where error is ResticFormatError || (error as? RepositoryError)?.code == .damaged {
                throw RepositoryError(
                    .damaged,
                    "lock \(id.short) cannot be read, and may be anybody's",
                    hint: "When no process uses the repository, run 'holdfast repo unlock --remove-all'.",
                    cause: error
                )
            }
        }
        return found
    }

    private func isStale(_ record: LockRecord, now: GoTime, timing: LockTiming) -> Bool {
        staleness(of: record, now: now, timing: timing) != nil
    }
}

/// The lock under which something runs.
package struct OwnLock: Sendable {
    /// Whether the lock of a process that is gone lay there: a run has died, and may have left something.
    package let isAfterDeath: Bool
    /// Every file that it has had: a refreshed lock is a new file.
    package let files: @Sendable () async -> Set<ResticID>
}

extension Repository {
    /// The locks of others that are alive, as far as anybody knows.
    ///
    /// - Parameter own: the lock that does not count; `nil` when there is none.
    package func foreignLocks(
        except own: OwnLock?,
        clock: any WallClock,
        timing: LockTiming
    ) async throws -> [HeldLock] {
        let all = try await locks(clock: clock, timing: timing)
        let files = await own?.files() ?? []
        return all.filter { !$0.isStale && !files.contains($0.id) }
    }
}

extension Repository {
    /// As ``withLock(_:clock:timing:_:)``, but goes on without a lock when the store has no room for one and nobody else holds one:
    /// as long as that is so, nobody else can take one either. For what only removes things (decision 0010).
    public func withLockWhereThereIsRoom<Value: Sendable>(
        _ mode: LockMode,
        clock: any WallClock = SystemWallClock(),
        timing: LockTiming = LockTiming(),
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withLockWhereThereIsRoom(mode, clock: clock, timing: timing) { (_: OwnLock?) in try await body() }
    }

    package func withLockWhereThereIsRoom<Value: Sendable>(
        _ mode: LockMode,
        clock: any WallClock,
        timing: LockTiming,
        _ body: @escaping @Sendable (OwnLock?) async throws -> Value
    ) async throws -> Value {
        do {
            return try await withLock(mode, clock: clock, timing: timing) { (own: OwnLock) in try await body(own) }
        } catch let error as RepositoryError {
            guard error.code == .full, try await foreignLocks(except: nil, clock: clock, timing: timing).isEmpty else {
                throw error
            }
        }
        logger.notice("there is no room for a lock: going on without, since nobody else can take one either")
        return try await body(nil)
    }
}

/// One lock of ours, from its first file to its last.
private actor LockKeeper {
    private let repository: Repository
    private let mode: LockMode
    private let clock: any WallClock
    private let timing: LockTiming
    private var current: ResticID?
    private(set) var written: Set<ResticID> = []
    /// The time in the file that was written last.
    private var writtenAt: GoTime?
    private(set) var hasRemovedStale = false

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
        do {
            current = try await write()
        } catch let error as ObjectStoreError where error.code == .insufficientSpace {
            throw RepositoryError(
                .full,
                "there is no room for a lock in \(repository.store.location)",
                hint: "Make room there; 'holdfast forget' and 'holdfast prune --grace 0' work even so.",
                cause: error
            )
        }
        do {
            // The pause is for stores whose listings lag behind. Where a listing shows a lock as soon as it is written, of two
            // that are written at the same moment the later one's owner sees the earlier: nobody has to wait.
            if !repository.store.capabilities.listsImmediately { try await clock.sleep(timing.settleTime) }
            try await checkForConflicts()
            try await repository.checkIsStillThere()
        } catch {
            await release()
            throw error
        }
    }

    /// Runs `body` under the lock, which is removed at the end.
    nonisolated func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            result = .success(try await keepFresh(while: body))
        } catch {
            result = .failure(error)
        }
        await release()
        return try result.get()
    }

    /// Runs `body` beside a task that refreshes the lock; when the lock is lost, `body` is cancelled.
    private nonisolated func keepFresh<Value: Sendable>(while body: @escaping @Sendable () async throws -> Value)
        async throws
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

    /// Writes the lock anew again and again. How old it is says the clock, not the number of failures: a store that is patient by
    /// itself may take many minutes to fail, and others judge by the time in the file.
    private func refreshForever() async throws {
        while true {
            try await clock.sleep(timing.refreshInterval)
            do {
                try await refreshInTime()
            } catch let error as RepositoryError where error.code == .lockLost {
                throw error
            } catch {
                try Task.checkCancellation()
                repository.logger.warning("the repository lock could not be refreshed", metadata: ["error": "\(error)"])
                guard remaining > .zero else { throw lost(error) }
            }
        }
    }

    /// How long the file that was written last keeps us safe.
    private var remaining: Duration {
        guard let writtenAt else { return .zero }
        let now = clock.now
        let age =
            Duration.seconds(now.seconds - writtenAt.seconds) + .nanoseconds(now.nanoseconds - writtenAt.nanoseconds)
        return timing.lostAfter - age
    }

    /// Gives a refresh no longer than the old file is good for: one that hangs is a failure too.
    private func refreshInTime() async throws {
        let limit = remaining
        guard limit > .zero else { throw lost(nil) }
        let hasRefreshed = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.refresh()
                return true
            }
            group.addTask {
                // Of the machine, whose store may hang, and not of the clock by which files are dated.
                try await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard hasRefreshed else { throw lost(nil) }
    }

    private func lost(_ cause: (any Error)?) -> RepositoryError {
        RepositoryError(
            .lockLost,
            "the repository lock could not be refreshed for \(timing.lostAfter.components.seconds / 60) minutes",
            hint: "Is the store reachable? Nothing was saved after that; run the command again.",
            cause: cause
        )
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
                try await repository.store.deleteTransient(FileKind.lock.key(id))
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
        let file = try repository.seal(.lock, record.encode())
        try await repository.storeTransient(file)
        written.insert(file.id)
        writtenAt = record.time
        return file.id
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
                hasRemovedStale = true
            } else if mode == .exclusive || lock.record.exclusive {
                let kind = lock.record.exclusive ? "exclusively" : "for shared use"
                throw RepositoryError(
                    .locked,
                    "the repository is locked \(kind) by process \(lock.record.pid) on \(lock.record.hostname) since \(lock.record.time)",
                    hint:
                        "Wait until it has finished. When it is certainly gone, 'holdfast repo unlock --remove-all' removes its lock."
                )
            }
        }
    }
}
