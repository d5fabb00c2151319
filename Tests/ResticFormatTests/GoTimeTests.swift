import TestSupport
import Testing

@testable import ResticFormat

@Suite("Times")
struct GoTimeTests {
    struct Example: Sendable {
        let text: String
        let seconds: Int64
        var nanoseconds: Int64 = 0
        var offset: Int32 = 0
    }

    static let examples = [
        Example(text: "1970-01-01T00:00:00Z", seconds: 0),
        Example(text: "2024-02-29T23:59:59Z", seconds: 1_709_251_199),
        Example(text: "2000-02-29T12:00:00Z", seconds: 951_825_600),
        Example(text: "1969-12-31T23:59:59.999999999Z", seconds: -1, nanoseconds: 999_999_999),
        Example(text: "1900-03-01T00:00:00Z", seconds: -2_203_891_200),
        Example(text: "0001-01-01T00:00:00Z", seconds: -62_135_596_800),
        Example(text: "0000-01-01T00:00:00Z", seconds: -62_167_219_200),
        Example(text: "9999-12-31T23:59:59.999999999Z", seconds: 253_402_300_799, nanoseconds: 999_999_999),
        Example(text: "2023-11-14T22:13:20.5+01:00", seconds: 1_699_996_400, nanoseconds: 500_000_000, offset: 3_600),
        Example(text: "2023-11-14T22:13:20.00000001-09:30", seconds: 1_700_034_200, nanoseconds: 10, offset: -34_200),
        Example(
            text: "2023-11-15T03:58:20.123456789+05:45",
            seconds: 1_700_000_000,
            nanoseconds: 123_456_789,
            offset: 20_700
        ),
        Example(text: "1969-12-31T19:00:00-05:00", seconds: 0, offset: -18_000),
        Example(text: "2023-01-01T00:00:00+23:59", seconds: 1_672_444_860, offset: 86_340),
    ]

    @Test("a time is written as Go writes it, and reads back", arguments: examples)
    func bothWays(example: Example) throws {
        let time = GoTime(seconds: example.seconds, nanoseconds: example.nanoseconds, utcOffsetSeconds: example.offset)
        #expect(time.rfc3339 == example.text)
        let read = try #require(GoTime(rfc3339: example.text))
        #expect(
            read.seconds == example.seconds && read.nanoseconds == example.nanoseconds
                && read.utcOffsetSeconds == example.offset
        )
    }

    @Test("any time of the years that can be written reads back as itself")
    func randomTimes() throws {
        let seed: UInt64 = 7
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let time = GoTime(
                seconds: .random(in: -62_167_132_800...253_402_214_400, using: &generator),
                nanoseconds: .random(in: 0..<1_000_000_000, using: &generator),
                utcOffsetSeconds: .random(in: -1_439...1_439, using: &generator) * 60
            )
            let read = try #require(GoTime(rfc3339: time.rfc3339), "seed \(seed), \(time)")
            #expect(read == time && read.utcOffsetSeconds == time.utcOffsetSeconds, "seed \(seed), \(time)")
        }
    }

    @Test("calendar days count without gaps, and leap days come when they should")
    func calendar() {
        var day = CivilDate(year: -1, month: 12, day: 31)
        for days in CivilDate(year: 0, month: 1, day: 1)
            .daysSince1970...CivilDate(year: 401, month: 1, day: 1).daysSince1970
        {
            let next = CivilDate(daysSince1970: days)
            let isLeap = day.year % 4 == 0 && (day.year % 100 != 0 || day.year % 400 == 0)
            let lengths: [Int64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            let expected =
                day.day < lengths[Int(day.month) - 1]
                ? CivilDate(year: day.year, month: day.month, day: day.day + 1)
                : day.month < 12
                    ? CivilDate(year: day.year, month: day.month + 1, day: 1)
                    : CivilDate(year: day.year + 1, month: 1, day: 1)
            guard next == expected, next.daysSince1970 == days else {
                Issue.record("\(next) after \(day)")
                return
            }
            day = next
        }
    }

    @Test("years outside 0 to 9999 are moved there, as restic moves them")
    func clamping() {
        #expect(GoTime(seconds: 253_402_300_800).rfc3339 == "9999-01-01T00:00:00Z")
        #expect(GoTime(seconds: -62_167_219_201).rfc3339 == "0000-12-31T23:59:59Z")
        // 10000 is a leap year and 9999 is none: Go's AddDate makes 1 March of 29 February.
        #expect(GoTime(seconds: 253_407_484_799).rfc3339 == "9999-03-01T23:59:59Z")
        // The year is that of local time.
        #expect(GoTime(seconds: 253_402_300_799, utcOffsetSeconds: 3_600).rfc3339 == "9999-01-01T00:59:59+01:00")
        #expect(GoTime(seconds: 253_402_300_800, utcOffsetSeconds: -3_600).rfc3339 == "9999-12-31T23:00:00-01:00")
        for seconds in [Int64.min, .max, 1 << 60, -(1 << 60)] {
            let time = GoTime(seconds: seconds, nanoseconds: .max, utcOffsetSeconds: 3_600)
            #expect(GoTime(rfc3339: time.rfc3339) == time)
        }
    }

    @Test("nanoseconds outside a second move the seconds")
    func normalization() {
        #expect(GoTime(seconds: 10, nanoseconds: -1) == GoTime(seconds: 9, nanoseconds: 999_999_999))
        #expect(GoTime(seconds: 10, nanoseconds: 2_000_000_001) == GoTime(seconds: 12, nanoseconds: 1))
        #expect(GoTime(seconds: 0, nanoseconds: -1_000_000_000).rfc3339 == "1969-12-31T23:59:59Z")
    }

    @Test("an offset of whole minutes is all that is kept, and the instant stays")
    func oddOffsets() {
        // Amsterdam until 1937: 19 minutes and 32 seconds.
        let time = GoTime(seconds: -1_100_000_000, utcOffsetSeconds: 1_172)
        #expect(time.seconds == -1_100_000_000 && time.utcOffsetSeconds == 1_140)
        #expect(GoTime(seconds: 0, utcOffsetSeconds: -1_172).rfc3339 == "1969-12-31T23:41:00-00:19")
        #expect(GoTime(seconds: 0, utcOffsetSeconds: -30).rfc3339 == "1970-01-01T00:00:00Z")
        #expect(GoTime(seconds: 0, utcOffsetSeconds: 86_400).rfc3339 == "1970-01-01T00:00:00Z")
        #expect(GoTime(seconds: 0, utcOffsetSeconds: .min).rfc3339 == "1970-01-01T00:00:00Z")
    }

    @Test("the offset of a timespec is asked for its own seconds")
    func timespec() {
        let time = GoTime(timespecSeconds: 1_000, nanoseconds: 5) { $0 == 1_000 ? 7_200 : 0 }
        #expect(time.rfc3339 == "1970-01-01T02:16:40.000000005+02:00")
    }

    @Test("equality and order are those of the instants")
    func comparison() {
        let (noon, same) = (GoTime(seconds: 43_200), GoTime(seconds: 43_200, utcOffsetSeconds: 3_600))
        #expect(noon == same && noon.hashValue == same.hashValue && !(noon < same))
        #expect(noon < GoTime(seconds: 43_200, nanoseconds: 1))
        #expect(GoTime(seconds: -1, nanoseconds: 5) < GoTime(seconds: 0))
    }

    @Test(
        "reads what Go reads beyond what it writes",
        arguments: [
            ("2023-11-14T22:13:20.100Z", "2023-11-14T22:13:20.1Z"),
            ("2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20Z"),
            ("2023-11-14T22:13:20-00:00", "2023-11-14T22:13:20Z"),
            ("2023-11-14T22:13:20.0000000019Z", "2023-11-14T22:13:20.000000001Z"),
        ]
    )
    func tolerance(text: String, written: String) {
        #expect(GoTime(rfc3339: text)?.rfc3339 == written)
    }

    @Test(
        "refuses what is no time",
        arguments: [
            "", "Z", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14 22:13:20Z", "2023-11-14t22:13:20Z",
            "2023-11-14T22:13:20z",
            "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20.5", "2023-11-14T22:13:20,5Z", "2023-11-14T22:13:20+1:00",
            "2023-11-14T22:13:20+01:0",
            "2023-11-14T22:13:20+0100", "2023-11-14T22:13:20+24:00", "2023-11-14T22:13:20+01:60",
            "2023-11-14T22:13:20Z ", "2023-11-14T24:00:00Z",
            "2023-11-14T22:60:00Z", "2023-11-14T22:13:60Z", "2023-00-14T22:13:20Z", "2023-13-14T22:13:20Z",
            "2023-11-00T22:13:20Z",
            "2023-02-29T22:13:20Z", "2023-04-31T22:13:20Z", "1900-02-29T00:00:00Z", "12023-11-14T22:13:20Z",
            "-023-11-14T22:13:20Z", "2023-11-14T2a:13:20Z",
        ]
    )
    func refusals(text: String) {
        #expect(GoTime(rfc3339: text) == nil)
    }
}
