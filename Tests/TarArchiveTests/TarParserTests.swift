import NIOCore
import TarArchive
import TestSupport
import Testing

@Suite("The parser")
struct TarParserTests {
    @Test("data shares its storage with the input")
    func noCopies() throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        let input = ByteBuffer(bytes: try archive([try Sample("a", content)]))
        let range = input.withUnsafeReadableBytes {
            UInt(bitPattern: $0.baseAddress)..<UInt(bitPattern: $0.baseAddress) + UInt($0.count)
        }
        var parser = TarParser()
        var shared = 0
        try parser.feed(input) { event in
            guard case .data(let slice) = event else { return }
            let address = slice.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
            #expect(range.contains(address) && address - range.lowerBound == 512)
            shared += slice.readableBytes
        }
        #expect(shared == content.count)
    }

    @Test("the header Qdrant makes in memory, with blank owners and without times, is read")
    func qdrantHeader() throws {
        var header = RawHeader("replica_state.json", size: 2)
        header.put([UInt8](repeating: 0, count: 16), at: 108)
        let members = try parse(header.sealed + block("{}") + endMarker)
        #expect(members.first?.member == TarMember(path: try TarPath("replica_state.json"), content: .file(size: 2)))
    }

    @Test("the header Qdrant makes of a file, with type bits in its mode, is read")
    func qdrantFileHeader() throws {
        var header = RawHeader("wal/closed-255", type: "S", size: 4096)
        header.put("0100644\0", at: 100)
        header.put("15126054260\0", at: 136)
        header.putSparse([(0, 4096), (1 << 20, 0)], realSize: 1 << 20)
        let data = [UInt8](repeating: 3, count: 4096)
        let read = try #require(try parse(header.sealed + data + endMarker).first)
        #expect(read.member.mode == 0o644)
        #expect(read.member.size == 1 << 20)
        #expect(read.member.extents == [.init(offset: 0, length: 4096)])
        #expect(read.data == data)
    }

    @Test("after an error of its user the parser is spent")
    func spent() throws {
        var parser = TarParser()
        let bytes = ByteBuffer(bytes: try archive([try Sample("a", [1])]))
        #expect(throws: TestFailure.self) { try parser.feed(bytes) { _ in throw TestFailure("mine") } }
        let error = #expect(throws: TarError.self) { try parser.feed(bytes) { _ in } }
        #expect(error?.code == .misuse)
    }

    @Test("events come in file order")
    func order() throws {
        var generator = SeededGenerator(seed: 1)
        let map = try SparseMap(
            size: 3000,
            extents: [.init(offset: 512, length: 512), .init(offset: 2048, length: 100)]
        )
        let sample = try Sample("s", map, using: &generator)
        var events: [TarEvent] = []
        var parser = TarParser()
        try parser.feed(ByteBuffer(bytes: archive([sample]))) { events.append($0) }
        let first = ByteBuffer(bytes: sample.data[..<512])
        let second = ByteBuffer(bytes: sample.data[512...])
        #expect(
            events == [
                .beginMember(sample.member), .hole(512), .data(first), .hole(1024), .data(second), .hole(852),
                .endMember,
                .endOfArchive,
            ]
        )
    }

    @Test("a hole of one byte is a hole", arguments: [0, 512, 513] as [Int64])
    func smallestHole(position: Int64) throws {
        var generator = SeededGenerator(seed: 4)
        let extents = [
            SparseMap.Extent(offset: 0, length: position), .init(offset: position + 1, length: 1024 - position),
        ]
        let map = try SparseMap(size: 1025, extents: position == 513 ? [.init(offset: 0, length: 1024)] : extents)
        let sample = try Sample("s", map, using: &generator)
        #expect(try parse(archive([sample])) == [sample])
    }
}

@Suite("The reader")
struct TarReaderTests {
    @Test("gives the events of a sequence of buffers")
    func events() async throws {
        let samples = [try Sample("a", [1, 2, 3]), try Sample(directory: "d")]
        var generator = SeededGenerator(seed: 2)
        let slices = Slicing.random.slices(of: try archive(samples), using: &generator)
        var collector = Collector()
        for try await event in TarReader(slices.stream) { try collector.take(event) }
        #expect(collector.samples == samples && collector.sawEnd)
    }

    @Test("a sequence that ends too early is an error")
    func truncated() async throws {
        let bytes = try archive([try Sample("a", [1, 2, 3])])
        let reader = TarReader([ByteBuffer(bytes: bytes.dropLast(1))].stream)
        let error = await #expect(throws: TarError.self) { for try await _ in reader {} }
        #expect(error?.code == .truncated)
    }

    @Test("what follows the end marker in a later buffer is an error")
    func trailing() async throws {
        let reader = TarReader([ByteBuffer(bytes: endMarker), ByteBuffer(string: "more")].stream)
        let error = await #expect(throws: TarError.self) { for try await _ in reader {} }
        #expect(error?.code == .trailingData)
    }

    @Test("an error of the sequence is passed on")
    func upstreamError() async throws {
        let failing = AsyncThrowingStream<ByteBuffer, any Error> {
            $0.finish(throwing: TestFailure("connection reset"))
        }
        await #expect(throws: TestFailure.self) { for try await _ in TarReader(failing) {} }
    }
}

extension [ByteBuffer] {
    fileprivate var stream: AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            for buffer in self { continuation.yield(buffer) }
            continuation.finish()
        }
    }
}
