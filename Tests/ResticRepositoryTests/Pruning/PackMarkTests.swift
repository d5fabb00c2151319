import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A mark of packs")
struct PackMarkTests {
    private static let text =
        #"{"version":1,"time":"2026-11-24T12:00:00Z","holders":[{"hostname":"a\"b","pid":7}],"packs":["#
        + #"{"id":"\#(String(repeating: "0a", count: 32))","reason":"repacked"}]}"#

    @Test("comes back as it was, and is written as documented")
    func roundTrip() throws {
        let mark = try PackMark.decode(Array(Self.text.utf8))
        #expect(mark.holders == [PackMark.Holder(hostname: "a\"b", pid: 7)])
        #expect(mark.packs.map(\.reason) == [.repacked])
        #expect(mark.time == GoTime(rfc3339: "2026-11-24T12:00:00Z"))
        #expect(String(decoding: mark.encode(), as: UTF8.self) == Self.text)
    }

    @Test(
        "of another version, or without what it needs, is refused",
        arguments: [
            (#"{"version":2,"time":{"seconds":1},"packs":7}"#, ResticFormatError.Code.unsupportedVersion),
            (#"{"time":"2026-11-24T12:00:00Z","packs":[]}"#, .malformed),
            (#"{"version":null,"time":"2026-11-24T12:00:00Z"}"#, .malformed),
            (#"{"version":1,"packs":[]}"#, .malformed),
            (#"{"version":1,"time":null,"packs":[]}"#, .malformed),
            (#"{"version":1,"time":"yesterday","packs":[]}"#, .malformed),
            (#"{"version":-1}"#, .malformed),
            (#"{"version":1,"time":"2026-11-24T12:00:00Z","packs":[{"reason":"repacked"}]}"#, .malformed),
            (
                #"{"version":1,"time":"2026-11-24T12:00:00Z","packs":[{"id":"\#(String(repeating: "0a", count: 32))","reason":"whim"}]}"#,
                .malformed
            ),
            (#"{"version":1} "#, .malformed), (#"{"version":1}x"#, .malformed), ("[]", .malformed), ("", .truncated),
        ]
    )
    func refused(text: String, code: ResticFormatError.Code) {
        let error = #expect(throws: ResticFormatError.self) { try PackMark.decode(Array(text.utf8)) }
        #expect(error?.code == code, "\(text)")
    }

    @Test("cut off or altered anywhere is refused or read, but never trips", arguments: [UInt64(1), 2, 3])
    func mutated(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = Array(Self.text.utf8)
        for count in 0..<bytes.count {
            #expect(throws: ResticFormatError.self) { try PackMark.decode(Array(bytes[..<count])) }
        }
        for _ in 0..<2000 {
            var mutant = bytes
            for _ in 0...Int(generator.next() % 4) {
                mutant[Int(generator.next() % UInt64(mutant.count))] = UInt8(truncatingIfNeeded: generator.next())
            }
            _ = try? PackMark.decode(mutant)
        }
    }
}
