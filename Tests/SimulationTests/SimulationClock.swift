import Locks
import ResticFormat
import ResticRepository

/// A clock that the simulation moves, backwards too. Short sleeps end at once; long ones, such as the wait before a lock is
/// refreshed, last until they are cancelled: no simulated operation takes that long.
final class SimulationClock: WallClock {
    private let seconds: Mutex<Int64>

    init(seconds: Int64) {
        self.seconds = Mutex(seconds)
    }

    var now: GoTime { GoTime(seconds: seconds.withLock(\.self)) }

    func move(by count: Int64) {
        seconds.withLock { $0 += count }
    }

    func sleep(_ duration: Duration) async throws {
        if duration > .seconds(30) {
            try await Task.sleep(for: .seconds(86_400))
        } else {
            try Task.checkCancellation()
        }
    }
}
