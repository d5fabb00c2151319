import Locks
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// A clock whose time passes only by sleeping, which takes next to none.
private final class QuickClock: WallClock {
    private let state: Mutex<Int64>

    init(seconds: Int64 = 1_800_000_000) {
        state = Mutex(seconds)
    }

    var now: GoTime { GoTime(seconds: state.withLock(\.self)) }

    func sleep(_ duration: Duration) async throws {
        state.withLock { $0 += duration.components.seconds }
        // Lets others run, so that a loop of sleeps does not starve what it waits for.
        try await Task.sleep(for: .milliseconds(1))
    }
}

@Suite("A lock", .timeLimit(.minutes(1)))
struct LockTests {
    private let clock = QuickClock()

    private func makeRepository() async throws -> Repository {
        var options = Repository.Options()
        options.host = Host(name: "here", userName: "me", userID: 1, groupID: 1, processID: Host.current.processID)
        return try await Repository.create(
            in: MemoryStore(),
            password: password,
            createdAt: clock.now,
            scrypt: cheapScrypt,
            options: options
        )
    }

    /// Leaves somebody's lock in the repository.
    @discardableResult
    private func plant(
        in repository: Repository,
        host: String,
        processID: Int,
        age: Int64 = 0,
        exclusive: Bool = true
    ) async throws -> ResticID {
        let record = LockRecord(
            time: GoTime(seconds: clock.now.seconds - age),
            exclusive: exclusive,
            hostname: host,
            username: "somebody",
            pid: processID,
            uid: 0,
            gid: 0
        )
        return try await repository.save(.lock, record.encode())
    }

    /// No process has this number: it is above the largest that Linux gives (`PID_MAX_LIMIT`, 2^22).
    private static let deadProcess = 5_000_000

    @Test("of a dead process on this host is taken over, of either kind", arguments: [LockMode.shared, .exclusive])
    func deadProcess(mode: LockMode) async throws {
        let repository = try await makeRepository()
        let old = try await plant(in: repository, host: "here", processID: Self.deadProcess)
        try await repository.withLock(mode, clock: clock) {
            let held = try await repository.list(.lock)
            #expect(held.count == 1 && !held.contains(old))
        }
        #expect(try await repository.list(.lock).isEmpty)
    }

    @Test(
        "that was not refreshed for half an hour belongs to nobody; a younger one is respected",
        arguments: [(29 * 60, true), (31 * 60, false)]
    )
    func age(seconds: Int, isRespected: Bool) async throws {
        let repository = try await makeRepository()
        try await plant(in: repository, host: "elsewhere", processID: 1, age: Int64(seconds))
        do {
            try await repository.withLock(.shared, clock: clock) {}
            #expect(!isRespected)
        } catch let error as RepositoryError {
            #expect(isRespected && error.code == .locked)
        }
    }

    @Test(
        "excludes as restic's do",
        arguments: [
            (LockMode.shared, false, true), (.shared, true, false), (.exclusive, false, false),
            (.exclusive, true, false),
        ]
    )
    func exclusion(mode: LockMode, otherIsExclusive: Bool, isGranted: Bool) async throws {
        let repository = try await makeRepository()
        let other = try await plant(in: repository, host: "elsewhere", processID: 1, exclusive: otherIsExclusive)
        do {
            try await repository.withLock(mode, clock: clock) {}
            #expect(isGranted)
        } catch let error as RepositoryError {
            #expect(!isGranted && error.code == .locked && error.message.contains("elsewhere"))
        }
        #expect(try await repository.list(.lock) == [other], "ours must be gone, the other's must stay")
    }

    @Test("is waited for as long as patience goes")
    func patience() async throws {
        let repository = try await makeRepository()
        try await plant(in: repository, host: "elsewhere", processID: 1)
        var timing = LockTiming()
        timing.patience = .seconds(3600)
        // By then it has become stale.
        try await repository.withLock(.shared, clock: clock, timing: timing) {}
        #expect(clock.now.seconds >= 1_800_000_000 + 30 * 60)
    }

    @Test("is written anew while it is held, and removed when the work fails")
    func refreshed() async throws {
        struct Failure: Error {}
        let repository = try await makeRepository()
        await #expect(throws: Failure.self) {
            try await repository.withLock(.shared, clock: clock) {
                let first = try await repository.list(.lock)
                while try await repository.list(.lock).allSatisfy(first.contains) {
                    try await Task.sleep(for: .milliseconds(1))
                }
                throw Failure()
            }
        }
        #expect(try await repository.list(.lock).isEmpty)
    }

    @Test("that somebody removes ends the work: others may believe that nobody is here")
    func lost() async throws {
        let repository = try await makeRepository()
        let error = await #expect(throws: RepositoryError.self) {
            try await repository.withLock(.shared, clock: clock) {
                while true {
                    for id in try await repository.list(.lock) { try await repository.remove(.lock, id) }
                    try await Task.sleep(for: .milliseconds(1))
                }
            }
        }
        #expect(error?.code == .lockLost)
        #expect(try await repository.list(.lock).isEmpty)
    }

    @Test(
        "that cannot be written anew ends the work before others may take it for abandoned, whether the store fails or hangs",
        arguments: [Fault.Effect.fail(.unavailable), .delay(.seconds(3600))]
    )
    func unrefreshable(effect: Fault.Effect) async throws {
        // The store has its own time: what is delayed never comes.
        let store = FaultyStore(MemoryStore(), clock: ManualClock())
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: clock.now,
            scrypt: cheapScrypt
        )
        // Of the machine's time a moment, of the clock's the same after a single refresh was due.
        var timing = LockTiming()
        timing.lostAfter = effect == .fail(.unavailable) ? .seconds(22 * 60) : .seconds(5 * 60 + 1)
        let start = clock.now.seconds
        let error = await #expect(throws: RepositoryError.self) {
            try await repository.withLock(.shared, clock: clock, timing: timing) {
                store.order(Fault(effect, on: [.put, .byteCount], keyPrefix: "locks/", occurrences: 1...1000))
                try await Task.sleep(for: .seconds(3600))
            }
        }
        #expect(error?.code == .lockLost, "\(String(describing: error))")
        #expect(clock.now.seconds - start < 30 * 60)
    }

    @Test("waits before its second look only where listings may lag behind", arguments: [true, false])
    func settling(listsImmediately: Bool) async throws {
        final class CountingClock: WallClock {
            private let count = Mutex(0)
            var sleeps: Int { count.withLock(\.self) }
            var now: GoTime { GoTime(seconds: 1_800_000_000) }
            func sleep(_ duration: Duration) async throws {
                // The refreshing sleeps for minutes; only the settling is counted.
                guard duration < .seconds(1) else { return try await Task.sleep(for: .seconds(3600)) }
                count.withLock { $0 += 1 }
            }
        }
        let repository = try await Repository.create(
            in: MemoryStore(listsImmediately: listsImmediately),
            password: password,
            createdAt: clock.now,
            scrypt: cheapScrypt
        )
        let counting = CountingClock()
        try await repository.withLock(.shared, clock: counting) {}
        #expect(counting.sleeps == (listsImmediately ? 0 : 1))
    }
}
