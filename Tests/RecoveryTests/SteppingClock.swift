import ResticFormat
import ResticRepository

/// A wall clock that moves only when somebody sleeps, and by exactly that.
final class SteppingClock: WallClock {
    private let time: Guarded<GoTime>
    private let log = Guarded<[Duration]>([])

    init(_ start: String = "2026-03-02T10:00:00Z") {
        time = Guarded(GoTime(rfc3339: start) ?? .epoch)
    }

    var now: GoTime { time.value }
    /// What was slept, in order.
    var sleeps: [Duration] { log.value }

    func sleep(_ duration: Duration) async throws {
        try Task.checkCancellation()
        log.change { $0.append(duration) }
        move(duration)
    }

    func move(_ duration: Duration) {
        time.change { now in
            let (seconds, attoseconds) = duration.components
            now = GoTime(
                seconds: now.seconds + seconds,
                nanoseconds: Int64(now.nanoseconds) + attoseconds / 1_000_000_000
            )
        }
    }
}
