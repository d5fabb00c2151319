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
    /// What went wrong without ending the run; empty when all is well.
    public var problems: [String] = []

    init(plan: PrunePlan) {
        self.plan = plan
    }
}
