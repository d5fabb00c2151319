public import Logging

extension RetryingStore {
    /// What a repository wants around a store that is reached over a line: repetitions that the log tells of, and below them the
    /// limits, so that what is sent again counts again.
    ///
    /// - Parameters:
    ///   - clock: measures the limits, and sleeps between tries.
    ///   - logger: is told of every wait; the first failures are everyday life, and no warnings.
    public static func patient<C: Clock<Duration>>(
        _ store: any ObjectStore,
        policy: RetryPolicy = RetryPolicy(),
        limits: ByteLimits = ByteLimits(),
        clock: C = ContinuousClock(),
        generator: some RandomNumberGenerator & Sendable = SystemRandomNumberGenerator(),
        logger: Logger
    ) -> RetryingStore {
        RetryingStore(
            limits == ByteLimits() ? store : ThrottledStore(store, limits: limits, clock: clock),
            policy: policy,
            clock: clock,
            generator: generator,
            notice: { error, attempt, delay in
                logger.log(
                    level: attempt < 3 ? .debug : .warning,
                    "the store failed, trying again",
                    metadata: ["error": "\(error.message)", "attempt": "\(attempt)", "delay": "\(delay)"]
                )
            }
        )
    }
}

extension ThrottledStore {
    /// Wraps `base`.
    public convenience init(_ base: any ObjectStore, limits: ByteLimits, clock: C) {
        self.init(base, writeBytesPerSecond: limits.write, readBytesPerSecond: limits.read, clock: clock)
    }
}
