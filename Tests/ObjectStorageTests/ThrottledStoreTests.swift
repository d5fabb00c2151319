import Logging
import NIOCore
import TestSupport
import Testing

@testable import ObjectStorage

@Suite("A token bucket")
struct TokenBucketTests {
    @Test("lets a burst pass, then asks for the time that the rate needs")
    func burst() {
        var bucket = TokenBucket(rate: 100, capacity: 50)
        #expect(bucket.take(50, at: .zero) == .zero)
        #expect(bucket.take(100, at: .zero) == .seconds(1))
        #expect(bucket.take(50, at: .zero) == .milliseconds(1500))
        #expect(bucket.take(0, at: .milliseconds(1500)) == .zero)
    }

    @Test("never holds more than its capacity, however long the pause")
    func capacity() {
        var bucket = TokenBucket(rate: 100, capacity: 50)
        #expect(bucket.take(150, at: .seconds(1_000_000)) == .seconds(1))
    }

    @Test("takes time that runs backward for time that stands still")
    func backward() {
        var bucket = TokenBucket(rate: 100, capacity: 100)
        #expect(bucket.take(200, at: .seconds(10)) == .seconds(1))
        #expect(bucket.take(0, at: .seconds(5)) == .seconds(1))
        #expect(bucket.take(0, at: .seconds(11)) == .zero)
    }

    @Test("keeps the rate over any sequence", arguments: 0..<20)
    func keepsRate(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bucket = TokenBucket(rate: 1000, capacity: 500)
        var time = Duration.zero
        var taken: Int64 = 0
        for _ in 0..<200 {
            let count = Int64.random(in: 0...2000, using: &generator)
            time += .milliseconds(Int64.random(in: 0...1500, using: &generator))
            time += bucket.take(count, at: time)
            taken += count
            #expect(Double(taken) <= 500 + 1000 * (time / .seconds(1)) + 1, "\(generator)")
        }
    }

    @Test("has back what was not used")
    func givesBack() {
        var bucket = TokenBucket(rate: 100, capacity: 100)
        #expect(bucket.take(300, at: .zero) == .seconds(2))
        bucket.giveBack(300)
        #expect(bucket.take(100, at: .zero) == .zero)
    }
}

@Suite("A throttled store", .timeLimit(.minutes(1)))
struct ThrottledStoreTests {
    private let memory = MemoryStore()
    private let clock = ManualClock()

    @Test("delays writes to the rate, and begins them only then")
    func delaysWrites() async throws {
        let store = ThrottledStore(memory, writeBytesPerSecond: 1000, clock: clock)
        let body = ByteBuffer(repeating: 1, count: 1000)
        try await store.put(body, at: try makeKey("free"), policy: .refuseExisting)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let delayed = try makeKey("delayed")
            group.addTask { try await store.put(body, at: delayed, policy: .refuseExisting) }
            await clock.sleepers(1)
            #expect(memory.contents.count == 1)
            clock.advance(by: .seconds(1))
            try await group.waitForAll()
        }
        #expect(memory.contents.count == 2)
        #expect(clock.requestedSleeps == [.seconds(1)])
    }

    @Test("counts a range before it is read and a whole object after")
    func delaysReads() async throws {
        let key = try makeKey("object")
        memory.replace(ByteBuffer(repeating: 1, count: 3000), at: key)
        let counting = CountingStore(memory)
        let store = ThrottledStore(counting, readBytesPerSecond: 1000, clock: clock)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await store.get(key, range: 0..<3000) }
            await clock.sleepers(1)
            #expect(counting.counts[.get].operationCount == 0)
            clock.advance(by: .seconds(2))
            try await group.waitForAll()
            group.addTask { _ = try await store.get(key, range: nil) }
            await clock.sleepers(1)
            #expect(counting.counts[.get].operationCount == 2)
            clock.advance(by: .seconds(3))
            try await group.waitForAll()
        }
        #expect(clock.requestedSleeps == [.seconds(2), .seconds(3)])
    }

    @Test("a cancelled write is not written, and does not hold up the next")
    func cancelled() async throws {
        let store = ThrottledStore(memory, writeBytesPerSecond: 1000, clock: clock)
        let key = try makeKey("object")
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await store.put(ByteBuffer(repeating: 1, count: 900_000), at: key, policy: .refuseExisting)
                }
            }
            await clock.sleepers(1)
            group.cancelAll()
        }
        #expect(memory.contents.isEmpty)
        try await store.put(ByteBuffer(repeating: 1, count: 1000), at: key, policy: .refuseExisting)
        #expect(clock.requestedSleeps.count == 1)
    }

    @Test("below the repetitions, counts what is sent again")
    func countsRepetitions() async throws {
        let faulty = FaultyStore(memory, faults: [.fail(.unavailable, on: .put, times: 2)])
        let store = patient(faulty, ByteLimits(write: 1000))
        let key = try makeKey("object")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await store.put(ByteBuffer(repeating: 1, count: 1000), at: key, policy: .replaceExisting)
            }
            for _ in 0..<2 {
                await clock.sleepers(1)
                clock.advanceToNextSleeper()
            }
            try await group.waitForAll()
        }
        #expect(clock.requestedSleeps.filter { $0 > .zero } == [.seconds(1), .seconds(1)])
        #expect(memory.contents.count == 1)
    }

    @Test("lets locks pass while packs wait for their bytes")
    func locksPass() async throws {
        let store = patient(memory, ByteLimits(write: 1000, read: 1000))
        let (pack, lock) = (try makeKey("data/pack"), try makeKey("locks/lock"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await store.put(ByteBuffer(repeating: 1, count: 100_000), at: pack, policy: .refuseExisting)
            }
            await clock.sleepers(1)
            try await store.putTransient(ByteBuffer(string: "lock"), at: lock)
            #expect(try await store.byteCount(of: lock) == 4)
            #expect(try await store.deleteTransient(lock))
            #expect(try await store.byteCount(of: pack) == nil)
            clock.advanceToNextSleeper()
            try await group.waitForAll()
        }
        #expect(clock.requestedSleeps == [.seconds(99)])
    }

    @Test("keeps what a store does better than by its reads: comparisons and pages")
    func passesOn() async throws {
        let store = ThrottledStore(CleverStore(), readBytesPerSecond: 1, clock: clock)
        #expect(try await store.compare(ByteBuffer(string: "x"), at: try makeKey("object")) == .same)
        #expect(store.pages(under: nil) != nil)
        #expect(clock.requestedSleeps.isEmpty)
    }

    private func patient(_ store: some ObjectStore, _ limits: ByteLimits) -> RetryingStore {
        .patient(
            store,
            policy: RetryPolicy(firstDelay: .zero),
            limits: limits,
            clock: clock,
            generator: SeededGenerator(seed: 1),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}

/// Compares and lists by ways of its own, and does nothing else.
private struct CleverStore: ObjectStore {
    private struct NoPages: ListingPages {
        mutating func next() async throws -> [ObjectEntry]? { nil }
    }

    var location: String { "clever" }
    var capabilities: StoreCapabilities {
        StoreCapabilities(usefulConcurrency: 1, replacesAtomically: true, listsImmediately: true)
    }

    func compare(_ body: ByteBuffer, at key: ObjectKey) async throws -> StoredContent { .same }
    func pages(under prefix: ObjectKey?) -> (any ListingPages)? { NoPages() }
    func byteCount(of key: ObjectKey) async throws -> Int64? { nil }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {}
    func prepare() async throws {}
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {}
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer { ByteBuffer() }
    func delete(_ key: ObjectKey) async throws -> Bool { false }
}
