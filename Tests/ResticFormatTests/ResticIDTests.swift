import TestSupport
import Testing

@testable import ResticFormat

@Suite("Identifiers")
struct ResticIDTests {
    @Test("digits, bytes and back are the same identifier")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<200 {
            let bytes = generator.bytes(32)
            let id = try #require(ResticID(bytes))
            let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            #expect(id.hex == digits)
            #expect(id.description == digits)
            #expect(id.short == String(digits.prefix(8)))
            #expect(ResticID(hex: digits) == id)
            #expect(ResticID(hex: Substring(digits)) == id)
            #expect(id.bytes == bytes)
            var written = [UInt8](repeating: 0, count: 40)
            written.withUnsafeMutableBytes { id.write(to: $0) }
            #expect(Array(written[0..<32]) == bytes && written[32...].allSatisfy { $0 == 0 })
        }
    }

    @Test("reads bytes from any collection and any alignment")
    func collections() {
        let bytes = Array(UInt8(0)..<40)
        for start in 0..<8 {
            let slice = bytes[start..<(start + 32)]
            let id = bytes.withUnsafeBytes {
                ResticID(bytes: UnsafeRawBufferPointer(rebasing: $0[start..<(start + 32)]))
            }
            #expect(ResticID(slice) == id)
            #expect(ResticID(slice.lazy.map { $0 }) == id)
        }
        #expect(ResticID(bytes) == nil)
        #expect(ResticID([UInt8]()) == nil)
    }

    @Test(
        "refuses what is not 64 lower-case digits",
        arguments: [
            "", "00", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
            String(repeating: "A", count: 64),
            String(repeating: "0", count: 63) + "g", String(repeating: "0", count: 63) + "/",
            String(repeating: "0", count: 63) + ":",
            "`" + String(repeating: "0", count: 63), " " + String(repeating: "0", count: 63),
            String(repeating: "ä", count: 32),
        ]
    )
    func refusesHex(digits: String) {
        #expect(ResticID(hex: digits) == nil)
    }

    @Test("order is that of the bytes")
    func order() {
        var generator = SeededGenerator(seed: 2)
        for round in 0..<400 {
            var (left, right) = (generator.bytes(32), generator.bytes(32))
            // Equal up to some byte, so that later words decide too.
            for index in 0..<(round % 33) { right[index] = left[index] }
            #expect((ResticID(left)! < ResticID(right)!) == left.lexicographicallyPrecedes(right))
            left = right
            #expect(!(ResticID(left)! < ResticID(right)!))
        }
    }

    @Test("only zeros are zero")
    func zero() {
        #expect(id(0).isZero)
        var bytes = [UInt8](repeating: 0, count: 32)
        bytes[31] = 1
        #expect(!ResticID(bytes)!.isZero)
    }
}
