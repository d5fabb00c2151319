import Foundation
import TestSupport
import Testing

@testable import ResticFormat

@Suite("The JSON scanner")
struct JSONScannerTests {
    static func check(_ json: [UInt8]) throws {
        try json.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            try scanner.skip()
            try scanner.finish()
        }
    }

    @Test(
        "takes all that is JSON",
        arguments: [
            "null", "true", " false ", "0", "-0", "-1.5e+10", "1E5", "0.0", #""""#, #""\u0000\"""#, "[]", "[ ]", "{}",
            "{ }", #"{"a":[1,{"b":[]}],"a":null}"#,
            "\t\r\n[1 , 2]\n",
        ]
    )
    func takes(json: String) throws {
        try Self.check(Array(json.utf8))
    }

    @Test(
        "refuses all that is not",
        arguments: [
            "", " ", "nul", "nulll", "True", "tru", "01", "-", "+1", "1.", ".5", "1e", "1e+", "- 1", "0x10", "NaN",
            "'a'", #"""#, #""\x""#, #""\u12""#, #""\u12g4""#,
            "\"a\nb\"", "\"\u{1}\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "{\"a\"}", "{\"a\":}",
            "{\"a\":1,}", "{,}", "{1:2}", "{a:1}", "[}", "{]", "1 2", "[] []",
            "{}x", "// c\n1", "/**/1", "\u{FEFF}1", "\u{A0}1", "\u{B}1",
        ]
    )
    func refuses(json: String) {
        #expect([.malformed, .truncated].contains(code { try Self.check(Array(json.utf8)) }))
    }

    @Test("counts nesting, and stops where nothing of restic's goes")
    func depth() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        try Self.check(nested(JSONScanner.maximumDepth))
        #expect(code { try Self.check(nested(JSONScanner.maximumDepth + 1)) } == .tooDeep)
        #expect(code { try Self.check([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)) } == .tooDeep)
        #expect(code { try Self.check(Array(String(repeating: #"{"a":"#, count: 1_000_000).utf8)) } == .tooDeep)
        // Siblings are no depth.
        try Self.check(Array("[\(String(repeating: "[],", count: 10_000))[]]".utf8))
        #expect(
            code {
                _ = try Tree.decode(
                    Array(#"{"nodes":[{"x":"#.utf8) + [UInt8](repeating: UInt8(ascii: "["), count: 100_000)
                )
            } == .tooDeep
        )
    }

    @Test(
        "integers are exact, and neither fractions nor too large",
        arguments: [
            ("0", 0, nil), ("-0", 0, nil), ("9223372036854775807", Int64.max, nil), ("-9223372036854775808", .min, nil),
            ("null", 0, nil),
            ("9223372036854775808", nil, .outOfRange), ("-9223372036854775809", nil, .outOfRange),
            ("18446744073709551616", nil, .outOfRange),
            ("99999999999999999999999999999999999999999", nil, .outOfRange), ("1.0", nil, .malformed),
            ("1e3", nil, .malformed), ("00", nil, .malformed),
            ("-", nil, .truncated), ("- 1", nil, .malformed), ("\"1\"", nil, .malformed), ("1-1", nil, .malformed),
        ] as [(String, Int64?, ResticFormatError.Code?)]
    )
    func integers(json: String, value: Int64?, error: ResticFormatError.Code?) {
        var read: Int64?
        let result = code {
            try Array(json.utf8).withUnsafeBytes { bytes in
                var scanner = JSONScanner(bytes)
                read = try scanner.signed(Int64.self)
            }
        }
        #expect(result == error)
        #expect(error != nil || read == value)
    }

    @Test("agrees with Foundation on whether random scraps are JSON")
    func againstFoundation() {
        let seed: UInt64 = 21
        var generator = SeededGenerator(seed: seed)
        let scraps = ["{", "}", "[", "]", ",", ":", "\"a\"", "1", "-2.5", "null", "true", " ", "\"\\n\""]
        var valid = 0
        for _ in 0..<20_000 {
            let json = (0..<Int.random(in: 1...7, using: &generator)).map { _ in
                scraps.randomElement(using: &generator)!
            }.joined()
            // Foundation forgives a comma at the end of an array; Go does not.
            let compact = json.replacing(" ", with: "")
            guard !compact.contains(",]"), !compact.contains(",}") else { continue }
            let isValid = (try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)) != nil
            #expect((code { try Self.check(Array(json.utf8)) } == nil) == isValid, "seed \(seed), \(json)")
            if isValid { valid += 1 }
        }
        #expect(valid > 500)
    }
}
