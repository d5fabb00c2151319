import Locks
import NIOCore
import TestSupport
import Testing

@testable import ObjectStorage

@Suite("Adaptive limit")
struct AdaptiveLimitTests {
    @Test("grows by one after each full round of successes, up to the most")
    func grows() {
        var limit = AdaptiveLimit(most: 4, initial: 2)
        var seen: [Int] = []
        for _ in 0..<12 {
            limit.succeed()
            seen.append(limit.current)
        }
        #expect(seen == [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4])
    }

    @Test("is halved once for all that were under way, and again for one that began later")
    func shrinks() {
        var limit = AdaptiveLimit(most: 16, initial: 16)
        let first = (0..<16).map { _ in limit.begin() }
        for number in first { limit.shrink(after: number) }
        #expect(limit.current == 8)
        let later = limit.begin()
        limit.shrink(after: later)
        #expect(limit.current == 4)
        for _ in 0..<10 { limit.shrink(after: limit.begin()) }
        #expect(limit.current == 1)
    }

    @Test("never leaves its bounds", arguments: 0..<20)
    func bounds(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let most = Int.random(in: 1...20, using: &generator)
        var limit = AdaptiveLimit(most: most, initial: Int.random(in: -5...30, using: &generator))
        for _ in 0..<500 {
            if Int.random(in: 0..<10, using: &generator) == 0 {
                limit.shrink(after: limit.begin())
            } else {
                limit.succeed()
            }
            #expect((1...most).contains(limit.current), "seed \(seed)")
        }
    }
}

@Suite("Adaptive store", .timeLimit(.minutes(1)))
struct AdaptiveStoreTests {
    @Test("lets locks pass while all places are taken")
    func locks() async throws {
        let clock = ManualClock()
        let faults = [Fault(.delay(.seconds(60)), on: [.get], occurrences: 1...1)]
        let store = RetryingStore(
            AdaptiveStore(FaultyStore(MemoryStore(), faults: faults, clock: clock), most: 1, initial: 1),
            clock: clock,
            generator: SeededGenerator(seed: 1)
        )
        let key = try makeKey("k")
        try await store.put(ByteBuffer(string: "x"), at: key, policy: .refuseExisting)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await store.get(key, range: nil) }
            await clock.sleepers(1)
            let lock = try makeKey("locks/1")
            try await store.putTransient(ByteBuffer(string: "lock"), at: lock)
            #expect(try await store.deleteTransient(lock))
            clock.advance(by: .seconds(60))
            try await group.waitForAll()
        }
    }

    @Test("halves its limit when the store is overloaded, and not for other failures")
    func adapts() async throws {
        let faults = [
            Fault(.fail(.inputOutput), on: [.get], occurrences: 1...1),
            Fault(.fail(.overloaded), on: [.get], occurrences: 2...2),
        ]
        let store = AdaptiveStore(FaultyStore(MemoryStore(), faults: faults), most: 8, initial: 8)
        let key = try makeKey("k")
        try await store.put(ByteBuffer(string: "x"), at: key, policy: .refuseExisting)
        await expectError(.inputOutput) { try await store.get(key, range: nil) }
        #expect(store.currentLimit == 8)
        await expectError(.overloaded) { try await store.get(key, range: nil) }
        #expect(store.currentLimit == 4)
        for _ in 0..<4 { _ = try await store.get(key, range: nil) }
        #expect(store.currentLimit == 5)
    }

    @Test("never lets in more than its limit, and loses no place to those who are cancelled", arguments: 0..<10)
    func gate(seed: UInt64) async throws {
        let gate = AdaptiveGate(AdaptiveLimit(most: 3, initial: 3))
        let crowd = Crowd()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    if number % 4 == Int(seed % 4) { withUnsafeCurrentTask { $0?.cancel() } }
                    guard let place = try? await gate.enter() else { return }
                    crowd.inside.withLock { inside in
                        inside.now += 1
                        inside.most = max(inside.most, inside.now)
                    }
                    for _ in 0..<(number % 5) { await Task.yield() }
                    crowd.inside.withLock { $0.now -= 1 }
                    gate.leave(place, number % 7 == 0 ? .overload : .success)
                }
            }
        }
        #expect(crowd.inside.withLock(\.most) <= 3)
        #expect(crowd.inside.withLock(\.now) == 0)
        let last = try await gate.enter()
        gate.leave(last, .failure)
    }

    @Test("the wait that a store asks for comes on top of the drawn one, up to a limit")
    func requestedDelay() {
        let policy = RetryPolicy(firstDelay: .seconds(1), longestRequestedDelay: .seconds(10))
        var generator = SeededGenerator(seed: 1)
        for (requested, least) in [
            (Duration.seconds(5), Duration.seconds(5)), (.seconds(500), .seconds(10)), (.seconds(-5), .zero),
        ] {
            let delay = policy.delay(after: 1, requested: requested, using: &generator)
            #expect(delay >= least && delay <= least + .seconds(1))
        }
    }
}

/// How many are inside a gate, and were at most.
private final class Crowd: Sendable {
    let inside = Mutex((now: 0, most: 0))
}
