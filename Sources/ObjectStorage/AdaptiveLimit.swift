/// How many operations a store takes at once, as far as it has shown: a pure state machine.
///
/// Additive increase, multiplicative decrease, as TCP finds the width of a line: after every full round of successes one more is
/// allowed, and when the store says that it is too much, half of them. A round that was under way when that was said says it many
/// times; it counts once.
struct AdaptiveLimit: Sendable, Hashable {
    /// The least; at least 1.
    let least: Int
    /// The most.
    let most: Int
    /// What is allowed now.
    private(set) var current: Int
    /// Successes since the last change.
    private var successCount = 0
    /// Operations begun before this number were begun under an earlier limit.
    private var epochStart: UInt64 = 0
    private var begun: UInt64 = 0

    /// Begins with `initial`.
    init(least: Int = 1, most: Int, initial: Int) {
        self.least = max(1, least)
        self.most = max(self.least, most)
        current = min(self.most, max(self.least, initial))
    }

    /// - Returns: the number of the operation, for its end.
    mutating func begin() -> UInt64 {
        begun += 1
        return begun
    }

    /// An operation has succeeded.
    mutating func succeed() {
        successCount += 1
        guard successCount >= current, current < most else { return }
        successCount = 0
        current += 1
    }

    /// The store was asked too much by operation `number`.
    mutating func shrink(after number: UInt64) {
        guard number > epochStart else { return }
        epochStart = begun
        successCount = 0
        current = max(least, current / 2)
    }
}
