public import ResticFormat

/// What a prune did.
public struct PruneReport: Sendable {
    /// What was planned for every pack.
    public var plan: PrunePlan
    /// Packs that were marked, repacked ones included.
    public var markedPacks = 0
    /// Packs whose mark was taken away.
    public var unmarkedPacks = 0
    /// Packs whose needed blobs were copied.
    public var repackedPacks = 0
    /// Bytes of blobs copied into new packs.
    public var copiedBytes: Int64 = 0
    /// Pack files removed.
    public var removedPacks = 0
    /// Their length in bytes.
    public var freedBytes: Int64 = 0
    /// Packs that could not be removed now, because others use the repository.
    public var waitingPacks = 0
    /// Who is waited for.
    public var waitsFor: String?
    /// Files that are still needed and whose retention was extended (object lock).
    public var extendedFiles = 0
    /// Objects that were removed, whose versions are gone now for good.
    public var erasedObjects = 0
    /// The length of those versions in bytes: what was really freed where versions are kept.
    public var erasedBytes: Int64 = 0
    /// Objects that were removed, now or before, and whose versions are still retained.
    public var retainedVersions = 0
    /// The length of those versions in bytes.
    public var retainedVersionBytes: Int64 = 0
    /// When the last of these retentions ends.
    public var versionsRetainedUntil: GoTime?
    /// What went wrong without ending the run; empty when all is well.
    public var problems: [String] = []

    init(plan: PrunePlan) {
        self.plan = plan
    }
}
