internal import Foundation
internal import ResticFormat

/// A span of the calendar, as restic writes it: `1y6m`, `30d`, `48h`; years, months, days and hours, in this order, each at most once.
public struct RetentionSpan: Sendable, Hashable, CustomStringConvertible {
    /// Years.
    public var years = 0
    /// Months.
    public var months = 0
    /// Days.
    public var days = 0
    /// Hours.
    public var hours = 0

    /// Makes a span.
    public init(years: Int = 0, months: Int = 0, days: Int = 0, hours: Int = 0) {
        (self.years, self.months, self.days, self.hours) = (years, months, days, hours)
    }

    /// Reads a span.
    ///
    /// - Returns: `nil` when the text is none, empty, or a number in it has more than five digits.
    public init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        var rest = text[...]
        for (unit, path) in Self.units {
            let digits = rest.prefix { ("0"..."9").contains($0) }
            guard !digits.isEmpty, digits.count <= 5, rest.dropFirst(digits.count).first == unit else { continue }
            self[keyPath: path] = Int(digits) ?? 0
            rest = rest.dropFirst(digits.count + 1)
        }
        guard rest.isEmpty else { return nil }
    }

    public var description: String {
        let parts = Self.units.filter { self[keyPath: $0.path] > 0 }.map { "\(self[keyPath: $0.path])\($0.unit)" }
        return parts.isEmpty ? "0h" : parts.joined()
    }

    nonisolated(unsafe) private static let units: [(unit: Character, path: WritableKeyPath<RetentionSpan, Int>)] = [
        ("y", \.years), ("m", \.months), ("d", \.days), ("h", \.hours),
    ]
}

/// Whose calendar decides on which day a restore point was made.
public struct RetentionTimeZone: Sendable, Hashable {
    private let zone: TimeZone?

    /// The offset from UTC that each restore point was noted with.
    public static let own = RetentionTimeZone(zone: nil)

    private init(zone: TimeZone?) {
        self.zone = zone
    }

    /// A zone by its name in the tz database, or `UTC`.
    ///
    /// - Returns: `nil` when there is none of that name.
    public init?(named name: String) {
        guard let zone = TimeZone(identifier: name) else { return nil }
        self.zone = zone
    }

    /// As the configuration writes it: a name of the tz database, `UTC`, or `own`.
    public var name: String { zone.map { $0.identifier == "GMT" ? "UTC" : $0.identifier } ?? "own" }

    /// The ISO calendar (weeks begin on Monday) in the zone that counts for a moment.
    func calendar(at time: GoTime) -> Calendar {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = zone ?? TimeZone(secondsFromGMT: Int(time.utcOffsetSeconds)) ?? .gmt
        return calendar
    }
}
