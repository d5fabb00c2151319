import ResticFormat
import Testing

@testable import Recovery

@Suite("A retention policy")
struct RetentionPolicyTests {
    private func item(_ time: String, tags: [String] = []) -> RetentionPolicy.Item {
        RetentionPolicy.Item(id: time, time: GoTime(rfc3339: time) ?? .zero, tags: tags)
    }

    private func kept(_ times: [String], _ change: (inout RetentionPolicy) -> Void) -> [String] {
        var policy = RetentionPolicy()
        change(&policy)
        return policy.judge(times.map { item($0) }).filter(\.isKept).map(\.item.id)
    }

    @Test("keeps the last ones, whatever order they come in, and says so")
    func last() {
        var policy = RetentionPolicy()
        policy.keepLast = 2
        let verdicts = policy.judge(
            ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"].map { item($0) }
        )
        #expect(verdicts.map(\.item.id) == ["2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"])
        #expect(verdicts.map(\.reasons) == [["the newest"], ["one of the last 2"], []])
    }

    @Test("keeps the newest of each day, week, month and year")
    func periods() {
        let times = [
            "2026-01-01T12:00:00Z", "2026-01-01T10:00:00Z", "2025-12-31T23:00:00Z", "2025-12-29T00:00:00Z",
            "2025-12-28T23:59:59Z", "2025-11-30T00:00:00Z", "2024-02-29T00:00:00Z",
        ]
        #expect(kept(times) { $0.keep[.daily] = 2 } == [times[0], times[2]])
        // 2025-12-29 is the Monday of 2026-W01.
        #expect(kept(times) { $0.keep[.weekly] = 2 } == [times[0], times[4]])
        #expect(kept(times) { $0.keep[.monthly] = 3 } == [times[0], times[2], times[5]])
        #expect(kept(times) { $0.keep[.yearly] = 9 } == [times[0], times[2], times[6]])
        #expect(kept(times) { $0.keep[.hourly] = 2 } == [times[0], times[1]])
    }

    @Test("reads days on the calendar of the restore point, or of the zone that is given")
    func zones() {
        let times = ["2026-03-02T00:30:00+02:00", "2026-03-01T12:00:00+02:00"]
        #expect(kept(times) { $0.keep[.daily] = 5 }.count == 2)
        #expect(
            kept(times) {
                $0.keep[.daily] = 5
                $0.timeZone = RetentionTimeZone(named: "UTC") ?? .own
            } == [times[0]]
        )
    }

    @Test("takes the hour that comes twice when summer ends for two")
    func summerEnds() {
        let times = ["2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+02:00"]
        #expect(kept(times) { $0.keep[.hourly] = 5 }.count == 2)
        let zone = RetentionTimeZone(named: "Europe/Berlin") ?? .own
        #expect(
            kept(["2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z"]) {
                $0.keep[.hourly] = 5
                $0.timeZone = zone
            }.count == 2
        )
    }

    @Test("measures spans back from the newest, by the calendar")
    func spans() {
        let times = ["2026-03-31T12:00:00Z", "2026-02-28T12:00:00Z", "2026-02-28T11:59:59Z", "2020-01-01T00:00:00Z"]
        // A month before 31 March is 28 February.
        #expect(kept(times) { $0.keepWithin = RetentionSpan(months: 1) } == Array(times[..<2]))
        #expect(kept(times) { $0.keepWithinPeriod[.daily] = RetentionSpan(years: 1) } == [times[0], times[1]])
        #expect(kept(["1999-01-01T00:00:00Z"]) { $0.keepWithin = RetentionSpan(hours: 1) }.count == 1)
    }

    @Test("keeps what has a tag")
    func tags() {
        var policy = RetentionPolicy()
        policy.keepTags = ["audit"]
        let verdicts = policy.judge([item("2026-01-02T00:00:00Z"), item("2026-01-01T00:00:00Z", tags: ["audit"])])
        #expect(verdicts.map(\.reasons) == [[], ["has the tag 'audit'"]])
    }

    @Test("of the default thins out as the years go by: hours, days, weeks, months, years")
    func standard() {
        let newest = GoTime(rfc3339: "2026-06-15T12:00:00Z") ?? .zero
        let items = (0..<(3 * 365 * 24)).map { hour in
            let time = GoTime(seconds: newest.seconds - Int64(hour) * 3600)
            return RetentionPolicy.Item(id: "\(hour)", time: time)
        }
        let kept = RetentionPolicy.standard.judge(items).filter(\.isKept)
        let ages = kept.map { Double(newest.seconds - $0.item.time.seconds) / 86_400 }
        #expect(ages.count { $0 <= 2 } == 49)
        #expect(ages.count { $0 > 2 && $0 <= 30 } == 28)
        #expect((8...10).contains(ages.count { $0 > 31 && $0 <= 90 }), "\(ages)")
        #expect((8...10).contains(ages.count { $0 > 92 && $0 <= 365 }))
        #expect(ages.count { $0 > 366 } == 2)
        // Judged again, nothing more goes.
        let again = RetentionPolicy.standard.judge(kept.map(\.item))
        #expect(again.filter { !$0.isKept }.isEmpty)
    }

    @Test("reads and writes spans, and refuses what is none")
    func spanText() {
        for text in ["1y6m", "30d", "48h", "1y2m3d4h", "0h"] { #expect(RetentionSpan(text)?.description == text) }
        for text in ["", "d", "5", "5w", "1d1y", "-1d", "999999d", "1dd"] {
            #expect(RetentionSpan(text) == nil, "\(text)")
        }
    }
}
