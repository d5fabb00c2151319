import NIOCore
import TarArchive
import TestSupport
import Testing

@Suite("What is written is read")
struct RoundTripTests {
    @Test(
        "random members come back, however the stream is cut",
        arguments: 1...12 as ClosedRange<UInt64>,
        Slicing.allCases
    )
    func randomMembers(seed: UInt64, slicing: Slicing) throws {
        var generator = SeededGenerator(seed: seed)
        let samples = try randomSamples(using: &generator)
        let read = try parse(archive(samples), slicing: slicing, seed: seed)
        #expect(read == samples, "seed \(seed)")
    }

    @Test("a size at the edge of a block comes back", arguments: [0, 1, 511, 512, 513, 1023, 1024, 1025, 70_000])
    func sizes(size: Int) throws {
        var generator = SeededGenerator(seed: UInt64(size))
        let samples = [try Sample("a", generator.bytes(size)), try Sample("b", [1])]
        #expect(try parse(archive(samples), slicing: .random) == samples)
    }

    @Test("a long name comes back", arguments: [1, 98, 99, 100, 101, 255, 256, 257, 511, 512, 513, 4096, 65_536])
    func longNames(length: Int) throws {
        let name = String((0..<length).map { $0 % 200 == 100 ? "/" : "n" })
        let samples = [try Sample(name, [1, 2, 3]), try Sample("short", [4])]
        #expect(try parse(archive(samples), slicing: .random) == samples)
    }

    @Test("a long name of a directory comes back", arguments: [97, 98, 99, 100, 300])
    func longDirectoryNames(length: Int) throws {
        let samples = [try Sample(directory: String(repeating: "d", count: length))]
        #expect(try parse(archive(samples)) == samples)
    }

    @Test("a name that is not UTF-8 comes back")
    func rawNames() throws {
        let path = try TarPath(bytes: [0xFF, 0x2F, 0xC3, 0x28])
        let sample = Sample(TarMember(path: path, content: .file(size: 0)))
        #expect(try parse(archive([sample])).first?.member.path.bytes == [0xFF, 0x2F, 0xC3, 0x28])
    }

    @Test("any number of extents comes back", arguments: [0, 1, 2, 3, 4, 5, 24, 25, 26, 46, 47, 100], [true, false])
    func extents(count: Int, endsInHole: Bool) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let extents = (0..<count).map { SparseMap.Extent(offset: Int64($0) * 1536 + 512, length: 512) }
        let size = (extents.last?.end ?? 0) + (endsInHole || count == 0 ? 700 : 0)
        let sample = try Sample("s", SparseMap(size: size, extents: extents), using: &generator)
        let after = try Sample("t", [9])
        #expect(try parse(archive([sample, after]), slicing: .random) == [sample, after])
    }

    @Test("a sparse file over 8 GiB needs only the space of its extents")
    func hugeSparseFile() throws {
        var generator = SeededGenerator(seed: 8)
        let tebibyte: Int64 = 1 << 40
        let map = try SparseMap(
            size: 3 * tebibyte + 5,
            extents: [
                .init(offset: 0, length: 512), .init(offset: tebibyte, length: 1024),
                .init(offset: 3 * tebibyte, length: 5),
            ]
        )
        let sample = try Sample("huge", map, using: &generator)
        let bytes = try archive([sample])
        #expect(bytes.count == 512 + 2048 + 1024)
        #expect(try parse(bytes, slicing: .random) == [sample])
    }

    @Test("numbers that need base-256 come back")
    func largeNumbers() throws {
        var sample = try Sample("a", [])
        sample.member.uid = .max
        sample.member.gid = 1 << 21
        sample.member.modificationTime = 1 << 40
        sample.member.mode = 0o7777
        #expect(try parse(archive([sample])) == [sample])
    }

    @Test(
        "the header of a file over 8 GiB names its size",
        arguments: [(1 << 33) - 1, 1 << 33, Int64.max - 4096] as [Int64]
    )
    func largeSize(size: Int64) throws {
        let member = TarMember(path: try TarPath("big"), content: .file(size: size))
        var parser = TarParser()
        var header = try TarEncoder().header(for: member)
        #expect(header.getBytes(at: 124, length: 1) == (size >> 33 == 0 ? [0x37] : [0x80]))
        #expect(try parser.nextEvent(from: &header) == .beginMember(member))
    }

    @Test("equal members give equal bytes, and a map without holes is written plain")
    func deterministic() throws {
        let dense = Sample(
            TarMember(path: try TarPath("a"), content: .sparseFile(try SparseMap(dense: 3))),
            data: [1, 2, 3]
        )
        let plain = try Sample("a", [1, 2, 3])
        #expect(try archive([dense]) == archive([plain]))
        #expect(try archive([plain]) == archive([plain]))
    }

    private func randomSamples(using generator: inout SeededGenerator) throws -> [Sample] {
        try (0..<8).map { index in
            let depth = Int.random(in: 0...40, using: &generator)
            let name = (0..<depth).map { "folder-\($0)/" }.joined() + "m\(index)"
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: return try Sample(directory: name)
            case 1: return try randomSparse(name, using: &generator)
            default: return try Sample(name, generator.bytes(Int.random(in: 0...2000, using: &generator)))
            }
        }
    }

    private func randomSparse(_ name: String, using generator: inout SeededGenerator) throws -> Sample {
        var extents: [SparseMap.Extent] = []
        var position: Int64 = 0
        for _ in 0..<Int.random(in: 0...30, using: &generator) {
            position += Int64.random(in: 1...3000, using: &generator)
            extents.append(.init(offset: position, length: 512 * Int64.random(in: 1...3, using: &generator)))
            position = extents[extents.count - 1].end
        }
        position += Int64.random(in: 1...700, using: &generator)
        if Bool.random(using: &generator) { extents.append(.init(offset: position, length: 7)) }
        return try Sample(name, SparseMap(size: (extents.last?.end ?? position), extents: extents), using: &generator)
    }
}
