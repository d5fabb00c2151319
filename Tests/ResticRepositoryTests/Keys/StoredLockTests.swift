import NIOCore
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// Stands still.
private struct FixedClock: WallClock {
    let now: GoTime
    func sleep(_ duration: Duration) async throws {}
}

@Suite("Stored locks")
struct StoredLockTests {
    private let store = MemoryStore()
    private let clock = FixedClock(now: GoTime(seconds: 1_800_000_000))
    /// No process has this number: it is above the largest that Linux gives (`PID_MAX_LIMIT`, 2^22).
    private static let deadProcess = 5_000_000

    private func makeRepository() async throws -> Repository {
        var options = Repository.Options()
        options.host = Host(name: "here", userName: "me", userID: 1, groupID: 1, processID: Host.current.processID)
        return try await Repository.create(
            in: store,
            password: password,
            createdAt: clock.now,
            scrypt: cheapScrypt,
            options: options
        )
    }

    private func plant(_ repository: Repository, host: String, pid: Int, age: Int64) async throws -> ResticID {
        let time = GoTime(seconds: clock.now.seconds - age)
        let record = LockRecord(time: time, exclusive: true, hostname: host, username: "somebody", pid: pid)
        return try await repository.save(.lock, record.encode())
    }

    @Test(
        "are stale when their process on this host is gone or nobody refreshed them, and not otherwise",
        arguments: [
            ("here", deadProcess, 10, StoredLock.Staleness.processGone),
            ("here", Int(Host.current.processID), 10, nil),
            ("elsewhere", deadProcess, 10, nil),
            ("elsewhere", 1, 1801, .notRefreshed(seconds: 1801)),
            ("elsewhere", 1, 1800, nil),
            ("elsewhere", 1, -7200, nil),
        ]
    )
    func staleness(host: String, pid: Int, age: Int64, expected: StoredLock.Staleness?) async throws {
        let repository = try await makeRepository()
        let id = try await plant(repository, host: host, pid: pid, age: age)
        let locks = try await repository.storedLocks(clock: clock)
        #expect(locks.map(\.id) == [id] && locks.first?.staleness == expected, "\(locks)")
        #expect(locks.first?.record?.pid == pid)
    }

    @Test("that cannot be read are listed with the reason, last, and are never called stale")
    func unreadable() async throws {
        let repository = try await makeRepository()
        let sound = try await plant(repository, host: "elsewhere", pid: 1, age: 5)
        let notJSON = try await repository.save(.lock, Array("nonsense".utf8))
        let cut = try await plant(repository, host: "elsewhere", pid: 2, age: 9000)
        let bytes = try #require(store.contents[FileKind.lock.key(cut)])
        store.replace(bytes.getSlice(at: 0, length: 20), at: FileKind.lock.key(cut))
        let locks = try await repository.storedLocks(clock: clock)
        #expect(locks.first?.id == sound && Set(locks.dropFirst().map(\.id)) == [notJSON, cut])
        for lock in locks.dropFirst() {
            guard case .unreadable(let reason) = lock.content else {
                Issue.record("\(lock.id) can be read")
                continue
            }
            #expect(!reason.isEmpty && lock.staleness == nil && lock.record == nil)
        }
    }
}
