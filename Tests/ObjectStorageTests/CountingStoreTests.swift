import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A counting store")
struct CountingStoreTests {
    @Test("counts operations, failures and bytes by kind")
    func counts() async throws {
        let faulty = FaultyStore(MemoryStore(), faults: [.fail(.inputOutput, on: .put)])
        let store = CountingStore(faulty)
        let key = try makeKey("k")
        let body = ByteBuffer(repeating: 1, count: 100)
        try await store.prepare()
        await expectError(.inputOutput) { try await store.put(body, at: key, policy: .refuseExisting) }
        try await store.put(body, at: key, policy: .refuseExisting)
        _ = try await store.get(key, range: 10..<30)
        _ = try await store.get(key, range: nil)
        await expectError(.rangeNotSatisfiable) { try await store.get(key, range: 0..<101) }
        _ = try await store.byteCount(of: key)
        _ = try await store.list(under: nil)
        try await store.delete(key)
        try await store.delete(key)

        let counts = store.counts
        #expect(counts[.prepare].operationCount == 1)
        #expect(counts[.put].operationCount == 2 && counts[.put].failureCount == 1)
        #expect(counts.writtenByteCount == 100)
        #expect(counts[.get].operationCount == 3 && counts[.get].failureCount == 1)
        #expect(counts.readByteCount == 120)
        #expect(counts[.byteCount].operationCount == 1 && counts[.byteCount].byteCount == 0)
        #expect(counts[.list].operationCount == 1 && counts[.list].byteCount == 0)
        #expect(counts[.delete].operationCount == 2 && counts[.delete].failureCount == 0)
    }

    @Test("shows beside the operations what its client's meter says of requests, as of the moment of asking")
    func requests() async throws {
        #expect(CountingStore(MemoryStore()).counts.requests == nil)
        let meter = RequestMeter()
        let store = CountingStore(MemoryStore(), requests: meter)
        #expect(store.counts.requests == RequestCounts())
        meter.count(.write, hasFailed: true)
        meter.count(.write, hasFailed: false)
        meter.count(.read, hasFailed: false)
        meter.count(.delete, hasFailed: false)
        let counts = try #require(store.counts.requests)
        #expect(counts.writeCount == 2 && counts.readCount == 1 && counts.deleteCount == 1 && counts.failureCount == 1)
    }

    @Test("counts each of many at once")
    func concurrent() async throws {
        let store = CountingStore(MemoryStore())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                let key = try makeKey("\(number)")
                group.addTask { try await store.put(ByteBuffer(string: "ab"), at: key, policy: .refuseExisting) }
            }
            try await group.waitForAll()
        }
        #expect(store.counts[.put].operationCount == 100 && store.counts.writtenByteCount == 200)
    }
}
