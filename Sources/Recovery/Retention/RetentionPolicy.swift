internal import Foundation
public import ResticFormat

/// Which restore points are kept. Pure: what it says depends on the restore points alone, not on the clock.
///
/// Every rule that applies gives a reason to keep; what no rule keeps is dropped. In each hour, day, week, month or year the newest
/// counts. Spans are measured back from the newest restore point, so that nothing runs out while no backups are made.
public struct RetentionPolicy: Sendable, Hashable {
    /// A part of the calendar of which one restore point is kept.
    public enum Period: String, Sendable, Hashable, CaseIterable {
        case hourly, daily, weekly, monthly, yearly
    }

    /// How many of the newest are kept.
    public var keepLast = 0
    /// In how many of the newest hours, days and so on that have any the newest is kept.
    public var keep: [Period: Int] = [:]
    /// All in this span are kept.
    public var keepWithin: RetentionSpan?
    /// In this span the newest of each hour, day and so on is kept.
    public var keepWithinPeriod: [Period: RetentionSpan] = [:]
    /// Those with any of these tags are kept.
    public var keepTags: [String] = []
    /// Whose calendar decides.
    public var timeZone = RetentionTimeZone.own

    /// A policy that keeps nothing.
    public init() {}

    /// Hourlies for 2 days, dailies for 30 days, weeklies for 90 days, monthlies for a year, annuals for 7 years.
    public static var standard: RetentionPolicy {
        var policy = RetentionPolicy()
        policy.keepWithinPeriod = [
            .hourly: RetentionSpan(days: 2), .daily: RetentionSpan(days: 30), .weekly: RetentionSpan(days: 90),
            .monthly: RetentionSpan(years: 1), .yearly: RetentionSpan(years: 7),
        ]
        return policy
    }

    /// Whether it keeps nothing whatever there is.
    public var isEmpty: Bool {
        keepLast == 0 && keep.values.allSatisfy { $0 == 0 } && keepWithin == nil && keepWithinPeriod.isEmpty
            && keepTags.isEmpty
    }

    /// Something that is kept or dropped.
    public struct Item: Sendable, Hashable {
        /// Its name.
        public var id: String
        /// When it was made.
        public var time: GoTime
        /// Its tags.
        public var tags: [String]

        /// Makes an item; see the properties.
        public init(id: String, time: GoTime, tags: [String] = []) {
            (self.id, self.time, self.tags) = (id, time, tags)
        }
    }

    /// What becomes of an item.
    public struct Verdict: Sendable, Hashable {
        /// The item.
        public var item: Item
        /// Why it is kept; empty when it is dropped.
        public var reasons: [String]

        /// Whether it is kept.
        public var isKept: Bool { !reasons.isEmpty }
    }

    /// Judges the items of one group, newest first.
    public func judge(_ items: [Item]) -> [Verdict] {
        let sorted = items.sorted { ($0.time, $0.id) > ($1.time, $1.id) }
        guard let newest = sorted.first else { return [] }
        var rules = Period.allCases.flatMap { makeRules(of: $0, newest: newest.time) }
        let cutoff = keepWithin.map { $0.before(newest.time, in: timeZone) }
        return sorted.enumerated().map { place, item in
            var reasons: [String] = []
            if place < keepLast { reasons.append(place == 0 ? "the newest" : "one of the last \(keepLast)") }
            if let cutoff, let keepWithin, item.time >= cutoff { reasons.append("within \(keepWithin)") }
            for rule in rules.indices {
                if let reason = rules[rule].take(item, timeZone), !reasons.contains(reason) { reasons.append(reason) }
            }
            for tag in keepTags where item.tags.contains(tag) { reasons.append("has the tag '\(tag)'") }
            return Verdict(item: item, reasons: reasons)
        }
    }

    private func makeRules(of period: Period, newest: GoTime) -> [Rule] {
        var rules: [Rule] = []
        if let count = keep[period], count > 0 { rules.append(Rule(period: period, remaining: count)) }
        if let span = keepWithinPeriod[period] {
            rules.append(Rule(period: period, remaining: .max, cutoff: span.before(newest, in: timeZone)))
        }
        return rules
    }

    /// A rule while it goes through the items, newest first.
    private struct Rule {
        let period: Period
        var remaining: Int
        var cutoff: GoTime?
        private var last: String?

        init(period: Period, remaining: Int, cutoff: GoTime? = nil) {
            (self.period, self.remaining, self.cutoff) = (period, remaining, cutoff)
        }

        /// - Returns: why the item is kept; `nil` when this rule does not keep it.
        mutating func take(_ item: Item, _ zone: RetentionTimeZone) -> String? {
            guard remaining > 0, cutoff.map({ item.time >= $0 }) ?? true else { return nil }
            let name = period.name(of: item.time, zone)
            guard name != last else { return nil }
            last = name
            if remaining != .max { remaining -= 1 }
            return "\(period.rawValue) of \(name)"
        }
    }
}

extension RetentionPolicy.Period {
    /// The hour, day and so on in which a moment lies: `2026-11-24 13h`, `2026-11-24`, `2026-W48`, `2026-11`, `2026`.
    func name(of time: GoTime, _ zone: RetentionTimeZone) -> String {
        let calendar = zone.calendar(at: time)
        let date = Date(timeIntervalSince1970: Double(time.seconds))
        if self == .weekly {
            let parts = calendar.dateComponents([.yearForWeekOfYear, .weekOfYear], from: date)
            return "\(Self.pad(parts.yearForWeekOfYear, 4))-W\(Self.pad(parts.weekOfYear, 2))"
        }
        let parts = calendar.dateComponents([.year, .month, .day, .hour], from: date)
        let (year, month) = (Self.pad(parts.year, 4), Self.pad(parts.month, 2))
        let day = "\(year)-\(month)-\(Self.pad(parts.day, 2))"
        switch self {
        case .yearly: return year
        case .monthly: return "\(year)-\(month)"
        case .daily: return day
        default:
            // The hour that comes twice when summer ends is two hours.
            let offset = calendar.timeZone.secondsFromGMT(for: date) / 60
            let zoneText =
                offset == 0
                ? "" : " \(offset < 0 ? "-" : "+")\(Self.pad(abs(offset) / 60, 2)):\(Self.pad(abs(offset) % 60, 2))"
            return "\(day) \(Self.pad(parts.hour, 2))h\(zoneText)"
        }
    }

    private static func pad(_ number: Int?, _ width: Int) -> String {
        let digits = String(number ?? 0)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
