/// Where a collection is restored, and what is done with it there.
public struct CollectionRestoreOptions: Sendable {
    /// Under which name.
    public enum Destination: Sendable, Hashable {
        /// Its own name when the server has no such collection; else beside it, as `<name>__rp_<id>`.
        case automatic
        /// A name that is free.
        case named(String)
        /// Over the live collection, whose data is replaced.
        case inPlace
    }

    /// Under which name.
    public var destination: Destination = .automatic
    /// The id of the restore point, for the name of a copy.
    public var restorePointID: String
    /// Points the aliases to the restored collection, in one step, when it has been verified.
    public var switchesAliases = false
    /// The largest accepted difference between a recorded score and the restored one.
    public var scoreTolerance: Float = 1e-4
    /// How long the restored collection may take to become green.
    public var greenDeadline: Duration = .seconds(300)
    /// How often it is looked at.
    public var pollInterval: Duration = .milliseconds(500)
    /// What a repair found lost of the stored collection; with anything in it nothing verifies. A server takes files in which runs of zeros
    /// stand for what is gone, and counts as many points as ever.
    public var losses: [String] = []
    /// Restores onto a server version for which the data files were not made.
    public var ignoresVersion = false

    /// Makes the default options.
    public init(restorePointID: String) {
        self.restorePointID = restorePointID
    }
}

/// What a restore did and found.
public struct CollectionRestoreReport: Sendable, Hashable {
    /// The collection that was captured.
    public var collection: String
    /// The name under which it was restored.
    public var restoredAs: String
    /// Bytes sent.
    public var sentBytes: Int64
    /// The exact number of points found.
    public var points: UInt64
    /// Golden queries that gave the recorded answer.
    public var goldenQueries: Int
    /// Payload indexes found as they were.
    public var payloadIndexes: Int
    /// The status at the end.
    public var status: String
    /// The aliases that point to it now.
    public var aliases: [String]
    /// What differs from the capture; empty when the restore is verified.
    public var differences: [String]
    /// What the operator should know.
    public var warnings: [String]

    /// Whether everything that was compared is as it was captured.
    public var isVerified: Bool { differences.isEmpty }
}
