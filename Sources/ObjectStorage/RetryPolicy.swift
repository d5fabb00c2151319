/// How often, and how far apart, a failed operation is tried again.
public struct RetryPolicy: Sendable, Hashable {
    /// Tries in all, the first included; at least 1.
    public var attemptLimit: Int
    /// The longest wait before the second try; it doubles for each one after that.
    public var firstDelay: Duration
    /// No wait that is drawn is longer.
    public var longestDelay: Duration
    /// A store that asks for a wait up to this is believed; one that asks for more is tried again after this.
    public var longestRequestedDelay: Duration

    /// Makes a policy. The defaults give a store about a minute to come back.
    public init(
        attemptLimit: Int = 7,
        firstDelay: Duration = .milliseconds(500),
        longestDelay: Duration = .seconds(30),
        longestRequestedDelay: Duration = .seconds(120)
    ) {
        self.attemptLimit = max(1, attemptLimit)
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.longestRequestedDelay = longestRequestedDelay
    }

    /// The wait after a failed try: anything from nothing to the limit, so that clients that failed together do not come
    /// back together ("full jitter").
    ///
    /// - Parameters:
    ///   - attempt: which try failed, from 1.
    ///   - requested: what the store asks for; the drawn wait comes on top of it, so that not all who were sent away return in
    ///     the same moment.
    func delay(
        after attempt: Int,
        requested: Duration? = nil,
        using generator: inout some RandomNumberGenerator
    ) -> Duration {
        // 2^30 first delays are beyond any limit, and the product stays finite.
        let limit = min(longestDelay, firstDelay * (1 << min(max(0, attempt - 1), 30)))
        let drawn = limit * Double.random(in: 0...1, using: &generator)
        return drawn + min(longestRequestedDelay, max(.zero, requested ?? .zero))
    }
}
