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

    /// Makes a policy. The defaults give a store 15 to 31 seconds to come back.
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

    /// The wait after a failed try: half of the limit, and anything up to the other half, so that clients that failed together do not
    /// come back together. With nothing fixed, as in "full jitter", a series of short waits could be over before a server has restarted.
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
        let drawn = limit(after: attempt) * Double.random(in: 0.5...1, using: &generator)
        return drawn + min(longestRequestedDelay, max(.zero, requested ?? .zero))
    }

    /// The least time that lies between the first try and the last, however short the waits are that are drawn.
    public var leastPatience: Duration {
        (1..<attemptLimit).prefix { $0 <= Self.mostCounted }.reduce(.zero) { $0 + limit(after: $1) / 2 }
    }

    /// More tries than this are more patience than anybody asks for.
    private static let mostCounted = 100_000

    /// The longest wait after a failed try.
    private func limit(after attempt: Int) -> Duration {
        // 2^30 first delays are beyond any limit, and the product stays finite.
        min(longestDelay, firstDelay * (1 << min(max(0, attempt - 1), 30)))
    }
}
