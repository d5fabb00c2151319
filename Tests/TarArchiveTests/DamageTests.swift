import NIOCore
import TarArchive
import TestSupport
import Testing

@Suite("Damaged archives")
struct DamageTests {
    @Test("a stream cut at any byte is refused, with the place")
    func truncation() throws {
        let bytes = try archive(Self.smallArchive())
        for length in 0..<bytes.count {
            let error = try #require(try refusal(of: Array(bytes[..<length])), "cut at \(length)")
            #expect(error.code == .truncated, "cut at \(length)")
            #expect(error.offset == Int64(length))
            #expect(error.message.contains("after \(length) bytes"))
        }
        #expect(try refusal(of: bytes) == nil)
    }

    @Test("a cut inside a member names it and how much of it was there")
    func truncationNamesMember() throws {
        let bytes = try archive([try Sample("first", [1]), try Sample("second", [UInt8](repeating: 2, count: 1000))])
        let error = try #require(try refusal(of: Array(bytes[..<(1024 + 512 + 700)])))
        #expect(error.member?.string == "second")
        #expect(error.message.contains("inside member 'second', 700 of its 1000 stored bytes"))
        let between = try #require(try refusal(of: Array(bytes[..<1024])))
        #expect(between.message.contains("after member 'first', without an end marker"))
    }

    /// The checksum sees every change of a single byte of a header but those that leave the number it names the same.
    @Test(
        "any change of a byte of a header is refused, unless it only spells the checksum differently",
        arguments: [1, 0x20, 0x80, 0xFF]
    )
    func flips(mask: UInt8) throws {
        let samples = [try Sample("first", [1, 2, 3])]
        let bytes = try archive(samples)
        var harmless: [Int] = []
        for position in 0..<512 {
            var damaged = bytes
            damaged[position] ^= mask
            guard let error = try refusal(of: damaged) else {
                harmless.append(position)
                #expect(try parse(damaged) == samples)
                continue
            }
            #expect(error.code == .checksumMismatch, "byte \(position)")
        }
        // The NUL and the space behind the checksum are both filler, and 0x20 turns one into the other.
        #expect(harmless == (mask == 0x20 ? [154, 155] : []))
    }

    /// Extension blocks have no checksum: what is caught there is contradictions. What is not must still be of the sizes announced.
    @Test(
        "a change of a byte of a sparse extension never gives more or other than what is announced",
        arguments: [1, 0x20, 0x80]
    )
    func extensionFlips(mask: UInt8) throws {
        var generator = SeededGenerator(seed: 3)
        let extents = (0..<6).map { SparseMap.Extent(offset: Int64($0) * 1024, length: 512) }
        let bytes = try archive([try Sample("s", SparseMap(size: 8192, extents: extents), using: &generator)])
        var refused = 0
        for position in 512..<1024 {
            var damaged = bytes
            damaged[position] ^= mask
            if try refusal(of: damaged) != nil {
                refused += 1
            } else {
                #expect(try parse(damaged).first?.member.size == 8192)
            }
        }
        #expect(refused > 440)
    }

    @Test(
        "mutated archives never crash and never give more bytes than they announce",
        arguments: 1...4 as ClosedRange<UInt64>
    )
    func mutations(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let original = try archive(Self.smallArchive())
        var accepted = 0
        for round in 0..<250 {
            let bytes = Self.mutate(original, using: &generator)
            var parser = TarParser(limits: TarLimits(nameBytes: 4096, extents: 1000, paths: 100))
            var collector = Collector()
            do {
                for slice in Slicing.random.slices(of: bytes, using: &generator) {
                    try parser.feed(slice) { try collector.take($0) }
                }
                try parser.finish()
                accepted += 1
            } catch is TarError {
                // Refused, as it should be; the collector throws something else when events break their promise.
            }
            let announced = collector.samples.reduce(Int64(0)) {
                $0.addingReportingOverflow($1.member.size).partialValue
            }
            #expect(collector.emitted <= announced, "seed \(seed), round \(round)")
            #expect(collector.samples.reduce(0) { $0 + $1.data.count } <= bytes.count, "seed \(seed), round \(round)")
        }
        #expect(accepted < 250)
    }

    /// Each kind of entry once: directory, file, long name, sparse with an extension block.
    private static func smallArchive() throws -> [Sample] {
        var generator = SeededGenerator(seed: 42)
        let extents = (0..<6).map { SparseMap.Extent(offset: Int64($0) * 1024 + 512, length: 512) }
        return [
            try Sample(directory: "wal"),
            try Sample("wal/a", generator.bytes(600)),
            try Sample(String(repeating: "long/", count: 30) + "b", generator.bytes(3)),
            try Sample("wal/s", SparseMap(size: 7000, extents: extents), using: &generator),
        ]
    }

    /// One to four changes: bytes, blocks, cuts, repetitions; often with the checksums mended, so that damage gets past them.
    private static func mutate(_ original: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let position = Int.random(in: 0..<bytes.count, using: &generator)
            let block = position / 512 * 512
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: bytes[position] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: bytes.removeSubrange(position..<min(bytes.count, position + 512))
            case 3: bytes.insert(contentsOf: bytes[block..<min(bytes.count, block + 512)], at: block)
            case 4:
                bytes.replaceSubrange(
                    position..<position,
                    with: generator.bytes(Int.random(in: 1...20, using: &generator))
                )
            default:
                let fields = [100, 108, 116, 124, 136, 386, 398, 483]
                let field = block + (fields.randomElement(using: &generator) ?? 124)
                guard field + 8 <= bytes.count else { continue }
                bytes.replaceSubrange(
                    field..<(field + 8),
                    with: generator.bytes(8).map { $0 & 0x40 == 0 ? $0 : 0x30 | $0 & 7 }
                )
            }
            if bytes.isEmpty { return original }
        }
        if Bool.random(using: &generator) { mendChecksums(&bytes) }
        return bytes
    }

    private static func mendChecksums(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, through: bytes.count - 512, by: 512) where bytes[start + 257] == UInt8(ascii: "u")
        {
            var header = RawHeader()
            header.bytes = Array(bytes[start..<(start + 512)])
            bytes.replaceSubrange(start..<(start + 512), with: header.sealed)
        }
    }
}
