internal import Foundation
internal import ResticFormat

/// Tells in which hour, day, week, month and year of a time zone moments lie. Remembers what it was asked: each moment costs a look into the
/// calendar once, however many rules ask for it.
///
/// A class so that the rules of one plan share what is remembered; used by one task.
final class RetentionCalendar {
    /// Where a moment lies.
    struct Place {
        var year = 0
        var month = 0
        var day = 0
        var hour = 0
        var weekYear = 0
        var week = 0
        /// How far local time is ahead of UTC, in minutes.
        var offset = 0

        /// Different for different periods of the same length.
        func key(_ period: RetentionPolicy.Period) -> Int {
            switch period {
            case .yearly: return year
            case .monthly: return year * 12 + month
            case .weekly: return weekYear * 64 + week
            case .daily: return (year * 12 + month) * 32 + day
            // The hour that comes twice when summer ends is two hours.
            case .hourly: return (((year * 12 + month) * 32 + day) * 24 + hour) * 4096 + offset
            }
        }

        /// As people read it: `2026-11-24 13h +01:00`, `2026-11-24`, `2026-W48`, `2026-11`, `2026`.
        func name(_ period: RetentionPolicy.Period) -> String {
            switch period {
            case .yearly: return Self.pad(year, 4)
            case .monthly: return "\(Self.pad(year, 4))-\(Self.pad(month, 2))"
            case .weekly: return "\(Self.pad(weekYear, 4))-W\(Self.pad(week, 2))"
            case .daily: return "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(day, 2))"
            case .hourly:
                let minutes = abs(offset)
                let zone =
                    offset == 0
                    ? "" : " \(offset < 0 ? "-" : "+")\(Self.pad(minutes / 60, 2)):\(Self.pad(minutes % 60, 2))"
                return "\(name(.daily)) \(Self.pad(hour, 2))h\(zone)"
            }
        }

        private static func pad(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }

    private struct Moment: Hashable {
        let seconds: Int64
        /// Only where each restore point's own offset counts.
        let offset: Int32
    }

    let zone: RetentionTimeZone
    private var calendars: [Int32: Calendar] = [:]
    private var places: [Moment: Place] = [:]
    private var reasons: [RetentionPolicy.Period: [Int: String]] = [:]

    init(_ zone: RetentionTimeZone) {
        self.zone = zone
    }

    func place(of time: GoTime) -> Place {
        let moment = Moment(seconds: time.seconds, offset: zone == .own ? time.utcOffsetSeconds : 0)
        if let known = places[moment] { return known }
        let calendar = calendar(at: time)
        let date = Date(timeIntervalSince1970: Double(time.seconds))
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .yearForWeekOfYear, .weekOfYear],
            from: date
        )
        let place = Place(
            year: parts.year ?? 0,
            month: parts.month ?? 0,
            day: parts.day ?? 0,
            hour: parts.hour ?? 0,
            weekYear: parts.yearForWeekOfYear ?? 0,
            week: parts.weekOfYear ?? 0,
            offset: calendar.timeZone.secondsFromGMT(for: date) / 60
        )
        places[moment] = place
        return place
    }

    /// Why a rule keeps what lies there: `daily of 2026-11-24`.
    func reason(_ period: RetentionPolicy.Period, _ place: Place) -> String {
        let key = place.key(period)
        if let known = reasons[period]?[key] { return known }
        let reason = "\(period.rawValue) of \(place.name(period))"
        reasons[period, default: [:]][key] = reason
        return reason
    }

    /// Where a span that is counted back from a moment ends.
    enum Cutoff {
        /// At a moment.
        case moment(GoTime)
        /// At a local time, in seconds since 1970 as if it were of UTC: whatever offset each restore point was noted with.
        case local(Int64)

        /// Whether a time is in the span.
        func admits(_ time: GoTime) -> Bool {
            switch self {
            case .moment(let cutoff): time >= cutoff
            case .local(let cutoff): time.seconds + Int64(time.utcOffsetSeconds) >= cutoff
            }
        }
    }

    /// Counts a span back: to the same time of day for years, months and days; so many times 3,600 seconds for hours. A day that the
    /// earlier month lacks is its last one, a time of day that was skipped there the one after the gap.
    func cutoff(_ span: RetentionSpan, before time: GoTime) -> Cutoff {
        let days = DateComponents(year: -span.years, month: -span.months, day: -span.days)
        let hours = Int64(span.hours) * 3600
        let hasDays = span.years + span.months + span.days > 0
        if zone == .own, hasDays {
            // An offset that changes with the seasons does not change what time of day it is.
            let local = time.seconds + Int64(time.utcOffsetSeconds)
            var calendar = Calendar(identifier: .iso8601)
            calendar.timeZone = .gmt
            let date = Date(timeIntervalSince1970: Double(local))
            guard let day = calendar.date(byAdding: days, to: date) else { return .moment(.zero) }
            return .local(Int64(day.timeIntervalSince1970) - hours)
        }
        let date = Date(timeIntervalSince1970: Double(time.seconds))
        guard let day = hasDays ? calendar(at: time).date(byAdding: days, to: date) : date else {
            return .moment(.zero)
        }
        return .moment(
            GoTime(seconds: Int64(day.timeIntervalSince1970) - hours, nanoseconds: Int64(time.nanoseconds))
        )
    }

    private func calendar(at time: GoTime) -> Calendar {
        let key = zone == .own ? time.utcOffsetSeconds : 0
        if let known = calendars[key] { return known }
        let calendar = zone.calendar(at: time)
        calendars[key] = calendar
        return calendar
    }
}

/// The calendars of the time zones that a plan looks at.
final class RetentionCalendars {
    private var calendars: [RetentionTimeZone: RetentionCalendar] = [:]

    subscript(zone: RetentionTimeZone) -> RetentionCalendar {
        if let known = calendars[zone] { return known }
        let calendar = RetentionCalendar(zone)
        calendars[zone] = calendar
        return calendar
    }
}
