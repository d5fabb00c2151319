/// A point in time as restic stores it: Go's `time.Time` with the offset from UTC it was noted in.
///
/// Two times are equal when they are the same instant, whatever their offsets; so restic compares the nodes of two snapshots. Years lie between 0
/// and 9999 in local time, the only ones RFC 3339 can write: like restic, which mends the times of nodes before it stores them, a
/// time outside keeps its month, day and clock and gets the nearest of these years (restic internal/data/node.go, fixTime).
public struct GoTime: Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, negative before.
    public let seconds: Int64
    /// The rest in nanoseconds, 0 ..< 1,000,000,000; counts forward also before 1970.
    public let nanoseconds: Int32
    /// How far local time is ahead of UTC, in seconds; always whole minutes, and less than a day either way.
    public let utcOffsetSeconds: Int32

    /// Go's zero time, 0001-01-01T00:00:00Z, which stands for "not known".
    public static let zero = GoTime(seconds: -62_135_596_800)
    /// 1970-01-01T00:00:00Z.
    public static let epoch = GoTime(seconds: 0)

    /// Makes a time.
    ///
    /// - Parameters:
    ///   - seconds: seconds since 1970-01-01T00:00:00Z.
    ///   - nanoseconds: added to the seconds; any number, below zero as well.
    ///   - utcOffsetSeconds: how far local time is ahead of UTC. RFC 3339 writes offsets in minutes, so seconds (local mean times before
    ///     1900) are cut off; the instant stays what it is, where Go would shift it. An offset of a day or more counts as none.
    public init(seconds: Int64, nanoseconds: Int64 = 0, utcOffsetSeconds: Int32 = 0) {
        let (quotient, remainder) = Self.floorDivide(nanoseconds, by: 1_000_000_000)
        let total = max(-Self.farSeconds, min(Self.farSeconds, seconds)) + quotient
        let offset = abs(Int64(utcOffsetSeconds)) < 86_400 ? utcOffsetSeconds / 60 * 60 : 0
        self.seconds = Self.clampYear(localSeconds: total + Int64(offset)) - Int64(offset)
        self.nanoseconds = Int32(remainder)
        self.utcOffsetSeconds = offset
    }

    /// Makes a time from the two fields of a C `timespec`.
    ///
    /// - Parameters:
    ///   - timespecSeconds: `tv_sec`.
    ///   - nanoseconds: `tv_nsec`.
    ///   - localOffset: gives how far local time is ahead of UTC at the seconds it is called with, in seconds.
    public init(timespecSeconds: Int64, nanoseconds: Int64, localOffset: (Int64) -> Int32) {
        self.init(seconds: timespecSeconds, nanoseconds: nanoseconds, utcOffsetSeconds: localOffset(timespecSeconds))
    }

    /// Far outside the years that can be written, and far from overflow: a hundred thousand million years.
    private static let farSeconds: Int64 = 1 << 61

    static func floorDivide(_ dividend: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    /// Moves seconds of local time into the years 0 to 9999.
    private static func clampYear(localSeconds: Int64) -> Int64 {
        let (days, clock) = floorDivide(localSeconds, by: 86_400)
        let date = CivilDate(daysSince1970: days)
        guard !(0...9999).contains(date.year) else { return localSeconds }
        // A 29 February that the new year lacks becomes 1 March, as in Go's AddDate; counting days does that by itself.
        let moved = CivilDate(year: date.year < 0 ? 0 : 9999, month: date.month, day: date.day)
        return moved.daysSince1970 * 86_400 + clock
    }
}

extension GoTime: Comparable, Hashable {
    /// Whether both are the same instant.
    public static func == (left: Self, right: Self) -> Bool {
        left.seconds == right.seconds && left.nanoseconds == right.nanoseconds
    }

    /// Whether the left instant is before the right one.
    public static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(seconds)
        hasher.combine(nanoseconds)
    }
}
