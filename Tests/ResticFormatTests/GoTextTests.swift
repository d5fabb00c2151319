import Foundation
import TestSupport
import Testing

@testable import ResticFormat

@Suite("Text as Go writes and reads it")
struct GoTextTests {
    /// Names and what `strconv.Quote` makes of them, between the marks.
    static let quotings: [(name: [UInt8], quoted: String)] = [
        ([], ""), (Array("plain name.txt".utf8), "plain name.txt"), (Array(#"a"b\c'd"#.utf8), #"a\"b\\c'd"#),
        ([7, 8, 12, 10, 13, 9, 11], #"\a\b\f\n\r\t\v"#), ([0x01, 0x1B, 0x1F, 0x7F], #"\x01\x1b\x1f\x7f"#),
        (Array("ünï 漢字 🦊 e\u{301}".utf8), "ünï 漢字 🦊 e\u{301}"), (Array("<&>".utf8), "<&>"),
        (
            Array("\u{A0}\u{AD}\u{200B}\u{2028}\u{202E}\u{3000}\u{FEFF}".utf8),
            #"\u00a0\u00ad\u200b\u2028\u202e\u3000\ufeff"#
        ),
        (Array("\u{80}\u{9F}\u{E000}\u{FFFF}\u{378}".utf8), #"\u0080\u009f\ue000\uffff\u0378"#),
        (Array("\u{FFFD}".utf8), "\u{FFFD}"),
        (Array("\u{E0041}\u{10FFFF}\u{F0000}".utf8), #"\U000e0041\U0010ffff\U000f0000"#),
        ([0xFF, 0x80, 0x41], #"\xff\x80A"#),
        ([0xE2, 0x82], #"\xe2\x82"#), ([0xC0, 0xAF], #"\xc0\xaf"#), ([0xED, 0xA0, 0x80], #"\xed\xa0\x80"#),
        ([0xF4, 0x90, 0x80, 0x80], #"\xf4\x90\x80\x80"#), ([0xE2, 0x82, 0xAC, 0xE2], "€\\xe2"),
        // Unicode 15.0 has the first, 15.1 and 16.0 added the others: Go 1.25 does not know them.
        (Array("\u{1FAE8}\u{2FFC}\u{2EBF0}\u{1CC00}".utf8), "\u{1FAE8}" + #"\u2ffc\U0002ebf0\U0001cc00"#),
    ]

    @Test("names are quoted as by strconv.Quote, and unquoted to the same bytes", arguments: quotings.indices)
    func quoting(index: Int) {
        let (name, quoted) = Self.quotings[index]
        #expect(text(GoQuoting.quote(name)) == quoted)
        #expect(Array(quoted.utf8).withUnsafeBytes { GoQuoting.unquote($0) } == name)
    }

    @Test("any bytes survive quoting")
    func quotingRandom() {
        let seed: UInt64 = 3
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            var name = generator.bytes(.random(in: 0..<12, using: &generator))
            // Half of them in characters, for random bytes are hardly ever UTF-8.
            let scalars = name.compactMap { byte in Unicode.Scalar(UInt32(byte) &* 4_099 &+ 31) }
            if Bool.random(using: &generator) { name = Array(String(String.UnicodeScalarView(scalars)).utf8) }
            let quoted = GoQuoting.quote(name)
            #expect(quoted.withUnsafeBytes { UTF8Sequence.isValid($0) }, "seed \(seed), \(name)")
            #expect(quoted.withUnsafeBytes { GoQuoting.unquote($0) } == name, "seed \(seed), \(name)")
        }
    }

    @Test(
        "unquotes what Go takes beyond what it writes",
        arguments: [(#"\101\377\000"#, [0x41, 0xFF, 0]), (#"\u00FC"#, [0xC3, 0xBC]), (#"\x4A'"#, [0x4A, 0x27])]
            as [(String, [UInt8])]
    )
    func unquoting(quoted: String, name: [UInt8]) {
        #expect(Array(quoted.utf8).withUnsafeBytes { GoQuoting.unquote($0) } == name)
    }

    @Test(
        "refuses to unquote what Go refuses",
        arguments: [
            #"\"#, #"a\"#, #"""#, "\n", #"\'"#, #"\q"#, #"\x"#, #"\x4"#, #"\xg0"#, #"\u123"#, #"\ud800"#,
            #"\U0000d800"#, #"\U00110000"#, #"\UFFFFFFFF"#,
            #"\8"#, #"\12"#, #"\400"#, #"\1x2"#,
        ]
    )
    func refusesQuoted(quoted: String) {
        #expect(Array(quoted.utf8).withUnsafeBytes { GoQuoting.unquote($0) } == nil)
    }

    @Test("takes exactly what Swift takes for UTF-8")
    func validity() {
        var generator = SeededGenerator(seed: 8)
        let heads: [UInt8] = [
            0x7F, 0x80, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5,
            0xFF,
        ]
        let tails: [UInt8] = [0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2]
        for _ in 0..<20_000 {
            let bytes =
                [heads.randomElement(using: &generator)!]
                + (0..<Int.random(in: 0...4, using: &generator)).map { _ in tails.randomElement(using: &generator)! }
            #expect(
                bytes.withUnsafeBytes { UTF8Sequence.isValid($0) } == (String(validating: bytes, as: UTF8.self) != nil),
                "\(bytes)"
            )
        }
        for value in UInt32(0)...0x10FFFF where value % 7 == 0 || value < 0x1_0000 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let decoded = Array(String(scalar).utf8).withUnsafeBytes { UTF8Sequence.decode($0, at: 0) }
            guard decoded?.scalar == scalar, decoded?.length == String(scalar).utf8.count else {
                Issue.record("U+\(String(value, radix: 16))")
                return
            }
        }
    }

    @Test(
        "strings are escaped as by encoding/json",
        arguments: [
            ("", ""), ("plain ~", "plain ~"), ("\"\\/", #"\"\\/"#), ("<script>&", #"\u003cscript\u003e\u0026"#),
            ("\u{8}\t\n\u{C}\r", #"\b\t\n\f\r"#),
            ("\0\u{1}\u{B}\u{1F}\u{7F}", #"\u0000\u0001\u000b\u001f"# + "\u{7F}"),
            ("a\u{2028}\u{2029}b\u{2027}", #"a\u2028\u2029b"# + "\u{2027}"),
            ("ü漢🦊\u{FFFD}\u{FEFF}", "ü漢🦊\u{FFFD}\u{FEFF}"),
        ]
    )
    func escaping(string: String, written: String) throws {
        var writer = JSONWriter()
        writer.value(string)
        #expect(text(writer.bytes) == "\"\(written)\"")
        try writer.bytes.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let read = try scanner.text()
            #expect(read == string)
        }
    }

    @Test(
        "what is not UTF-8 is written as one U+FFFD a byte, and read so",
        arguments: [([0xFF], 1), ([0xE2, 0x82], 2), ([0xF0, 0x9F, 0xA6, 0x41], 3), ([0xED, 0xA0, 0x80], 3)]
            as [([UInt8], Int)]
    )
    func invalid(bytes: [UInt8], count: Int) throws {
        var writer = JSONWriter()
        writer.value(utf8: bytes)
        let rest = bytes.last == 0x41 ? "A" : ""
        #expect(text(writer.bytes) == "\"" + String(repeating: #"\ufffd"#, count: count) + rest + "\"")
        let read = try ([0x22] + bytes + [0x22]).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            return try scanner.text()
        }
        #expect(read == String(repeating: "\u{FFFD}", count: count) + rest)
    }

    @Test(
        "escapes in strings read as in Go",
        arguments: [
            (#"\"\\\/\b\f\n\r\t"#, "\"\\/\u{8}\u{C}\n\r\t"), (#"\u00fc\u00FC"#, "üü"), (#"\ud83e\udd8a"#, "🦊"),
            (#"\ud83e"#, "\u{FFFD}"),
            (#"\ud83ex"#, "\u{FFFD}x"), (#"\ud83e\u0041"#, "\u{FFFD}A"), (#"\udd8a\ud83e"#, "\u{FFFD}\u{FFFD}"),
            (#"\ud83e\ud83e\udd8a"#, "\u{FFFD}🦊"),
            (#"\ud83e\n"#, "\u{FFFD}\n"), (#"\u0000"#, "\0"),
        ]
    )
    func unescaping(written: String, string: String) throws {
        try Array("\"\(written)\"".utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes)
            let read = try scanner.text()
            #expect(read == string)
        }
    }

    @Test("base 64 agrees with Foundation's, both ways")
    func base64() {
        var generator = SeededGenerator(seed: 12)
        for length in 0..<100 {
            let bytes = generator.bytes(length)
            var written: [UInt8] = []
            bytes.withUnsafeBytes { Base64.encode($0, to: &written) }
            #expect(written == Array(Data(bytes).base64EncodedData()))
            #expect(written.withUnsafeBytes { Base64.decode($0) } == bytes)
        }
    }

    @Test(
        "refuses what is no base 64",
        arguments: [
            "A", "AA", "AAA", "AA=", "A===", "====", "=AAA", "AA=A", "AA==AAAA", "AAAA=", "AB==", "AAB=", "A-A=",
            "A A=", "AAA\u{0}", "AAA=\n", "ÄA==",
        ]
    )
    func refusesBase64(written: String) {
        #expect(Array(written.utf8).withUnsafeBytes { Base64.decode($0) } == nil)
    }
}
