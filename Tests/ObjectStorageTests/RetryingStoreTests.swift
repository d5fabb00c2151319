import Locks
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A retrying store", .timeLimit(.minutes(1)))
struct RetryingStoreTests {
    private static let codes: [ObjectStoreError.Code] = [
        .notFound, .alreadyExists, .permissionDenied, .readOnly, .insufficientSpace, .corrupted, .rangeNotSatisfiable,
        .locationMissing, .locationInvalid, .inputOutput,
    ]

    /// A retrying store over a faulty one over memory, with `config` = "stored" in it.
    private struct Setup {
        let memory = MemoryStore()
        let faulty: FaultyStore
        let counting: CountingStore
        let store: RetryingStore
        let clock = ManualClock()
        let config: ObjectKey

        init(attemptLimit: Int = 4, firstDelay: Duration = .zero, _ faults: Fault...) throws {
            config = try makeKey("config")
            memory.replace(ByteBuffer(string: "stored"), at: config)
            faulty = FaultyStore(memory, faults: faults)
            counting = CountingStore(faulty)
            store = RetryingStore(
                counting,
                policy: RetryPolicy(attemptLimit: attemptLimit, firstDelay: firstDelay),
                clock: clock,
                generator: SeededGenerator(seed: 7)
            )
        }
    }

    @Test("tries again what is retryable, as often as it may", arguments: 1...4)
    func retries(failures: Int) async throws {
        let setup = try Setup(attemptLimit: 4, .fail(.unavailable, on: .get, times: failures))
        if failures < 4 {
            #expect(try await setup.store.get(setup.config, range: nil) == ByteBuffer(string: "stored"))
        } else {
            await expectError(.unavailable) { try await setup.store.get(setup.config, range: nil) }
        }
        #expect(setup.counting.counts[.get].operationCount == min(failures + 1, 4))
        #expect(setup.counting.counts[.get].failureCount == failures)
    }

    @Test("never tries again what is not retryable", arguments: codes)
    func doesNotRetry(code: ObjectStoreError.Code) async throws {
        let setup = try Setup(.fail(code, on: .get))
        await expectError(code) { try await setup.store.get(setup.config, range: nil) }
        #expect(setup.counting.counts[.get].operationCount == 1)
    }

    @Test("tries every kind of operation again", arguments: StoreOperation.allCases)
    func retriesEveryKind(kind: StoreOperation) async throws {
        let setup = try Setup(.fail(.unavailable, on: kind, times: 2))
        switch kind {
        case .prepare: try await setup.store.prepare()
        case .put: try await setup.store.put(ByteBuffer(), at: try makeKey("x"), policy: .replaceExisting)
        case .get: #expect(try await setup.store.get(setup.config, range: 0..<3) == ByteBuffer(string: "sto"))
        case .byteCount: #expect(try await setup.store.byteCount(of: setup.config) == 6)
        case .list: #expect(try await setup.store.list(under: nil).count == 1)
        case .delete: #expect(try await setup.store.delete(setup.config))
        }
        #expect(setup.counting.counts[kind].operationCount == 3)
    }

    @Test("waits between half of the doubled delay and all of it, never beyond the limit")
    func waits() async throws {
        let clock = ManualClock()
        let faulty = FaultyStore(MemoryStore(), faults: [.fail(.unavailable, on: .byteCount, times: 100)])
        let store = RetryingStore(
            faulty,
            policy: RetryPolicy(attemptLimit: 9, firstDelay: .seconds(1), longestDelay: .seconds(20)),
            clock: clock,
            generator: SeededGenerator(seed: 3)
        )
        let missing = try makeKey("x")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await expectError(.unavailable) { try await store.byteCount(of: missing) } }
            for _ in 0..<8 {
                await clock.sleepers(1)
                clock.advanceToNextSleeper()
            }
        }
        let limits: [Duration] = [1, 2, 4, 8, 16, 20, 20, 20].map { .seconds($0) }
        #expect(clock.requestedSleeps.count == limits.count)
        #expect(zip(clock.requestedSleeps, limits).allSatisfy { $0 >= $1 / 2 && $0 <= $1 }, "\(clock.requestedSleeps)")
        #expect(Set(clock.requestedSleeps).count == limits.count)
    }

    @Test("stops at once when it is cancelled while it waits")
    func cancelled() async throws {
        let clock = ManualClock()
        let counting = CountingStore(
            FaultyStore(MemoryStore(), faults: [.fail(.unavailable, on: .byteCount, times: 9)])
        )
        let store = RetryingStore(counting, clock: clock, generator: SeededGenerator(seed: 3))
        let missing = try makeKey("x")
        let error = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do { return try await store.byteCount(of: missing) == nil ? nil : nil } catch { return error }
            }
            await clock.sleepers(1)
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(error is CancellationError)
        #expect(counting.counts[.byteCount].operationCount == 1)
    }

    @Test("asks again for the page that failed, and hands each out once", arguments: [false, true])
    func pages(isLimited: Bool) async throws {
        let paged = PagedStore(failures: 2)
        let store = RetryingStore(
            isLimited ? AdaptiveStore(paged, most: 1) : paged,
            policy: RetryPolicy(attemptLimit: 3, firstDelay: .zero),
            clock: ManualClock(),
            generator: SeededGenerator(seed: 1)
        )
        var keys: [String] = []
        try await store.list(under: nil) { page in
            // With one place in all, this would wait for ever if the listing held it meanwhile.
            _ = try await store.byteCount(of: page[0].key)
            keys += page.map(\.key.path)
        }
        #expect(keys == ["0", "1", "3"])
        #expect(paged.askedCount == 5 * 3)
    }

    @Test("gives a listing up whose page fails too often")
    func failingPages() async throws {
        let store = RetryingStore(
            PagedStore(failures: 3),
            policy: RetryPolicy(attemptLimit: 3, firstDelay: .zero),
            clock: ManualClock(),
            generator: SeededGenerator(seed: 1)
        )
        await expectError(.unavailable) { _ = try await store.list(under: nil) }
    }

    @Test("begins a listing again only while no page was handed out", arguments: [1, 2])
    func retriesListing(failingPage: Int) async throws {
        struct FailsInside: Error {}
        let setup = try Setup()
        setup.memory.replace(ByteBuffer(), at: try makeKey("a"))
        var pages = 0
        await expectError(.unavailable) {
            try await setup.store.list(under: nil) { _ in
                pages += 1
                throw ObjectStoreError(.unavailable, "thrown by the caller")
            }
        }
        #expect(pages == 1)
        #expect(setup.counting.counts[.list].operationCount == 1)
    }
}

@Suite("A retrying store, refusing to replace", .timeLimit(.minutes(1)))
struct RetryingStorePutTests {
    private func makeStore(over memory: MemoryStore, _ faults: Fault...) -> (RetryingStore, CountingStore) {
        let counting = CountingStore(FaultyStore(memory, faults: faults))
        let policy = RetryPolicy(attemptLimit: 4, firstDelay: .zero)
        return (
            RetryingStore(counting, policy: policy, clock: ManualClock(), generator: SeededGenerator(seed: 7)), counting
        )
    }

    @Test("knows its own object when only the answer was lost", arguments: [0, 1, 5_000_000])
    func lostAnswer(byteCount: Int) async throws {
        let memory = MemoryStore()
        let (store, counting) = makeStore(over: memory, .failAfterWriting())
        var generator = SeededGenerator(seed: 1)
        let body = ByteBuffer(bytes: generator.bytes(byteCount))
        try await store.put(body, at: try makeKey("pack"), policy: .refuseExisting)
        #expect(memory.contents == [try makeKey("pack"): body])
        #expect(counting.counts[.put].operationCount == 1)
    }

    @Test("writes again when the first try left nothing")
    func nothingWritten() async throws {
        let memory = MemoryStore()
        let (store, counting) = makeStore(over: memory, .fail(.unavailable, on: .put))
        try await store.put(ByteBuffer(string: "x"), at: try makeKey("pack"), policy: .refuseExisting)
        #expect(memory.contents == [try makeKey("pack"): ByteBuffer(string: "x")])
        #expect(counting.counts[.put].operationCount == 2)
    }

    @Test("reports an object of another writer, of any length", arguments: ["mine!", "other", "longer than mine", ""])
    func otherContent(other: String) async throws {
        let memory = MemoryStore()
        let key = try makeKey("config")
        memory.replace(ByteBuffer(string: other), at: key)
        let (store, _) = makeStore(over: memory, .fail(.unavailable, on: .put))
        let mine = ByteBuffer(string: "mine!")
        if other == "mine!" {
            // Nobody can tell equal bytes apart, and nobody needs to.
            try await store.put(mine, at: key, policy: .refuseExisting)
        } else {
            await expectError(.alreadyExists) { try await store.put(mine, at: key, policy: .refuseExisting) }
        }
        #expect(memory.contents == [key: ByteBuffer(string: other)])
    }

    @Test("reports an existing object at the first try without reading it")
    func existsAtFirst() async throws {
        let memory = MemoryStore()
        let key = try makeKey("config")
        memory.replace(ByteBuffer(string: "mine"), at: key)
        let (store, counting) = makeStore(over: memory)
        await expectError(.alreadyExists) {
            try await store.put(ByteBuffer(string: "mine"), at: key, policy: .refuseExisting)
        }
        #expect(counting.counts[.get].operationCount == 0 && counting.counts[.byteCount].operationCount == 0)
    }

    @Test("knows its own object that arrives between the look and the second try")
    func lateArrival() async throws {
        let memory = MemoryStore()
        let key = try makeKey("config")
        let body = ByteBuffer(string: "mine")
        // The put that "failed" appears only after the look: the second put meets it.
        let late = LateStore(memory, key: key, body: body)
        let store = RetryingStore(
            late,
            policy: RetryPolicy(attemptLimit: 3, firstDelay: .zero),
            clock: ManualClock(),
            generator: SeededGenerator(seed: 7)
        )
        try await store.put(body, at: key, policy: .refuseExisting)
        #expect(memory.contents == [key: body])
    }

    @Test("looks again when the look itself fails")
    func lookFails() async throws {
        let memory = MemoryStore()
        let (store, counting) = makeStore(
            over: memory,
            .failAfterWriting(),
            .fail(.unavailable, on: .byteCount),
            .fail(.unavailable, on: .get)
        )
        try await store.put(ByteBuffer(string: "x"), at: try makeKey("pack"), policy: .refuseExisting)
        #expect(counting.counts[.put].operationCount == 1)
        #expect(counting.counts[.byteCount].operationCount == 3)
    }
}

/// A store whose first `put` is reported as lost and becomes visible after the next look-up.
private struct LateStore: ObjectStore {
    let base: FaultyStore
    let memory: MemoryStore
    let key: ObjectKey
    let body: ByteBuffer

    init(_ memory: MemoryStore, key: ObjectKey, body: ByteBuffer) {
        self.memory = memory
        self.key = key
        self.body = body
        base = FaultyStore(memory, faults: [.fail(.unavailable, on: .put)])
    }

    var location: String { base.location }
    var capabilities: StoreCapabilities { base.capabilities }
    func prepare() async throws { try await base.prepare() }
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await base.put(body, at: key, policy: policy)
    }
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await base.get(key, range: range)
    }
    func byteCount(of key: ObjectKey) async throws -> Int64? {
        let seen = try await base.byteCount(of: key)
        memory.replace(body, at: key)
        return seen
    }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: prefix, body)
    }
    func delete(_ key: ObjectKey) async throws -> Bool { try await base.delete(key) }
}

/// A store that lists four pages, one of them empty, each of which fails some times before it comes.
private final class PagedStore: ObjectStore {
    private struct Pages: ListingPages {
        let store: PagedStore
        var number = 0
        var failures = 0

        mutating func next() async throws -> [ObjectEntry]? {
            store.asked.withLock { $0 += 1 }
            guard failures == store.failures else {
                failures += 1
                throw ObjectStoreError(.unavailable, "page \(number) does not come")
            }
            failures = 0
            defer { number += 1 }
            guard number < 4 else { return nil }
            return number == 2 ? [] : [ObjectEntry(key: try makeKey("\(number)"), byteCount: 1)]
        }
    }

    private let failures: Int
    private let asked = Mutex(0)

    init(failures: Int) {
        self.failures = failures
    }

    var askedCount: Int { asked.withLock(\.self) }
    var location: String { "pages" }
    var capabilities: StoreCapabilities {
        StoreCapabilities(usefulConcurrency: 1, replacesAtomically: true, listsImmediately: true)
    }

    func pages(under prefix: ObjectKey?) -> (any ListingPages)? { Pages(store: self) }
    func byteCount(of key: ObjectKey) async throws -> Int64? { 1 }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        Issue.record("it has pages")
    }
    func prepare() async throws {}
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {}
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer { ByteBuffer() }
    func delete(_ key: ObjectKey) async throws -> Bool { false }
}
