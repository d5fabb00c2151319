import LocalStorage
import NIOCore
import ObjectStorage
import TestSupport
import Testing

@Suite("A large object", .timeLimit(.minutes(1)))
struct DirectWritingTests {
    /// A buffer whose bytes begin at the start of a page, or so many bytes behind it.
    private func makeBuffer(_ content: [UInt8], behindPage shift: Int) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(content.count + 8192)
        let address = buffer.withVeryUnsafeMutableBytes { Int(bitPattern: $0.baseAddress) }
        let padding = (4096 - address % 4096) % 4096 + shift
        buffer.moveWriterIndex(to: padding)
        buffer.moveReaderIndex(to: padding)
        buffer.writeBytes(content)
        return buffer
    }

    @Test(
        "is stored byte for byte, past the page cache or through it, whatever its length and place in memory",
        arguments: [1 << 20, (1 << 20) + 1, (4 << 20) + 4095, (9 << 20) + 4096],
        [0, 1, 512]
    )
    func roundTrip(length: Int, shift: Int) async throws {
        try await TemporaryDirectory.with { folder in
            var generator = SeededGenerator(seed: UInt64(length + shift))
            let buffer = makeBuffer(generator.bytes(length), behindPage: shift)
            let store = LocalStore(path: folder.path)
            let key = try makeKey("object")
            try await store.put(buffer, at: key, policy: .refuseExisting)
            #expect(try await store.get(key, range: nil) == buffer)
        }
    }

    @Test("is read into memory that is kept, from anywhere in it")
    func keptMemory() async throws {
        try await TemporaryDirectory.with { folder in
            var generator = SeededGenerator(seed: 3)
            let content = generator.bytes(100_000)
            let store = LocalStore(path: folder.path)
            let key = try makeKey("object")
            try await store.put(ByteBuffer(bytes: content), at: key, policy: .refuseExisting)
            var memory = ByteBuffer()
            for range in [0..<100_000, 5..<6, 40_000..<90_000, 0..<0] {
                try await store.get(key, range: Int64(range.lowerBound)..<Int64(range.upperBound), into: &memory)
                #expect(Array(memory.readableBytesView) == Array(content[range]))
            }
            await #expect(throws: ObjectStoreError.self) {
                try await store.get(key, range: 50_000..<100_001, into: &memory)
            }
        }
    }

    @Test("that need not outlive a power cut is whole and visible at once, and can be removed")
    func transient() async throws {
        try await TemporaryDirectory.with { folder in
            let store = LocalStore(path: folder.path)
            let key = try makeKey("locks/one")
            try await store.putTransient(ByteBuffer(string: "held"), at: key)
            #expect(try await store.get(key, range: nil) == ByteBuffer(string: "held"))
            #expect(try await store.list(under: nil).map(\.key) == [key])
            #expect(try await store.deleteTransient(key))
            #expect(try await !store.deleteTransient(key))
        }
    }
}
