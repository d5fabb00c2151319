import NIOCore
import TestSupport
import Testing

@testable import ObjectStorage

@Suite("A semaphore", .timeLimit(.minutes(1)))
struct AsyncSemaphoreTests {
    @Test("serves those who wait in the order of their arrival")
    func fair() async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        let order = Shared<[Int]>([])
        try await semaphore.acquire()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask { try await semaphore.withPermit { order.change { $0.append(number) } } }
                while semaphore.waiterCount <= number { await Task.yield() }
            }
            semaphore.release()
            try await group.waitForAll()
        }
        #expect(order.value == Array(0..<20))
    }

    @Test("loses no permit to those who are cancelled, whenever that is", arguments: 0..<10)
    func cancelled(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let semaphore = AsyncSemaphore(permits: 3)
        let running = Shared((now: 0, most: 0))
        for _ in 0..<20 {
            let pauses = Int.random(in: 0...50, using: &generator)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        try? await semaphore.withPermit {
                            running.change { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                            await Task.yield()
                            running.change { $0.now -= 1 }
                        }
                    }
                }
                for _ in 0..<pauses { await Task.yield() }
                group.cancelAll()
            }
        }
        #expect(running.value.most <= 3, "\(generator)")
        #expect(semaphore.waiterCount == 0)
        // All three are there again, and no fourth.
        for _ in 0..<3 { try await semaphore.acquire() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await #expect(throws: CancellationError.self) { try await semaphore.acquire() } }
            while semaphore.waiterCount == 0 { await Task.yield() }
            group.cancelAll()
        }
    }
}

extension AsyncSemaphoreTests {
    @Test("never queues a task that was cancelled before it asked, nor gives it a permit", arguments: [0, 1])
    func cancelledBefore(free: Int) async throws {
        let semaphore = AsyncSemaphore(permits: 1)
        if free == 0 { try await semaphore.acquire() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                withUnsafeCurrentTask { $0?.cancel() }
                await #expect(throws: CancellationError.self) { try await semaphore.acquire() }
            }
        }
        #expect(semaphore.waiterCount == 0)
        if free == 0 { semaphore.release() }
        try await semaphore.acquire()
    }
}

@Suite("A limited store", .timeLimit(.minutes(1)))
struct LimitedStoreTests {
    @Test("never has more operations under way than its limit", arguments: [1, 3, 8])
    func limits(limit: Int) async throws {
        let clock = ManualClock()
        let slow = FaultyStore(
            MemoryStore(),
            faults: [Fault(.delay(.seconds(1)), on: [.put], occurrences: 1...100)],
            clock: clock
        )
        let store = LimitedStore(slow, limit: limit)
        #expect(store.capabilities.usefulConcurrency == min(limit, 4))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 {
                let key = try makeKey("\(number)")
                group.addTask { try await store.put(ByteBuffer(), at: key, policy: .refuseExisting) }
            }
            for round in 1...(24 / limit) {
                await clock.sleepers(limit)
                for _ in 0..<100 { await Task.yield() }
                #expect(clock.requestedSleeps.count == round * limit)
                clock.advance(by: .seconds(1))
            }
            try await group.waitForAll()
        }
        #expect(try await store.list(under: nil).count == 24)
    }

    @Test("gives its permit back after a failure, in every operation")
    func releasesAfterFailure() async throws {
        let everything = Fault(.fail(.inputOutput), occurrences: 1...6)
        let store = LimitedStore(FaultyStore(MemoryStore(), faults: [everything]), limit: 1)
        let key = try makeKey("k")
        await expectError(.inputOutput) { try await store.prepare() }
        await expectError(.inputOutput) { try await store.put(ByteBuffer(), at: key, policy: .refuseExisting) }
        await expectError(.inputOutput) { try await store.get(key, range: nil) }
        await expectError(.inputOutput) { try await store.byteCount(of: key) }
        await expectError(.inputOutput) { try await store.list(under: nil) }
        await expectError(.inputOutput) { try await store.delete(key) }
        #expect(try await store.delete(key) == false)
    }

    @Test("holds no permit while a page is worked on, and none after the work failed")
    func listing() async throws {
        struct Mine: Error {}
        let memory = MemoryStore(pageLength: 1)
        for number in 0..<3 { memory.replace(ByteBuffer(), at: try makeKey("\(number)")) }
        let store = LimitedStore(memory, limit: 1)
        await #expect(throws: Mine.self) {
            try await store.list(under: nil) { page in
                if try await store.byteCount(of: page[0].key) == 0 { throw Mine() }
            }
        }
        #expect(try await store.list(under: nil).count == 3)
    }
}
