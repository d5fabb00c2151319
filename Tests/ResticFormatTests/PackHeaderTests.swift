import Testing

@testable import ResticFormat

@Suite("Pack headers")
struct PackHeaderTests {
    static let blobs = [
        PackedBlob(id: id(0xA1), type: .data, offset: 0, length: 1_000),
        PackedBlob(id: id(0xB2), type: .tree, offset: 1_000, length: 32),
        PackedBlob(id: id(0xC3), type: .data, offset: 1_032, length: 0x0102_0304, uncompressedLength: 0x0A0B_0C0D),
        PackedBlob(id: id(0xD4), type: .tree, offset: 16_910_092, length: 77, uncompressedLength: 1),
    ]

    @Test("an entry is the type, little-endian lengths and the identifier")
    func layout() {
        let header = PackHeader.encode(Self.blobs)
        #expect(Array(header[0..<5]) == [0, 0xE8, 0x03, 0, 0])
        #expect(Array(header[5..<37]) == id(0xA1).bytes)
        #expect(Array(header[37..<42]) == [1, 32, 0, 0, 0])
        #expect(Array(header[74..<83]) == [2, 4, 3, 2, 1, 0x0D, 0x0C, 0x0B, 0x0A])
        #expect(Array(header[83..<115]) == id(0xC3).bytes)
        #expect(Array(header[115..<124]) == [3, 77, 0, 0, 0, 1, 0, 0, 0])
        #expect(header.count == 2 * 37 + 2 * 41)
        #expect(PackHeader.sealedLengthWithTrailer(of: Self.blobs) == header.count + 36)
    }

    @Test("reads back, offsets added up")
    func roundTrip() throws {
        let header = PackHeader.encode(Self.blobs)
        #expect(try PackHeader.decode(header) == Self.blobs)
        #expect(try PackHeader.decode(header, dataLength: 16_910_169) == Self.blobs)
        #expect(try PackHeader.decode([]) == [])
        #expect(Self.blobs.map(\.plaintextLength) == [968, 0, 0x0A0B_0C0D, 1])
    }

    @Test("refuses blobs that do not fill the pack", arguments: [0, 16_910_168, 16_910_170])
    func refusesLength(length: Int) {
        #expect(code { _ = try PackHeader.decode(PackHeader.encode(Self.blobs), dataLength: length) } == .malformed)
    }

    @Test("refuses every header that is cut within an entry")
    func refusesCut() throws {
        let header = PackHeader.encode(Self.blobs)
        let ends = [0, 37, 74, 115, 156]
        for length in 0..<header.count {
            let result = code { _ = try PackHeader.decode(Array(header[0..<length])) }
            #expect(result == (ends.contains(length) ? nil : .truncated), "\(length) bytes")
        }
    }

    @Test("refuses unknown types, impossible lengths and packs beyond 32 bits")
    func refusesEntries() {
        func entry(_ kind: UInt8, _ length: UInt32, _ uncompressed: UInt32? = nil) -> [UInt8] {
            let numbers = [length] + (uncompressed.map { [$0] } ?? [])
            return [kind] + numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
                + id(1).bytes
        }
        for kind in UInt8(4)...255 { #expect(code { _ = try PackHeader.decode(entry(kind, 100)) } == .malformed) }
        #expect(code { _ = try PackHeader.decode(entry(0, 31)) } == .outOfRange)
        #expect(code { _ = try PackHeader.decode(entry(2, 100, 0)) } == .malformed)
        #expect(code { _ = try PackHeader.decode(entry(0, .max) + entry(0, 32)) } == .outOfRange)
        #expect(code { _ = try PackHeader.decode(entry(0, .max)) } == nil)
    }

    @Test("the trailer tells the length of the sealed header")
    func trailer() throws {
        #expect(PackHeader.encodeTrailer(sealedLength: 0x0001_0203) == [3, 2, 1, 0])
        let tail: [UInt8] = [9, 9] + PackHeader.encodeTrailer(sealedLength: 69)
        #expect(try tail.withUnsafeBytes { try PackHeader.sealedLength(fromTail: $0, packLength: 73) } == 69)
    }

    @Test(
        "refuses a trailer that cannot be right",
        arguments: [(0, 1000), (31, 1000), (997, 1000), (.max, 1000), (16_777_217, 20_000_000)] as [(UInt32, Int)]
    )
    func refusesTrailer(sealedLength: UInt32, packLength: Int) {
        let tail = PackHeader.encodeTrailer(sealedLength: sealedLength)
        #expect(
            code { _ = try tail.withUnsafeBytes { try PackHeader.sealedLength(fromTail: $0, packLength: packLength) } }
                == .outOfRange
        )
    }

    @Test("refuses a file too short for a pack")
    func refusesShortFile() {
        let tail = PackHeader.encodeTrailer(sealedLength: 68)
        #expect(
            code { _ = try tail.withUnsafeBytes { try PackHeader.sealedLength(fromTail: $0, packLength: 72) } }
                == .truncated
        )
        #expect(
            code { _ = try tail[1...].withUnsafeBytes { try PackHeader.sealedLength(fromTail: $0, packLength: 1000) } }
                == .truncated
        )
    }
}
