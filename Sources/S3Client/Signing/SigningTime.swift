internal import FoundationEssentials

/// The moment of a signature, as Signature Version 4 writes it: `20150830T123600Z`, in UTC.
struct SigningTime: Sendable, Hashable {
    /// The day alone: `20150830`.
    let day: String
    /// Day and time.
    let stamp: String

    init(_ date: Date) {
        let parts = UTCParts(date)
        day = Self.padded(parts.year, 4) + Self.padded(parts.month, 2) + Self.padded(parts.day, 2)
        stamp =
            day + "T" + Self.padded(parts.hour, 2) + Self.padded(parts.minute, 2) + Self.padded(parts.second, 2) + "Z"
    }

    /// `2026-11-24T18:30:00Z`, as object lock and STS write it (RFC 3339, whole seconds).
    static func rfc3339(_ date: Date) -> String {
        let parts = UTCParts(date)
        let day = [padded(parts.year, 4), padded(parts.month, 2), padded(parts.day, 2)].joined(separator: "-")
        let time = [padded(parts.hour, 2), padded(parts.minute, 2), padded(parts.second, 2)].joined(separator: ":")
        return "\(day)T\(time)Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

/// A moment in the proleptic Gregorian calendar of UTC.
private struct UTCParts {
    var year, month, day, hour, minute, second: Int

    init(_ date: Date) {
        let seconds = Int(date.timeIntervalSince1970.rounded(.down))
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second],
            from: Date(timeIntervalSince1970: Double(seconds))
        )
        year = parts.year ?? 1970
        month = parts.month ?? 1
        day = parts.day ?? 1
        hour = parts.hour ?? 0
        minute = parts.minute ?? 0
        second = parts.second ?? 0
    }
}
