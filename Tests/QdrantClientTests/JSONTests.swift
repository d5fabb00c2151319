import NIOCore
import TestSupport
import Testing

@testable import QdrantClient

@Suite("JSON")
struct JSONTests {
    @Test(
        "keeps every integer of 64 bits exact",
        arguments: [
            ("0", JSONValue.integer(0)),
            ("-1", .integer(-1)),
            ("9007199254740993", .integer(9_007_199_254_740_993)),
            ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
            ("18446744073709551615", .unsigned(.max)),
        ]
    )
    func integers(text: String, value: JSONValue) throws {
        #expect(try JSONValue(reading: text.utf8) == value)
        #expect(try written(value) == text)
    }

    @Test(
        "takes a number as floating point when it has a fraction, an exponent, a sign on zero or too many digits",
        arguments: [
            ("1.0", 1.0), ("1e3", 1000.0), ("-0", -0.0), ("-0.0", -0.0),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("-9223372036854775809", -9_223_372_036_854_775_809.0), ("4.9e-324", Double.leastNonzeroMagnitude),
            ("1e-400", 0.0),
            ("1.7976931348623157e308", Double.greatestFiniteMagnitude), ("0.1E+1", 1.0),
            ("123456789012345678901234567890e-20", 1_234_567_890.1234567),
        ]
    )
    func floatingPoint(text: String, value: Double) throws {
        #expect(try JSONValue(reading: text.utf8) == .double(value))
    }

    @Test("reads back the same bits from what it wrote, for any double", arguments: [1, 2, 3] as [UInt64])
    func doublesRoundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<4000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            let text = try written(.double(value))
            #expect(try JSONValue(reading: text.utf8) == .double(value), "seed \(seed), \(text)")
        }
    }

    @Test("reads back the same bits from what it wrote, for any float", arguments: [4, 5, 6] as [UInt64])
    func floatsRoundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for round in 0..<4000 {
            let bits = UInt32(truncatingIfNeeded: generator.next())
            // Every other one from the range of real vectors, the rest from anywhere, subnormals included.
            let value =
                round.isMultiple(of: 2) ? Float(bitPattern: bits) : Float(Int32(bitPattern: bits)) / Float(1 << 31)
            guard value.isFinite else { continue }
            var writer = JSONWriter()
            try writer.float(value)
            var scanner = try JSONScanner(writer.bytes, limits: JSONLimits())
            let found = try scanner.float()
            #expect(found.bitPattern == value.bitPattern, "seed \(seed), \(value)")
        }
    }

    @Test("rounds any decimal text to the nearest float as strtof does", arguments: [7, 8] as [UInt64])
    func decimalFloats(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<4000 {
            let digits = UInt64.random(in: 0..<10_000_000_000, using: &generator)
            let text = "\(digits)e\(Int.random(in: -50...25, using: &generator))"
            var scanner = try JSONScanner(Array(text.utf8), limits: JSONLimits())
            #expect(try scanner.float().bitPattern == Float(text)?.bitPattern, "seed \(seed), \(text)")
        }
    }

    @Test("does not round twice on the way to a float")
    func doubleRounding() throws {
        // A little above the middle between 1 and the next float: as a double it is exactly the middle.
        let text = "1.00000005960464477539062500000001"
        var scanner = try JSONScanner(Array(text.utf8), limits: JSONLimits())
        #expect(try scanner.float() == Float(1).nextUp)
        #expect(Float(try #require(Double(text))) == 1)
    }

    @Test("reads back what it wrote, for any value", arguments: 10..<30 as Range<UInt64>)
    func valuesRoundTrip(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let value = JSONValue.random(depth: 5, using: &generator)
        let text = try value.written()
        let found = try JSONValue(reading: text)
        #expect(found == value, "seed \(seed)")
        #expect(try found.written() == text, "seed \(seed)")
    }

    @Test("hashes and compares as deep as it reads, in work that does not double with every level")
    func deepObjects() throws {
        // Keys in another order at every level: a comparison that looks twice at each would not end.
        var (left, right) = (JSONValue.null, JSONValue.null)
        for _ in 0..<JSONLimits().depth - 1 {
            left = ["a": left, "b": 1, "c": 2]
            right = ["a": right, "c": 2, "b": 1]
        }
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": right["a"] ?? .null, "c": 2, "b": 3])
    }

    @Test("keeps the order of keys, and compares without it")
    func keyOrder() throws {
        let left = try JSONValue(reading: #"{"b":1,"a":2}"#.utf8)
        let right = try JSONValue(reading: #"{"a":2,"b":1}"#.utf8)
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(try written(left) == #"{"b":1,"a":2}"#)
        #expect(left.objectValue?.keys == ["b", "a"])
    }

    @Test("tells strings apart that Unicode takes for the same")
    func normalisation() throws {
        let composed = JSONValue.string("\u{E9}")
        let decomposed = JSONValue.string("e\u{301}")
        #expect(composed != decomposed)
        let object = try JSONValue(reading: "{\"\u{E9}\":1,\"e\u{301}\":2}".utf8)
        #expect(object["\u{E9}"] == 1)
        #expect(object["e\u{301}"] == 2)
    }

    @Test("tells 0.0 from -0.0")
    func signedZero() {
        #expect(JSONValue.double(0.0) != .double(-0.0))
    }

    @Test(
        "reads every escape",
        arguments: [
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"), (#""\ud83d\ude00""#, "😀"),
            (#""\u0000""#, "\u{0}"), (#""""#, ""), ("\"😀\"", "😀"),
        ]
    )
    func escapes(text: String, value: String) throws {
        #expect(try JSONValue(reading: text.utf8) == .string(value))
        #expect(try JSONValue(reading: try JSONValue.string(value).written()) == .string(value))
    }

    @Test(
        "refuses what is not JSON",
        arguments: [
            ("", JSONError.Code.malformed), ("{", .malformed), ("[1,]", .malformed), ("{\"a\":1,}", .malformed),
            ("01", .malformed), ("1.", .malformed), ("-", .unexpectedKind), ("1e", .malformed), (".5", .malformed),
            ("+1", .malformed),
            ("tru", .malformed), ("nul", .malformed), ("\"a", .malformed), ("\"\n\"", .malformed),
            (#""\x""#, .malformed),
            (#""\u12""#, .malformed), ("1 2", .malformed), ("{a:1}", .malformed), ("[1 2]", .malformed),
            ("NaN", .malformed),
            (#""\ud83d""#, .invalidUnicode), (#""\ude00\ud83d""#, .invalidUnicode), ("1e400", .numberOutOfRange),
            (#"{"a":1,"a":2}"#, .duplicateKey),
        ]
    )
    func refusals(text: String, code: JSONError.Code) {
        let error = #expect(throws: JSONError.self) { try JSONValue(reading: text.utf8) }
        #expect(error?.code == code)
    }

    @Test("refuses a key that comes twice in a large object")
    func duplicatesAmongMany() {
        let members = (0..<100).map { "\"\($0)\":0" } + ["\"3\":1"]
        let text = "{" + members.joined(separator: ",") + "}"
        let error = #expect(throws: JSONError.self) { try JSONValue(reading: text.utf8) }
        #expect(error?.code == .duplicateKey)
    }

    @Test(
        "refuses strings that are not UTF-8",
        arguments: [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0x80]] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSONValue(reading: [0x22] + bytes + [0x22]) }
        #expect(error?.code == .invalidUnicode)
    }

    @Test("stops at the depth limit, not in a stack overflow")
    func depthLimit() throws {
        let deepest = String(repeating: "[", count: 128) + String(repeating: "]", count: 128)
        _ = try JSONValue(reading: deepest.utf8)
        let error = #expect(throws: JSONError.self) {
            try JSONValue(reading: String(repeating: "[{\"a\":", count: 100_000).utf8)
        }
        #expect(error?.code == .tooDeep)
    }

    @Test("refuses more bytes than the limit")
    func sizeLimit() throws {
        _ = try JSONValue(reading: "[1,2]".utf8, limits: JSONLimits(byteCount: 5))
        let error = #expect(throws: JSONError.self) {
            try JSONValue(reading: "[1,2]".utf8, limits: JSONLimits(byteCount: 4))
        }
        #expect(error?.code == .tooLarge)
    }

    @Test("refuses to write numbers that JSON does not have", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(value: Double) {
        let error = #expect(throws: JSONError.self) { try JSONValue.array([.double(value)]).written() }
        #expect(error?.code == .notFinite)
    }

    @Test("never shows any of the text in an error")
    func errorsAreSilent() {
        let error = #expect(throws: JSONError.self) { try JSONValue(reading: #"{"secret":tru}"#.utf8) }
        #expect(error.map { !"\($0)".contains("secret") } ?? false)
    }

    private func written(_ value: JSONValue) throws -> String {
        String(buffer: try value.written())
    }
}

extension JSONValue {
    static func random(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64(bitPattern: generator.next()))
        case 3: return .number(generator.next())
        case 4: return .integer(Int64.random(in: -1000...1000, using: &generator))
        case 5:
            let value = Double(bitPattern: generator.next())
            return .double(value.isFinite ? value : 0.5)
        case 6: return .string(randomString(using: &generator))
        case 7:
            let count = Int.random(in: 0..<6, using: &generator)
            return .array((0..<count).map { _ in .random(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<25, using: &generator) {
                object[randomString(using: &generator)] = .random(depth: depth - 2, using: &generator)
            }
            return .object(object)
        }
    }

    private static func randomString(using generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<12, using: &generator) {
            let code = UInt32.random(in: 0..<(Bool.random(using: &generator) ? 0x80 : 0x11_0000), using: &generator)
            if let scalar = Unicode.Scalar(code) { text.unicodeScalars.append(scalar) }
        }
        return text
    }
}
