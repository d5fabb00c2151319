internal import Locks
internal import Recovery

/// Progress on one line of a terminal: what, how much, how fast, how long still.
final class TerminalProgress: ProgressSink {
    private struct State {
        var name = ""
        var total: Int64?
        var done: Int64 = 0
        var start = ContinuousClock.now
        var lastDrawn = ContinuousClock.now
        var isRunning = false
    }
    private let state = Mutex(State())

    /// How often the line is drawn: often enough to look alive, seldom enough to cost nothing.
    private static let interval: Duration = .milliseconds(100)

    func begin(_ name: String, totalBytes: Int64?) {
        state.withLock { state in
            state = State(name: name, total: totalBytes, isRunning: true)
            Self.draw(state)
        }
    }

    func advance(_ byteCount: Int64) {
        state.withLock { state in
            state.done += byteCount
            let now = ContinuousClock.now
            guard state.isRunning, now - state.lastDrawn >= Self.interval else { return }
            state.lastDrawn = now
            Self.draw(state)
        }
    }

    func end() {
        state.withLock { state in
            guard state.isRunning else { return }
            state.isRunning = false
            Console.raw("\r\u{1B}[K")
        }
    }

    private static func draw(_ state: State) {
        let elapsed = ContinuousClock.now - state.start
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        var text = "\r\u{1B}[K\(state.name)  \(Formatting.bytes(state.done))"
        if let total = state.total, total > 0 {
            text += " of \(Formatting.bytes(total)) (\(min(100, state.done * 100 / total)) %)"
        }
        if seconds > 0.5, state.done > 0 {
            let rate = Double(state.done) / seconds
            text += "  \(Formatting.bytes(Int64(rate)))/s"
            if let total = state.total, total > state.done {
                text += "  ETA \(Formatting.duration(.seconds(Double(total - state.done) / rate)))"
            }
        }
        Console.raw(text)
    }
}
