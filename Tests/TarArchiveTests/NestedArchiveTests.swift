import NIOCore
import TarArchive
import TestSupport
import Testing

@Suite("Archives within archives")
struct NestedArchiveTests {
    @Test("a nested archive comes out of the events of the outer one", arguments: Slicing.allCases)
    func nested(slicing: Slicing) throws {
        var generator = SeededGenerator(seed: 5)
        let map = try SparseMap(
            size: 50_000,
            extents: [.init(offset: 512, length: 1024), .init(offset: 8192, length: 512)]
        )
        let inner = [
            try Sample("snapshot/files/a", generator.bytes(3000)),
            try Sample("snapshot/files/s", map, using: &generator),
            try Sample("snapshot/version.info", Array("0.6.0".utf8)),
        ]
        let outer = [
            try Sample("0/segments/one.tar", archive(inner)), try Sample("0/shard_config.json", [1]),
            try Sample("0/segments/two.tar", archive([])),
        ]
        let (members, nested) = try parseNested(archive(outer), slicing: slicing)
        #expect(members == ["0/segments/one.tar", "0/shard_config.json", "0/segments/two.tar"])
        #expect(nested == [inner, []])
    }

    @Test("holes of the outer member become holes within, and cost nothing")
    func holes() throws {
        let size: Int64 = 5 << 40
        let member = TarMember(path: try TarPath("zeros"), content: .file(size: size))
        let header = try TarEncoder().header(for: member)
        // Header, terabytes of a hole, then end marker: an outer sparse member whose inner archive is nearly all hole.
        let map = try SparseMap(
            size: 512 + size + 1024,
            extents: [.init(offset: 0, length: 512)]
        )
        let outer = [
            Sample(TarMember(path: try TarPath("n.tar"), content: .sparseFile(map)), data: Array(buffer: header))
        ]
        var events: [TarEvent] = []
        var parser: NestedTarParser?
        var outerParser = TarParser()
        try outerParser.feed(ByteBuffer(bytes: archive(outer))) { event in
            if case .beginMember(let member) = event { parser = NestedTarParser(of: member) }
            try parser?.feed(event) { events.append($0) }
            if case .endMember = event { try parser?.finish() }
        }
        #expect(events == [.beginMember(member), .hole(size), .endMember, .endOfArchive])
    }

    @Test("zeros given as a number are the same as zeros given as bytes", arguments: 1...20 as ClosedRange<UInt64>)
    func zerosAsNumber(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let samples = [
            try Sample("a", [UInt8](repeating: 0, count: Int.random(in: 0...2000, using: &generator))),
            try Sample(String(repeating: "b/", count: 80) + "c", [0, 1, 0]),
            try Sample("s", SparseMap(size: 4096, extents: [.init(offset: 1024, length: 512)]), using: &generator),
        ]
        let bytes = try archive(samples)
        var parser = TarParser()
        var expanded: [UInt8] = []
        var rest = bytes[...]
        let emit = { (event: TarEvent) in
            switch event {
            case .data(let buffer): expanded += buffer.readableBytesView
            case .hole(let count): expanded += [UInt8](repeating: 0, count: Int(count))
            default: break
            }
        }
        while !rest.isEmpty {
            let zeros = rest.prefix { $0 == 0 }.count
            let given = Int.random(in: 0...zeros, using: &generator)
            try parser.feed(zeros: Int64(given), emit)
            rest = rest.dropFirst(given)
            let plain = rest.prefix(Int.random(in: 0...700, using: &generator))
            try parser.feed(ByteBuffer(bytes: plain), emit)
            rest = rest.dropFirst(plain.count)
        }
        try parser.finish()
        #expect(parser.offset == Int64(bytes.count))
        #expect(expanded == samples.flatMap(\.expanded), "seed \(seed)")
    }

    @Test("an error within names the archive it is in")
    func errorsNameArchive() throws {
        let whole = try archive([try Sample("a", [1, 2, 3])])
        let cut = try archive([try Sample("segment.tar", Array(whole[..<600]))])
        let error = #expect(throws: TarError.self) { try parseNested(cut, slicing: .whole) }
        #expect(error?.code == .truncated)
        #expect(error?.message.contains("in nested archive 'segment.tar'") == true)
        let link = try archive([try Sample("segment.tar", RawHeader("l", type: "2").sealed + endMarker)])
        let refused = #expect(throws: TarError.self) { try parseNested(link, slicing: .singleBytes) }
        #expect(refused?.code == .unsupportedType)
        #expect(refused?.message.contains("in nested archive 'segment.tar'") == true)
    }

    private func parseNested(_ bytes: [UInt8], slicing: Slicing) throws -> (members: [String], nested: [[Sample]]) {
        var generator = SeededGenerator(seed: 9)
        var members: [String] = []
        var nested: [[Sample]] = []
        var inner: (parser: NestedTarParser, collector: Collector)?
        var parser = TarParser()
        for slice in slicing.slices(of: bytes, using: &generator) {
            try parser.feed(slice) { event in
                if case .beginMember(let member) = event {
                    members.append(member.path.string)
                    inner = member.path.string.hasSuffix(".tar") ? (NestedTarParser(of: member), Collector()) : nil
                }
                guard var current = inner else { return }
                inner = nil
                try current.parser.feed(event) { try current.collector.take($0) }
                inner = current
                guard case .endMember = event else { return }
                try current.parser.finish()
                nested.append(current.collector.samples)
            }
        }
        try parser.finish()
        return (members, nested)
    }
}
