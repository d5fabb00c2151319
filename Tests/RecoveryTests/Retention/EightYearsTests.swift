import Foundation
import ResticFormat
import Testing

@testable import Recovery
@testable import ResticRepository

/// A restore point each hour from 1 January 2018 on, and a forget each day after the run of 23:00 local time.
///
/// What is kept is compared with a table that was written by hand from the policy and a calendar: hourlies for 2 days, dailies for 30 days,
/// weeklies for 90 days, monthlies for a year, annuals for 7 years, counted back from 23:00 of the day.
@Suite("Eight years of hourly runs with the default policy", .timeLimit(.minutes(5)))
struct EightYearsTests {
    /// What is kept after the forget of a day.
    private struct Row {
        /// The day.
        var day: String
        /// All hours from this one on.
        var hoursSince: String
        /// How many these are: 49, but for the days on which clocks are changed.
        var hours: Int
        /// Before these: 23:00 of these days, a month and its days.
        var days: [(month: String, days: ClosedRange<Int>)] = []
        /// 23:00 of these: Sundays, last days of months and years, which are not in the days above.
        var older: [String] = []
    }

    private static let table = [
        Row(day: "2018-01-01", hoursSince: "2018-01-01T00", hours: 24),
        Row(day: "2018-01-03", hoursSince: "2018-01-01T23", hours: 49),
        Row(day: "2018-01-31", hoursSince: "2018-01-29T23", hours: 49, days: [("2018-01", 1...28)]),
        // In Auckland summer ends on that day: the hour from 2 to 3 comes twice.
        Row(
            day: "2018-04-01",
            hoursSince: "2018-03-30T23",
            hours: 49,
            days: [("2018-03", 2...29)],
            older: [
                "2018-01-07", "2018-01-14", "2018-01-21", "2018-01-28", "2018-02-04", "2018-02-11", "2018-02-18",
                "2018-02-25", "2018-01-31", "2018-02-28",
            ]
        ),
        Row(
            day: "2019-01-31",
            hoursSince: "2019-01-29T23",
            hours: 49,
            days: [("2019-01", 1...28)],
            older: [
                "2018-11-04", "2018-11-11", "2018-11-18", "2018-11-25", "2018-12-02", "2018-12-09", "2018-12-16",
                "2018-12-23", "2018-12-30",
                "2018-01-31", "2018-02-28", "2018-03-31", "2018-04-30", "2018-05-31", "2018-06-30", "2018-07-31",
                "2018-08-31", "2018-09-30", "2018-10-31", "2018-11-30", "2018-12-31",
            ]
        ),
        Row(
            day: "2020-12-31",
            hoursSince: "2020-12-29T23",
            hours: 49,
            days: [("2020-12", 1...28)],
            older: [
                "2020-10-04", "2020-10-11", "2020-10-18", "2020-10-25", "2020-11-01", "2020-11-08", "2020-11-15",
                "2020-11-22", "2020-11-29",
                "2019-12-31", "2020-01-31", "2020-02-29", "2020-03-31", "2020-04-30", "2020-05-31", "2020-06-30",
                "2020-07-31", "2020-08-31", "2020-09-30", "2020-10-31", "2020-11-30",
                "2018-12-31",
            ]
        ),
        Row(
            day: "2025-12-31",
            hoursSince: "2025-12-29T23",
            hours: 49,
            days: [("2025-12", 1...28)],
            older: [
                "2025-10-05", "2025-10-12", "2025-10-19", "2025-10-26", "2025-11-02", "2025-11-09", "2025-11-16",
                "2025-11-23",
                // The last of November is a Sunday.
                "2024-12-31", "2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-31", "2025-06-30",
                "2025-07-31", "2025-08-31", "2025-09-30", "2025-10-31", "2025-11-30",
                "2018-12-31", "2019-12-31", "2020-12-31", "2021-12-31", "2022-12-31", "2023-12-31",
            ]
        ),
    ]

    /// Two days with a change of clocks among them: how many hours there are from 23:00 to 23:00, and of the changed one.
    private static let changes: [String: [(day: String, hours: Int, hour: String, times: Int)]] = [
        "UTC": [("2021-03-29", 49, "2021-03-28T02", 1), ("2021-11-01", 49, "2021-10-31T02", 1)],
        "Europe/Berlin": [("2021-03-29", 48, "2021-03-28T02", 0), ("2021-11-01", 50, "2021-10-31T02", 2)],
        "America/New_York": [("2021-03-15", 48, "2021-03-14T02", 0), ("2021-11-08", 50, "2021-11-07T01", 2)],
        "Pacific/Auckland": [("2021-09-27", 48, "2021-09-26T02", 0), ("2018-04-01", 50, "2018-04-01T02", 2)],
    ]

    /// Local times to the hour, of all hourly runs in a zone: `2018-01-01T00`.
    private static func runs(in zone: TimeZone) -> [(time: GoTime, label: String)] {
        let newYear = GoTime(rfc3339: "2018-01-01T00:00:00Z") ?? .zero
        let start =
            newYear.seconds - Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(newYear.seconds))))
        // Eight years with two leap days.
        return (0..<(8 * 365 + 2) * 24).map { hour in
            let seconds = start + Int64(hour) * 3600
            let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds)))
            let time = GoTime(seconds: seconds, utcOffsetSeconds: Int32(offset))
            return (time, String("\(time)".prefix(13)))
        }
    }

    private static func expected(_ row: Row, _ runs: [(time: GoTime, label: String)]) -> [String] {
        let last = "\(row.day)T23"
        let hours = runs.map(\.label).filter { $0 >= row.hoursSince && $0 <= last }
        let days = row.days.flatMap { month in
            month.days.map { "\(month.month)-\($0 < 10 ? "0" : "")\($0)T23" }
        }
        return (hours + days + row.older.map { "\($0)T23" }).sorted()
    }

    @Test(
        "keep what the table says",
        arguments: [
            ("UTC", true), ("Europe/Berlin", true), ("America/New_York", true), ("Pacific/Auckland", true),
            ("Pacific/Auckland", false),
        ]
    )
    func table(zoneName: String, isNamed: Bool) async throws {
        let zone = try #require(TimeZone(identifier: zoneName))
        let runs = Self.runs(in: zone)
        var options = ForgetOptions()
        // Each run's own offset says the same as the zone's name.
        options.policy.timeZone = isNamed ? try #require(RetentionTimeZone(named: zoneName)) : .own
        let calendars = RetentionCalendars()
        var entries: [ForgetPlan.Entry] = []
        var labels: [String: String] = [:]
        var rows = 0
        var changes = 0
        for (number, run) in runs.enumerated() {
            labels["\(number)"] = run.label
            entries.append(Self.entry("\(number)", run.time))
            guard run.label.hasSuffix("T23") else { continue }
            ForgetPlanner(options: options, now: run.time).judge(&entries, calendars)
            if entries.contains(where: \.reasons.isEmpty) { Issue.record("no reason is given on \(run.label)") }
            entries.removeAll { !$0.isKept }
            // Other tests of this process wait for their programs.
            await Task.yield()
            let kept = entries.compactMap { labels[$0.id] }.sorted()
            let day = run.label.prefix(10)
            if let row = Self.table.first(where: { $0.day == day }) {
                rows += 1
                #expect(kept == Self.expected(row, runs), "\(zoneName), \(day)")
                let isChanged = Self.changes[zoneName]?.contains { $0.day == day } ?? false
                #expect(isChanged || kept.count { $0 >= row.hoursSince } == row.hours, "\(zoneName), \(day)")
            }
            for change in Self.changes[zoneName] ?? [] where change.day == day {
                changes += 1
                // From 23:00 two days before: the hours that are kept without a gap.
                let since = runs[...number].lastIndex { $0.label == Self.start(of: change.day) } ?? 0
                #expect(number - since + 1 == change.hours, "\(zoneName), \(day)")
                #expect(kept.count { $0 >= runs[since].label } == change.hours, "\(zoneName), \(day)")
                #expect(kept.count { $0 == change.hour } == change.times, "\(zoneName), \(day)")
            }
        }
        #expect(rows == 7 && changes == 2, "all of the table was compared")
    }

    /// 23:00 two days before, written out for the days of the table of changes.
    private static func start(of day: String) -> String {
        [
            "2021-03-29": "2021-03-27T23", "2021-11-01": "2021-10-30T23", "2021-03-15": "2021-03-13T23",
            "2021-11-08": "2021-11-06T23", "2021-09-27": "2021-09-25T23", "2018-04-01": "2018-03-30T23",
        ][day] ?? ""
    }

    private static func entry(_ id: String, _ time: GoTime) -> ForgetPlan.Entry {
        ForgetPlan.Entry(
            kind: .restorePoint,
            id: id,
            system: "test",
            time: time,
            components: ["documents", "qdrant"],
            snapshots: [],
            isKept: true,
            reasons: []
        )
    }

    @Test("that nobody forgot anything of until the end come to the same, read from 210,000 snapshots")
    func atOnce() throws {
        let zone = try #require(TimeZone(identifier: "Europe/Berlin"))
        let runs = Self.runs(in: zone)
        var snapshots: [StoredSnapshot] = []
        for (number, run) in runs.enumerated() {
            let digits = String(number, radix: 16)
            let id = String(repeating: "0", count: 8 - digits.count) + digits
            for (place, tag) in ["component:documents", "component:qdrant", "restore-point"].enumerated() {
                let record = SnapshotRecord(
                    time: run.time,
                    tree: .zero,
                    paths: ["/x"],
                    hostname: "test",
                    tags: ["holdfast", "rp:\(id)", tag]
                )
                let name = ResticID(hex: String(repeating: "0", count: 55) + "\(place)" + id)
                snapshots.append(StoredSnapshot(id: try #require(name), record: record))
            }
        }
        let now = try #require(runs.last).time
        let plan = try ForgetPlanner(options: ForgetOptions(), now: now).plan(snapshots)
        let kept = plan.entries.filter(\.isKept).map { String("\($0.time)".prefix(13)) }.sorted()
        #expect(kept == Self.expected(try #require(Self.table.last), runs))
        #expect(plan.entries.count == runs.count && plan.dropsMany)
    }
}
