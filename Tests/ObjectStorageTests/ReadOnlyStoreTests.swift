import LocalStorage
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A read-only store")
struct ReadOnlyStoreTests {
    @Test("refuses every write and changes nothing")
    func refusesWrites() async throws {
        let memory = MemoryStore()
        let key = try makeKey("config")
        memory.replace(ByteBuffer(string: "x"), at: key)
        let store = ReadOnlyStore(memory)
        for policy in [PutPolicy.refuseExisting, .replaceExisting] {
            await expectError(.readOnly) { try await store.put(ByteBuffer(), at: key, policy: policy) }
            await expectError(.readOnly) { try await store.put(ByteBuffer(), at: try makeKey("new"), policy: policy) }
        }
        await expectError(.readOnly) { try await store.delete(key) }
        await expectError(.readOnly) { try await store.delete(try makeKey("missing")) }
        #expect(memory.contents == [key: ByteBuffer(string: "x")])
    }

    @Test("reads, looks up and lists")
    func reads() async throws {
        let memory = MemoryStore()
        let key = try makeKey("config")
        memory.replace(ByteBuffer(string: "abc"), at: key)
        let store = ReadOnlyStore(memory)
        #expect(try await store.get(key, range: 1..<2) == ByteBuffer(string: "b"))
        #expect(try await store.byteCount(of: key) == 3)
        #expect(try await store.list(under: nil) == [ObjectEntry(key: key, byteCount: 3)])
    }

    @Test("prepares nothing: a place that is there will do, one that is not is refused and not made")
    func prepares() async throws {
        try await TemporaryDirectory.with { folder in
            try await ReadOnlyStore(LocalStore(path: folder.path)).prepare()
            let missing = LocalStore(path: folder.path("missing"))
            await expectError(.readOnly) { try await ReadOnlyStore(missing).prepare() }
            await expectError(.locationMissing) { try await missing.list(under: nil) }
        }
    }
}
