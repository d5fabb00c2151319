/// How a prune goes about it.
public struct PruneOptions: Sendable {
    /// How much of the repository may stay unneeded, inside packs that hold needed blobs too.
    public enum UnusedLimit: Sendable, Hashable {
        /// So many hundredths of the whole.
        case percent(Double)
        /// So many bytes.
        case bytes(Int64)
        /// Any amount: no pack is repacked.
        case unlimited
    }

    /// How long a pack stays marked before it is removed. Zero marks and removes in one run.
    public var grace: Duration = .seconds(24 * 60 * 60)
    /// How much is repacked at the most, in bytes read; `nil` is no limit.
    public var maxRepackBytes: Int64?
    /// How much may stay unneeded; restic's default.
    public var maxUnused: UnusedLimit = .percent(5)
    /// How long to wait, in all, for the moment in which nobody else uses the repository.
    public var wait: Duration = .seconds(5 * 60)
    /// How far the clock may stand before what the repository shows: what clocks of different machines differ by.
    public var clockTolerance: Duration = .seconds(10 * 60)
    /// The length that new packs are filled up to, in bytes.
    var packLength = PackBuilder.targetLength

    /// Packs below this share of a whole one are merged, once there are ``tinyPackCount`` of them.
    static let tinyShare = 0.25
    /// Every backup leaves a few packs that are not full: merging them each time would write the same blobs again and again.
    static let tinyPackCount = 10

    /// The default options.
    public init() {}
}
