import NIOCore
import TestSupport
import Testing

@testable import Sealing

@Suite("An age file as text")
struct AgeArmorTests {
    private let identity = AgeIdentity()

    /// The lines of a file as text, the marks included; the last line of base 64 is short.
    private func lines(plain count: Int = 100) throws -> [String] {
        var sealer = try AgeSealer(to: .keys([identity.recipient]), armored: true)
        var text = try sealer.seal(ByteBuffer(repeating: 7, count: count))
        text.writeImmutableBuffer(try sealer.finish())
        return String(buffer: text).split(separator: "\n").map(String.init)
    }

    private func code(_ text: String, by size: Int = 4096) -> SealingError.Code? {
        openPiecewise(Array(text.utf8), with: AgeIdentities(keys: [identity]), by: size).code
    }

    @Test("has lines of 64 letters between its marks, whatever the length")
    func form() throws {
        for count in 0..<100 {
            let lines = try lines(plain: count)
            #expect(lines.first == AgeArmor.begin && lines.last == AgeArmor.end)
            #expect(lines.dropFirst().dropLast(2).allSatisfy { $0.utf8.count == 64 })
            #expect((4...64).contains(lines[lines.count - 2].utf8.count))
            #expect(code(lines.joined(separator: "\n") + "\n") == nil)
        }
    }

    @Test("may have the line ends of Windows, none at its end, and white space around it", arguments: [1, 7, 4096])
    func spellings(size: Int) throws {
        let lines = try lines()
        let text = lines.joined(separator: "\n")
        #expect(code(text, by: size) == nil)
        #expect(code(lines.joined(separator: "\r\n") + "\r\n", by: size) == nil)
        #expect(code("\n \t\r\n\(text)\n\n \r\n", by: size) == nil)
        #expect(code(String(repeating: "\n", count: 1024) + text, by: size) == nil)
        #expect(code(String(repeating: "\n", count: 1025) + text, by: size) == .notSealed)
        #expect(code(text + String(repeating: "\n", count: 2000), by: size) == .damaged)
    }

    static let refusals: [(title: String, code: SealingError.Code, change: @Sendable ([String]) -> String)] = [
        ("text before", .notSealed, { ("x\n" + $0.joined(separator: "\n")) }),
        ("text behind", .damaged, { $0.joined(separator: "\n") + "\nx" }),
        ("a second file", .damaged, { ($0 + $0).joined(separator: "\n") }),
        ("lower case", .notSealed, { $0.joined(separator: "\n").replacing("BEGIN", with: "begin") }),
        (
            "another kind", .notSealed,
            { $0.joined(separator: "\n").replacing("AGE ENCRYPTED FILE", with: "PRIVATE KEY") }
        ),
        ("another end", .damaged, { $0.joined(separator: "\n").replacing("END AGE", with: "END  AGE") }),
        (
            "space behind the first mark", .notSealed,
            { $0.joined(separator: "\n").replacing("FILE-----\n", with: "FILE----- \n") }
        ),
        ("headers", .damaged, { ([$0[0], "Version: 1", ""] + $0[1...]).joined(separator: "\n") }),
        ("empty line at the beginning", .damaged, { ([$0[0], ""] + $0[1...]).joined(separator: "\n") }),
        ("empty line at the end", .damaged, { ($0.dropLast() + ["", $0[$0.count - 1]]).joined(separator: "\n") }),
        ("no end", .truncated, { $0.dropLast().joined(separator: "\n") + "\n" }),
        ("half an end", .damaged, { String($0.joined(separator: "\n").dropLast()) }),
        (
            "short line", .damaged,
            { lines in
                ([lines[0], String(lines[1].prefix(60)), String(lines[1].suffix(4))] + lines[2...]).joined(
                    separator: "\n"
                )
            }
        ),
        ("long line", .damaged, { lines in ([lines[0], lines[1] + lines[2]] + lines[3...]).joined(separator: "\n") }),
        (
            "space in a line", .damaged,
            { lines in ([lines[0], " " + lines[1].dropFirst()] + lines[2...]).joined(separator: "\n") }
        ),
        (
            "space behind a line", .damaged,
            { lines in ([lines[0], lines[1] + " "] + lines[2...]).joined(separator: "\n") }
        ),
        ("no padding", .damaged, { $0.joined(separator: "\n").replacing("=", with: "") }),
        ("checksum of OpenPGP", .damaged, { ($0.dropLast() + ["=AAAA", $0[$0.count - 1]]).joined(separator: "\n") }),
        ("two carriage returns", .notSealed, { $0.joined(separator: "\r\r\n") }),
        ("nothing between the marks", .truncated, { [$0[0], $0[$0.count - 1]].joined(separator: "\n") }),
        ("a line left out", .damaged, { ($0[..<5] + $0[6...]).joined(separator: "\n") }),
    ]

    @Test("is refused in any other spelling", arguments: refusals.indices, [1, 4096])
    func refused(index: Int, size: Int) throws {
        let (title, code, change) = Self.refusals[index]
        // 201 bytes in all but for whole lines: the last line needs padding.
        var count = 100
        while try !lines(plain: count).joined().contains("=") { count += 1 }
        let lines = try lines(plain: count)
        #expect(self.code(change(lines), by: size) == code, "\(title)")
    }

    @Test("with a line that never ends is refused")
    func endlessLine() {
        #expect(code(AgeArmor.begin + "\n" + String(repeating: "A", count: 1_000_000)) == .damaged)
        #expect(code("-" + String(repeating: "-", count: 1_000_000)) == .notSealed)
    }
}
