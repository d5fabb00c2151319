internal import Glibc
public import ResticFormat

/// The time of day and the passing of time, passed in so that tests own both.
public protocol WallClock: Sendable {
    /// The time of day, with the local offset from UTC.
    var now: GoTime { get }
    /// Waits.
    func sleep(_ duration: Duration) async throws
}

/// The machine's clock.
public struct SystemWallClock: WallClock {
    /// Makes a clock.
    public init() {}

    public var now: GoTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return GoTime(
            seconds: Int64(time.tv_sec),
            nanoseconds: Int64(time.tv_nsec),
            utcOffsetSeconds: LocalTimeZone.offset(at: time.tv_sec)
        )
    }

    public func sleep(_ duration: Duration) async throws {
        try await Task.sleep(for: duration)
    }
}

/// The machine's time zone.
enum LocalTimeZone {
    /// Seconds east of UTC at a moment.
    static func offset(at seconds: Int) -> Int32 {
        var seconds = seconds
        var parts = tm()
        return localtime_r(&seconds, &parts) == nil ? 0 : Int32(parts.tm_gmtoff)
    }
}
