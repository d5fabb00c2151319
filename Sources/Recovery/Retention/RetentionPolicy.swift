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
        judge(items, RetentionCalendar(timeZone))
    }

    /// - Parameter calendar: of the policy's time zone.
    func judge(_ items: [Item], _ calendar: RetentionCalendar) -> [Verdict] {
        let sorted = items.sorted { ($0.time, $0.id) > ($1.time, $1.id) }
        guard let newest = sorted.first else { return [] }
        var rules = Period.allCases.flatMap { makeRules(of: $0, newest: newest.time, calendar) }
        let cutoff = keepWithin.map { calendar.cutoff($0, before: newest.time) }
        return sorted.enumerated().map { place, item in
            var reasons: [String] = []
            if place < keepLast { reasons.append(place == 0 ? "the newest" : "one of the last \(keepLast)") }
            if let cutoff, let keepWithin, cutoff.admits(item.time) { reasons.append("within \(keepWithin)") }
            let moment = calendar.place(of: item.time)
            for rule in rules.indices where rules[rule].takes(item.time, moment) {
                let reason = calendar.reason(rules[rule].period, moment)
                if !reasons.contains(reason) { reasons.append(reason) }
            }
            for tag in keepTags where item.tags.contains(tag) { reasons.append("has the tag '\(tag)'") }
            return Verdict(item: item, reasons: reasons)
        }
    }

    private func makeRules(of period: Period, newest: GoTime, _ calendar: RetentionCalendar) -> [Rule] {
        var rules: [Rule] = []
        if let count = keep[period], count > 0 { rules.append(Rule(period: period, remaining: count)) }
        if let span = keepWithinPeriod[period] {
            rules.append(Rule(period: period, remaining: .max, cutoff: calendar.cutoff(span, before: newest)))
        }
        return rules
    }

    /// A rule while it goes through the items, newest first.
    private struct Rule {
        let period: Period
        var remaining: Int
        var cutoff: RetentionCalendar.Cutoff?
        private var last: Int?

        init(period: Period, remaining: Int, cutoff: RetentionCalendar.Cutoff? = nil) {
            (self.period, self.remaining, self.cutoff) = (period, remaining, cutoff)
        }

        /// Whether this rule keeps the item.
        mutating func takes(_ time: GoTime, _ place: RetentionCalendar.Place) -> Bool {
            guard remaining > 0 else { return false }
            if let cutoff, !cutoff.admits(time) { return false }
            let key = place.key(period)
            guard key != last else { return false }
            last = key
            if remaining != .max { remaining -= 1 }
            return true
        }
    }
}
