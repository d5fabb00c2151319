public import ResticFormat
public import ResticRepository

/// The restore points of a repository.
///
/// The snapshots are the only source (design D8): what is listed is what is there.
public struct RestorePointCatalog: Sendable {
    private let repository: IndexedRepository

    /// Makes a catalog.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// All restore points of a system, newest first.
    ///
    /// - Parameter system: `nil` for those of every system.
    public func list(system: String?) async throws -> [RestorePoint] {
        var points: [RestorePoint] = []
        for snapshot in try await repository.repository.snapshots() where Self.isManifest(snapshot.record) {
            if let system, snapshot.record.hostname != system { continue }
            points.append(try await load(snapshot))
        }
        return points.reversed()
    }

    /// A restore point whose manifest cannot be read.
    public struct Unreadable: Sendable {
        /// The snapshot that should hold the manifest.
        public let snapshot: ResticID
        /// Its id, from the snapshot's tags; `nil` when the snapshot itself cannot be read.
        public let id: String?
        /// Why.
        public let error: any Error
    }

    /// All restore points of a system that can be read, newest first, and those that cannot: for whoever must not be stopped by
    /// damage to another restore point.
    public func survey(system: String?) async throws -> (points: [RestorePoint], unreadable: [Unreadable]) {
        let overview = try await overview(system: system)
        return (overview.points, overview.unreadable)
    }

    /// What is known of the restore points.
    public struct Overview: Sendable {
        /// Those that can be read, newest first.
        public let points: [RestorePoint]
        /// Those that cannot.
        public let unreadable: [Unreadable]
        /// What the records say of them: proven, pinned.
        public let standings: PointStandings
    }

    /// As ``survey(system:)``, with what the records say.
    public func overview(system: String?) async throws -> Overview {
        var points: [RestorePoint] = []
        var unreadable: [Unreadable] = []
        let found = try await repository.repository.readableSnapshots()
        // Of which restore point these are, or of any, nobody can say.
        unreadable = found.unreadable.map { Unreadable(snapshot: $0.id, id: nil, error: $0.error) }
        for snapshot in found.snapshots where Self.isManifest(snapshot.record) {
            if let system, snapshot.record.hostname != system { continue }
            do {
                points.append(try await load(snapshot))
            } catch let error as RecoveryError {
                unreadable.append(Self.unreadable(snapshot, error))
            } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
                unreadable.append(Self.unreadable(snapshot, error))
            }
        }
        return Overview(
            points: points.reversed(),
            unreadable: unreadable,
            standings: PointStandings(found.snapshots)
        )
    }

    private static func unreadable(_ snapshot: StoredSnapshot, _ error: any Error) -> Unreadable {
        Unreadable(snapshot: snapshot.id, id: RestorePoint.id(fromTags: snapshot.record.tags), error: error)
    }

    /// Finds a restore point.
    ///
    /// - Parameter id: its id or a beginning of it, or `latest`.
    public func find(_ id: String, system: String?) async throws -> RestorePoint {
        let (points, unreadable) = try await survey(system: system)
        // Never another one than was asked for because that one is damaged.
        if let damaged = unreadable.first(where: { $0.id?.hasPrefix(id.lowercased()) ?? false }) { throw damaged.error }
        guard !points.isEmpty else {
            if let damaged = unreadable.last { throw damaged.error }
            let place = system.map { " of system '\($0)'" } ?? ""
            throw RecoveryError(
                .noRestorePoint,
                "the repository holds no restore point\(place)",
                hint: "Run 'holdfast backup' to make the first one."
            )
        }
        if id == "latest" { return points[0] }
        let matching = points.filter { $0.manifest.id.hasPrefix(id.lowercased()) }
        guard let found = matching.first else {
            if let damaged = unreadable.first(where: { $0.id == nil }) { throw damaged.error }
            throw RecoveryError(
                .noRestorePoint,
                "there is no restore point '\(id)'",
                hint: "Run 'holdfast points' to see those that are there."
            )
        }
        guard matching.count == 1 else {
            throw RecoveryError(
                .ambiguousRestorePoint,
                "'\(id)' is the beginning of \(matching.count) restore points: "
                    + matching.map(\.manifest.id).joined(separator: ", "),
                hint: "Give more of its digits."
            )
        }
        return found
    }

    static func isManifest(_ record: SnapshotRecord) -> Bool {
        record.tags.contains(RestorePoint.Tag.tool) && record.tags.contains(RestorePoint.Tag.manifest)
            && !record.isRecord
    }

    func load(_ snapshot: StoredSnapshot) async throws -> RestorePoint {
        guard
            let bytes = try await repository.readFile(
                at: RestorePointManifest.path,
                in: snapshot.record.tree,
                limit: RestorePointManifest.maximumByteCount
            )
        else {
            throw damaged(snapshot, "it holds no \(RestorePointManifest.path)", nil)
        }
        let manifest: RestorePointManifest
        do {
            manifest = try RestorePointManifest(reading: bytes)
        } catch let error as RestorePointManifest.Unreadable {
            throw damaged(snapshot, error.reason, error.cause)
        }
        return RestorePoint(snapshot: snapshot.id, time: snapshot.record.time, manifest: manifest)
    }

    private func damaged(_ snapshot: StoredSnapshot, _ reason: String, _ cause: (any Error)?) -> RecoveryError {
        RecoveryError(
            .damagedRestorePoint,
            "the restore point in snapshot \(snapshot.id.short) cannot be used: \(reason)",
            hint:
                "Run 'holdfast repo check' to see what is damaged; its parts can still be restored with 'restic restore'.",
            cause: cause
        )
    }
}
