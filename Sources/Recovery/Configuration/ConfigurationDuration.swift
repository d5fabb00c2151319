/// Spans of time as a configuration writes them: a whole number and a unit, as in `500ms`, `30s`, `5m`, `1h`.
enum ConfigurationDuration {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000),
    ]

    /// Reads a span; `nil` when the text is none, or beyond 1000 days.
    static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { ("0"..."9").contains($0) }
        guard let unit = units.first(where: { $0.suffix == text.dropFirst(digits.count) }),
            !digits.isEmpty, digits.count <= 9, let count = Int64(digits)
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        guard !overflow, milliseconds <= 86_400_000 * 1000 else { return nil }
        return .milliseconds(milliseconds)
    }

    /// Writes a span with the largest unit that it is a whole number of; fractions of a millisecond are dropped.
    static func render(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let unit = units.last { milliseconds % $0.milliseconds == 0 && milliseconds >= $0.milliseconds } ?? units[0]
        return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
    }
}
