internal import ResticFormat
public import ResticRepository

/// Writes records about restore points: content, index, then the snapshot, as a backup does.
///
/// The caller holds a lock, from before the index was read until the record is written.
public struct RecordWriter: Sendable {
    private let repository: IndexedRepository
    private let clock: any WallClock
    private let toolVersion: String

    /// Makes a writer.
    public init(
        _ repository: IndexedRepository,
        clock: any WallClock = SystemWallClock(),
        toolVersion: String
    ) {
        self.repository = repository
        self.clock = clock
        self.toolVersion = toolVersion
    }

    /// Records how a drill or a recovery ended.
    ///
    /// - Throws: ``RecoveryError/Code/refused`` for a proof of another restore point, or about a component that this one does not
    ///   hold, or about none; ``RecoveryError/Code/noRestorePoint`` when the restore point was forgotten meanwhile.
    @discardableResult
    public func record(_ proof: Proof, of point: RestorePoint) async throws -> RestorePointRecord {
        guard proof.restorePoint == point.manifest.id else {
            throw RecoveryError(
                .refused,
                "a proof of restore point \(proof.restorePoint) is none of \(point.manifest.id)"
            )
        }
        guard !proof.components.isEmpty else {
            throw RecoveryError(.refused, "a proof of restore point \(point.manifest.id) names no component")
        }
        if let other = proof.components.first(where: { point.manifest[$0] == nil }) {
            throw RecoveryError(
                .refused,
                "restore point \(point.manifest.id) holds no \(other.rawValue) that could be proven"
            )
        }
        var record = makeRecord(.proof, point)
        record.proof = proof
        try await write(record, point)
        return record
    }

    /// Keeps a restore point from being forgotten, until somebody takes it back. A second pin is one more that holds.
    @discardableResult
    public func pin(_ point: RestorePoint, reason: String?) async throws -> RestorePointRecord {
        var record = makeRecord(.pin, point)
        record.reason = reason
        try await write(record, point)
        return record
    }

    /// Takes back all pins of a restore point that are there now. One that somebody else sets at the same moment holds: by whichever clock
    /// that was.
    ///
    /// - Throws: ``RecoveryError/Code/nothingToDo`` when it is not pinned.
    @discardableResult
    public func unpin(_ point: RestorePoint, reason: String?) async throws -> RestorePointRecord {
        let standing = try await RecordCatalog(repository).checkIsPinned(point)
        var record = makeRecord(.unpin, point)
        record.reason = reason
        record.revokes = standing.pins.sorted()
        try await write(record, point)
        return record
    }

    private func makeRecord(_ kind: RestorePointRecord.Kind, _ point: RestorePoint) -> RestorePointRecord {
        let host = repository.repository.host
        return RestorePointRecord(
            format: RestorePointRecord.formatVersion,
            id: ResticID.randomShort(),
            kind: kind,
            restorePoint: point.manifest.id,
            system: point.manifest.system,
            madeAt: "\(clock.now)",
            user: host.userName,
            host: host.name,
            tool: toolVersion
        )
    }

    private func write(_ record: RestorePointRecord, _ point: RestorePoint) async throws {
        let time = clock.now
        let host = repository.repository.host
        let (tree, _) = try await repository.write { try await record.store(into: $0, time: time, host: host) }
        try await checkIsThere(point)
        var snapshot = SnapshotRecord(time: time, tree: tree, paths: ["/holdfast/records"])
        snapshot.hostname = record.system
        snapshot.username = host.userName
        snapshot.uid = host.userID
        snapshot.gid = host.groupID
        snapshot.tags = RecordMark.tags(of: record)
        snapshot.programVersion = toolVersion
        _ = try await repository.repository.save(snapshot)
    }

    /// A record about nothing is of no use. One that is written while its restore point is being forgotten is dropped by the next forget.
    private func checkIsThere(_ point: RestorePoint) async throws {
        do {
            _ = try await repository.repository.loadSnapshot(point.snapshot)
        } catch let error as RepositoryError where error.code == .missing {
            throw RecoveryError(
                .noRestorePoint,
                "restore point \(point.manifest.id) was forgotten meanwhile",
                hint: "Run 'holdfast points' to see those that are there.",
                cause: error
            )
        }
    }
}

extension RestorePointRecord {
    /// Stores the record's file.
    ///
    /// - Returns: the tree of its snapshot.
    /// - Throws: ``RecoveryError/Code/refused`` when it is longer than a record that is read.
    func store(into writer: BlobWriter, time: GoTime, host: Host) async throws -> ResticID {
        let bytes = try encode()
        guard bytes.count <= Self.maximumByteCount else {
            throw RecoveryError(
                .refused,
                "a record about restore point \(restorePoint) would have \(bytes.count) bytes, more than \(Self.maximumByteCount)",
                hint: "Say less in the details of its checks, or in the reason."
            )
        }
        let content = try await writer.store(bytes)
        var composer = TreeComposer(time: time, host: host)
        composer.addFile(Self.path, size: Int64(bytes.count), blobs: try await content.blobs())
        return try await composer.store(into: writer)
    }
}
