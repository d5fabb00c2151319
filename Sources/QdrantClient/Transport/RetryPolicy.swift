/// How far a call may be repeated after a failure.
enum Repeatability: Sendable, Hashable, CaseIterable {
    /// Changes nothing: repeat after anything that may pass.
    case read
    /// A second time gives the same state and the same answer: repeat even when the first may have taken effect.
    case idempotentWrite
    /// Repeat only when the server has certainly not begun.
    case write
    /// Leave the decision to the caller: uploads (the source is spent) and making snapshots (one more would be made).
    case never
}

/// When to try a failed call again, as a pure function.
///
/// Delays grow by doubling from ``firstDelay`` to ``longestDelay``, each drawn evenly between half and all of that, so
/// that many clients do not come back at once. A server that says how long to wait (`Retry-After`) is believed up to
/// ``longestRequestedDelay``, and waited for that long at least.
public struct RetryPolicy: Sendable, Hashable {
    /// How often a call is made in all; 1 never repeats.
    public var attempts: Int
    /// The first delay, before drawing.
    public var firstDelay: Duration
    /// The longest delay, before drawing.
    public var longestDelay: Duration
    /// When the server asks for more than this, the call fails instead.
    public var longestRequestedDelay: Duration

    /// Makes a policy.
    public init(
        attempts: Int = 5,
        firstDelay: Duration = .milliseconds(200),
        longestDelay: Duration = .seconds(10),
        longestRequestedDelay: Duration = .seconds(120)
    ) {
        self.attempts = attempts
        self.firstDelay = firstDelay
        self.longestDelay = longestDelay
        self.longestRequestedDelay = longestRequestedDelay
    }

    /// Never repeats anything.
    public static let none = RetryPolicy(attempts: 1)

    /// How long to wait before the next attempt, or `nil` to give up.
    ///
    /// - Parameters:
    ///   - attempt: how many attempts were made, from 1.
    ///   - unit: a random number in 0..<1.
    func delay(after error: QdrantError, attempt: Int, repeatability: Repeatability, unit: Double) -> Duration? {
        guard attempt < attempts, Self.mayRepeat(error.code, repeatability) else { return nil }
        let requested = error.retryAfter ?? .zero
        guard requested <= longestRequestedDelay else { return nil }
        return max(requested, drawn(attempt: attempt, unit: unit))
    }

    private func drawn(attempt: Int, unit: Double) -> Duration {
        var delay = firstDelay
        for _ in 1..<max(attempt, 1) where delay < longestDelay { delay *= 2 }
        return min(delay, longestDelay) * (0.5 + unit / 2)
    }

    private static func mayRepeat(_ code: QdrantError.Code, _ repeatability: Repeatability) -> Bool {
        switch code {
        case .connectionRefused, .connectTimeout, .connectionFailed, .nameNotResolved, .rateLimited:
            // Nothing was begun.
            repeatability != .never
        case .temporarilyUnavailable, .connectionLost:
            // Some shards may have done their part.
            repeatability == .read || repeatability == .idempotentWrite
        case .gatewayFailure, .truncatedBody:
            repeatability == .read
        default:
            false
        }
    }
}
