import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A faulty store", .timeLimit(.minutes(1)))
struct FaultyStoreTests {
    private let memory = MemoryStore()

    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }

    /// The code that `body` throws, or `nil`.
    private func code(_ body: () async throws -> Void) async -> ObjectStoreError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? ObjectStoreError)?.code
        }
    }

    @Test("strikes the kind, the keys and the occurrences that were ordered, and no others")
    func selects() async throws {
        let fault = Fault(.fail(.inputOutput), on: [.put], keyPrefix: "data/", occurrences: 2...3)
        let store = FaultyStore(memory, faults: [fault])
        var outcomes: [Bool] = []
        for path in ["index/a", "data/a", "index/b", "data/b", "data/c", "index/c", "data/d"] {
            let key = try key(path)
            outcomes.append(await code { try await store.put(ByteBuffer(), at: key, policy: .refuseExisting) } == nil)
            #expect(await code { _ = try await store.byteCount(of: key) } == nil)
        }
        #expect(outcomes == [true, true, true, false, false, true, true])
        #expect(memory.contents.count == 5)
    }

    @Test("loses the answer of a write that was done")
    func lostAnswer() async throws {
        let store = FaultyStore(memory, faults: [.failAfterWriting()])
        let key = try key("a")
        let outcome = await code { try await store.put(ByteBuffer(string: "x"), at: key, policy: .refuseExisting) }
        #expect(outcome == .unavailable)
        #expect(memory.contents == [key: ByteBuffer(string: "x")])
    }

    @Test("spoils what is read and not what is stored")
    func spoils() async throws {
        let key = try key("a")
        memory.replace(ByteBuffer(string: "0123456789"), at: key)
        let store = FaultyStore(memory)
        store.order(Fault(.truncateRead(byteCount: 4), on: [.get]))
        #expect(try await store.get(key, range: nil) == ByteBuffer(string: "0123"))
        store.order(Fault(.corruptRead(offset: 1, mask: 0x01), on: [.get]))
        #expect(try await store.get(key, range: 2..<5) == ByteBuffer(string: "224"))
        store.order(Fault(.corruptRead(offset: -1, mask: 0x80), on: [.get]))
        #expect(try await store.get(key, range: nil).readableBytesView.last == 0x80 ^ UInt8(ascii: "9"))
        store.order(Fault(.corruptRead(offset: 99, mask: 0x80), on: [.get]))
        #expect(try await store.get(key, range: nil) == ByteBuffer(string: "0123456789"))
        #expect(memory.contents == [key: ByteBuffer(string: "0123456789")])
    }

    @Test("delays on the clock it was given")
    func delays() async throws {
        let clock = ManualClock()
        let store = FaultyStore(memory, faults: [Fault(.delay(.seconds(5)), on: [.put])], clock: clock)
        let key = try key("a")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.put(ByteBuffer(), at: key, policy: .refuseExisting) }
            await clock.sleepers(1)
            #expect(memory.contents.isEmpty)
            clock.advance(by: .seconds(5))
            try await group.waitForAll()
        }
        #expect(memory.contents.count == 1)
    }

    @Test("a crash at the n-th write leaves the writes before it, and nothing works after it", arguments: 1...6)
    func crashes(number: Int) async throws {
        let store = FaultyStore(memory, faults: [.crash(atWrite: number)])
        for index in 1...5 {
            let key = try key("\(index)")
            let outcome = await code { try await store.put(ByteBuffer(), at: key, policy: .refuseExisting) }
            #expect(outcome == (index < number ? nil : .unavailable))
            #expect(await code { _ = try await store.byteCount(of: key) } == outcome)
        }
        #expect(memory.contents.count == min(number - 1, 5))
        #expect(store.hasCrashed == (number <= 5))
        #expect(store.writeCount == 5)
        store.heal()
        #expect(try await store.list(under: nil).count == memory.contents.count)
    }
}
