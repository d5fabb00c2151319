internal import ResticCrypto
public import ResticFormat

/// What a repair of one snapshot comes to.
public struct SnapshotDiagnosis: Sendable {
    /// The snapshot.
    public let snapshot: StoredSnapshot
    /// The tree of the copy; the same as before when nothing is lost, `nil` when nothing of the snapshot can be had.
    public let tree: ResticID?
    /// What the copy lacks.
    public let losses: [RepairLoss]

    /// Whether the snapshot is as it was written.
    public var isIntact: Bool { tree == snapshot.record.tree }
}

/// Finds snapshots whose trees or blobs are lost, and writes the trees of copies without what is lost.
///
/// Depends on a right index: repair that, and damaged packs, first. The caller holds a lock.
public struct SnapshotRepair: Sendable {
    /// The tag of a snapshot that is a repaired copy; restic's.
    public static let tag = "repaired"

    private let repository: Repository

    /// Makes a repair.
    public init(_ repository: Repository) {
        self.repository = repository
    }

    /// The snapshots that can be read, oldest first, and the trees that copies of them would have. Writes nothing.
    public func diagnose() async throws -> [SnapshotDiagnosis] {
        try await diagnose(try await usableIndex()) { tree in
            let bytes = try tree.encode()
            return ContentHash.id(of: bytes)
        }
    }

    /// The same, with the trees of the copies stored in `indexed` and indexed.
    ///
    /// - Parameter indexed: from ``usableIndex()``.
    public func rewriteTrees(in indexed: IndexedRepository) async throws -> [SnapshotDiagnosis] {
        let (diagnoses, _) = try await indexed.write { writer in
            try await diagnose(indexed) { try await writer.store($0) }
        }
        return diagnoses
    }

    /// A name for what replaces some snapshots by copies: the same for the same copies, so that a repair that is run again
    /// recognises what it has made.
    public static func name(of original: ResticID, trees: [ResticID?]) -> ResticID {
        ContentHash.id(of: original.bytes + trees.flatMap { $0?.bytes ?? [0] })
    }

    /// A repository whose index names only packs that are there: for reading what is left.
    ///
    /// - Throws: ``RepositoryError/Code/damaged`` when a pack is cut off: parts of it may be salvaged, which has to come first.
    public func usableIndex() async throws -> IndexedRepository {
        let catalog = try await repository.loadCatalog()
        let sizes = try await repository.listPacks()
        var missing: Set<ResticID> = []
        for pack in catalog.packIDs {
            guard let size = sizes[pack] else {
                missing.insert(pack)
                continue
            }
            guard size >= catalog.contents(of: pack).end else {
                throw RepositoryError(
                    .damaged,
                    "pack \(pack.short) is cut off at \(size) bytes; what is left of it may be salvaged",
                    hint: "Run 'holdfast repo repair packs \(pack.short)' first, then this again."
                )
            }
        }
        return IndexedRepository(repository: repository, index: catalog.makeIndex(without: missing))
    }

    private func diagnose(
        _ indexed: IndexedRepository,
        _ store: @escaping (Tree) async throws -> ResticID
    ) async throws -> [SnapshotDiagnosis] {
        let repair = TreeRepair(indexed, storingIn: store)
        var diagnoses: [SnapshotDiagnosis] = []
        for snapshot in try await repository.readableSnapshots().snapshots {
            let copy = try await repair.repair(snapshot.record.tree)
            diagnoses.append(SnapshotDiagnosis(snapshot: snapshot, tree: copy?.id, losses: copy?.losses ?? []))
        }
        return diagnoses
    }
}
