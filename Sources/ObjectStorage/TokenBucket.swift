/// How long to wait so that a rate is kept: a pure state machine, without a clock of its own.
///
/// Tokens (bytes) flow in at a steady rate up to a limit. Whoever takes more than there are goes into debt and is told
/// how long to wait until it is paid; those who come later wait longer, so requests of any size are served in order.
struct TokenBucket: Sendable, Hashable {
    /// Tokens a second.
    let rate: Int64
    /// The most that may lie unused: what may pass at once after a pause.
    let capacity: Int64
    /// Negative is debt.
    private var tokens: Double
    private var lastTime: Duration = .zero

    /// Makes a full bucket.
    ///
    /// - Parameters:
    ///   - rate: tokens a second, at least 1.
    ///   - capacity: at least 1; by default what flows in during a second.
    init(rate: Int64, capacity: Int64? = nil) {
        self.rate = max(1, rate)
        self.capacity = max(1, capacity ?? rate)
        tokens = Double(self.capacity)
    }

    /// Takes `count` tokens.
    ///
    /// - Parameter time: since any fixed moment; time that runs backward counts as standing still.
    /// - Returns: how long to wait before using them, zero or more.
    mutating func take(_ count: Int64, at time: Duration) -> Duration {
        let elapsed = max(.zero, time - lastTime)
        lastTime = max(lastTime, time)
        tokens = min(Double(capacity), tokens + Double(rate) * (elapsed / .seconds(1)))
        tokens -= Double(count)
        return tokens >= 0 ? .zero : .seconds(1) * (-tokens / Double(rate))
    }

    /// Puts back tokens that were taken and not used.
    mutating func giveBack(_ count: Int64) {
        tokens = min(Double(capacity), tokens + Double(count))
    }
}
