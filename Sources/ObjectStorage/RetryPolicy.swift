/// How often, and how far apart, a failed operation is tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries in all, the first included; at least 1.
    public var attemptLimit: Int
    /// The longest wait before the second try; it doubles for each one after that.
    public var firstDelay: Duration
    /// No wait is longer.
    public var longestDelay: Duration

    /// Makes a policy. The defaults give a store about a minute to come back.
    public init(
        attemptLimit: Int = 7,
        firstDelay: Duration = .milliseconds(500),
        longestDelay: Duration = .seconds(30)
    ) {
        self.attemptLimit = max(1, attemptLimit)
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
    }

    /// The wait after a failed try: anything from nothing to the limit, so that clients that failed together do not come
    /// back together ("full jitter").
    ///
    /// - Parameter attempt: which try failed, from 1.
    func delay(after attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        // 2^30 first delays are beyond any limit, and the product stays finite.
        let limit = min(longestDelay, firstDelay * (1 << min(max(0, attempt - 1), 30)))
        return limit * Double.random(in: 0...1, using: &generator)
    }
}
