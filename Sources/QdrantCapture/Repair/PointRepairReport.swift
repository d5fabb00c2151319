public import QdrantClient

/// How single points are repaired.
public struct PointRepairOptions: Sendable {
    /// How the copy is restored and verified.
    public var restore: CollectionRestoreOptions
    /// The live collection or alias, when it is not called as it was.
    public var liveName: String?
    /// Leaves points alone that differ, and only brings back those that are missing.
    public var missingOnly = false
    /// How the two are compared. When ids only, points that differ are not found, and not repaired.
    public var comparison = CollectionComparison.Options()
    /// Leaves the copy on the server.
    public var keepsCopy = false

    /// Makes the default options.
    public init(restorePointID: String) {
        restore = CollectionRestoreOptions(restorePointID: restorePointID)
    }
}

/// What a repair of single points tells while it works.
public enum PointRepairPhase: Sendable, Hashable {
    /// The stored collection is restored as a copy, of so many bytes.
    case copying(Int64)
    /// Live collection and copy are compared.
    case comparing
    /// So many points are written.
    case writing(Int)
    /// Live collection and copy are compared again.
    case verifying
}

/// What a repair of single points found and did.
public struct PointRepairReport: Sendable {
    /// The collection that was captured.
    public var collection: String
    /// The live collection.
    public var live: String
    /// The copy that the live collection was compared with.
    public var copy: String
    /// Whether the copy was there before.
    public var copyWasThere: Bool
    /// Whether the copy is still on the server.
    public var copyStays: Bool
    /// Bytes sent to make the copy.
    public var copyBytes: Int64
    /// What differed before.
    public var found: CollectionDifferences
    /// Whether anything was to be written, or only compared.
    public var wasRun = false
    /// Missing points that were written.
    public var restored = 0
    /// Different points that were written.
    public var replaced = 0
    /// Points left alone because somebody wrote or deleted them between the comparison and the repair.
    public var changedMeanwhile: [PointID] = []
    /// Golden queries that gave the recorded answer; `nil` when they were not asked, because the live collection is not meant to be
    /// what was captured.
    public var goldenQueries: Int?
    /// What is not as it should be after the repair; empty when it is verified.
    public var differences: [String] = []
    /// What the operator should know.
    public var warnings: [String]

    /// Whether the repair was done and everything that it was to repair is as it was captured.
    public var isVerified: Bool { wasRun && differences.isEmpty }
}
