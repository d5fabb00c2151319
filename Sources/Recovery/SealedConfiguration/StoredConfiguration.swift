internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import Sealing

/// The configuration in a restore point: what is known of it without opening anything.
struct StoredConfiguration: Sendable {
    let point: RestorePoint
    let key: DigestKey
    private let tree: ResticID
    fileprivate let repository: IndexedRepository

    /// - Throws: ``RecoveryError/Code/notInRestorePoint``, ``RecoveryError/Code/damagedRestorePoint``;
    ///   ``/ResticRepository/RepositoryError``.
    init(_ point: RestorePoint, in repository: IndexedRepository) async throws {
        self.point = point
        self.repository = repository
        tree = try point.tree(of: .configuration)
        let bytes = try await repository.readFile(at: DigestKey.path, in: tree, limit: DigestKey.maximumByteCount)
        do {
            guard let bytes else { throw SealedIndex.Unreadable(reason: "it lacks its digest key") }
            key = try DigestKey(reading: bytes, system: point.manifest.system)
        } catch let error as SealedIndex.Unreadable {
            throw Self.damaged(point, error)
        }
    }

    /// The sets it names.
    var sets: [SealedSetSummary] { point.manifest[.configuration]?.sets ?? [] }

    /// A set's index.
    ///
    /// - Throws: as ``init(_:in:)``.
    func index(of set: String) async throws -> SealedIndex {
        let bytes = try await repository.readFile(
            at: SealedIndex.path(of: set),
            in: tree,
            limit: SealedIndex.maximumByteCount
        )
        do {
            guard let bytes else { throw SealedIndex.Unreadable(reason: "it lacks the index of set '\(set)'") }
            let index = try SealedIndex(reading: bytes)
            guard index.set == set else {
                throw SealedIndex.Unreadable(reason: "the index of set '\(set)' is that of another")
            }
            return index
        } catch let error as SealedIndex.Unreadable {
            throw Self.damaged(point, error)
        }
    }

    /// The node of a sealed file; `nil` when the tree has none.
    func node(of file: SealedIndex.File, in index: SealedIndex) async throws -> Node? {
        try await repository.node(at: index.path(of: file), in: tree)
    }

    private static func damaged(_ point: RestorePoint, _ error: SealedIndex.Unreadable) -> RecoveryError {
        RecoveryError(
            .damagedRestorePoint,
            "the configuration in restore point \(point.manifest.id) cannot be used: \(error.reason)",
            hint:
                "Run 'holdfast repo check' to see what is damaged; sealed files can be taken out with 'holdfast repo dump'."
        )
    }
}

extension StoredConfiguration {
    /// The bytes of blobs, in order.
    func content(of blobs: [ResticID]) -> BlobSequence { repository.content(of: blobs) }

    /// Opens a sealed file and hands out its content piece by piece; it is complete when this returns.
    ///
    /// - Throws: ``RecoveryError/Code/cannotOpen``; ``/ResticRepository/RepositoryError/Code/damaged`` when it is not there.
    func open(
        _ file: SealedIndex.File,
        in index: SealedIndex,
        of set: SealedSetSummary,
        with unsealer: Unsealer,
        _ output: (ByteBuffer) async throws -> Void
    ) async throws {
        guard let node = try await node(of: file, in: index), let blobs = node.content else {
            throw RepositoryError(
                .damaged,
                "restore point \(point.manifest.id) lacks the sealed file \(index.path(of: file))",
                hint: "Run 'holdfast repo check' to see what else is missing."
            )
        }
        do {
            try await unsealer.withOpened(content(of: blobs)) { plain in
                for try await buffer in plain { try await output(buffer) }
            }
        } catch let error as SealingError {
            throw ConfigurationIdentities.refused(set, error)
        }
    }
}
