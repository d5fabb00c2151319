public import ResticFormat
public import ResticRepository

/// A state of things that can be looked into by path: a restore point with all its snapshots, or one snapshot.
public struct PointInTime: Sendable, Hashable {
    /// Which of the two.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A restore point.
        case restorePoint
        /// A snapshot on its own.
        case snapshot
    }

    /// Which of the two.
    public let kind: Kind
    /// 8 hexadecimal digits of a restore point, 64 of a snapshot.
    public let id: String
    /// When it was taken.
    public let time: GoTime
    /// The protected system, or the snapshot's host.
    public let system: String
    /// Its snapshots; of a restore point one a component and the manifest's.
    public let snapshots: [StoredSnapshot]
    /// The snapshots of the records about a restore point, newest first: they go with it, and hold nothing that was backed up.
    public var records: [StoredSnapshot] = []

    /// The trees, each once. Those of a restore point have different folders at their top.
    public var trees: [ResticID] {
        var seen: Set<ResticID> = []
        return snapshots.map(\.record.tree).filter { seen.insert($0).inserted }
    }

    /// The trees with those of its records: all that goes when it goes.
    public var ownedTrees: [ResticID] {
        var seen: Set<ResticID> = []
        return (snapshots + records).map(\.record.tree).filter { seen.insert($0).inserted }
    }

    /// The id as people see it.
    public var shortID: String { String(id.prefix(8)) }

    /// For people: `restore point 4f2a9c01`, `snapshot 3c81d0aa`.
    public var description: String { "\(kind == .restorePoint ? "restore point" : "snapshot") \(shortID)" }
}

/// All that can be named where a command takes a restore point or a snapshot.
///
/// Made from the snapshots' own records and tags: a damaged manifest, or a damaged snapshot beside, hides nothing else.
public struct PointsInTime: Sendable {
    /// A snapshot file that cannot be read.
    public struct Unreadable: Sendable {
        /// The file.
        public let id: ResticID
        /// Why.
        public let reason: String
    }

    /// The restore points, newest first.
    public let restorePoints: [PointInTime]
    /// The snapshots that belong to no restore point, newest first: restic's own, and those of runs that did not finish.
    public let otherSnapshots: [PointInTime]
    /// Snapshot files that cannot be read.
    public let unreadable: [Unreadable]
    private let snapshots: [StoredSnapshot]

    /// Restore points and the snapshots that belong to none: together all that is stored.
    public var all: [PointInTime] { restorePoints + otherSnapshots }
    /// How many snapshots can be read.
    public var snapshotCount: Int { snapshots.count }

    /// Reads all snapshots.
    public init(_ repository: Repository) async throws {
        var snapshots: [StoredSnapshot] = []
        var unreadable: [Unreadable] = []
        for id in try await repository.list(.snapshot) {
            do {
                snapshots.append(try await repository.loadSnapshot(id))
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Removed between the listing and now.
            } catch let error as RepositoryError {
                unreadable.append(Unreadable(id: id, reason: error.message))
            }
        }
        self.init(snapshots: snapshots, unreadable: unreadable)
    }

    init(snapshots: [StoredSnapshot], unreadable: [Unreadable] = []) {
        let newestFirst = snapshots.sorted { ($1.record.time, $1.id) < ($0.record.time, $0.id) }
        self.snapshots = newestFirst
        self.unreadable = unreadable
        var parts: [String: [StoredSnapshot]] = [:]
        for snapshot in newestFirst { parts[snapshot.pointID ?? "", default: []].append(snapshot) }
        var points: [PointInTime] = []
        var others = parts.removeValue(forKey: "") ?? []
        for (id, members) in parts {
            guard let manifest = members.first(where: \.isManifest) else {
                others += members
                continue
            }
            points.append(
                PointInTime(
                    kind: .restorePoint,
                    id: id,
                    time: manifest.record.time,
                    system: manifest.record.hostname,
                    snapshots: members.filter { !$0.record.isRecord },
                    records: members.filter(\.record.isRecord)
                )
            )
        }
        restorePoints = points.sorted { ($1.time, $1.id) < ($0.time, $0.id) }
        otherSnapshots = others.map(PointInTime.init).sorted { ($1.time, $1.id) < ($0.time, $0.id) }
    }

    /// Finds what a person means.
    ///
    /// - Parameters:
    ///   - reference: the id of a restore point or of a snapshot, a beginning of either, or `latest`: the newest restore
    ///     point of `system`, or where there are none at all the newest snapshot.
    ///   - system: whose `latest` is meant; `nil` for that of any.
    /// - Throws: ``/ResticRepository/RepositoryError/Code/missing``;
    ///   ``/ResticRepository/RepositoryError/Code/ambiguous``, naming the candidates;
    ///   ``/ResticRepository/RepositoryError/Code/damaged`` for a snapshot that cannot be read.
    public func find(_ reference: String, system: String? = nil) throws -> PointInTime {
        if reference == "latest" { return try latest(of: system) }
        guard let prefix = IDPrefix(reference) else { throw Self.unknown(reference) }
        if let exact = restorePoints.first(where: { $0.id == prefix.text }) { return exact }
        let points = restorePoints.filter { $0.id.hasPrefix(prefix.text) }
        let matching = snapshots.filter { prefix.matches($0.id) }
        let broken = unreadable.filter { prefix.matches($0.id) }
        switch (points.count + matching.count + broken.count, points.first, matching.first, broken.first) {
        case (0, _, _, _): throw Self.unknown(reference)
        case (1, let point?, _, _): return point
        case (1, _, let snapshot?, _): return PointInTime(snapshot)
        case (1, _, _, let broken?):
            throw RepositoryError(
                .damaged,
                "snapshot \(broken.id.short) cannot be read: \(broken.reason)",
                hint: "Restore the file from a copy of the repository."
            )
        default:
            let ids = IDPrefix.distinct(matching.map(\.id) + broken.map(\.id))
            throw IDPrefix.ambiguous(
                reference,
                "restore points and snapshots",
                points.map { "restore point \($0.id)" } + ids.map { "snapshot \($0)" }
            )
        }
    }

    private func latest(of system: String?) throws -> PointInTime {
        if let point = restorePoints.first(where: { system == nil || $0.system == system }) { return point }
        if let system, !restorePoints.isEmpty {
            throw RepositoryError(
                .missing,
                "the repository holds no restore point of system '\(system)'",
                hint: "Run 'holdfast points --all' to see those of others, and name one by its id."
            )
        }
        guard let newest = snapshots.first else {
            throw RepositoryError(
                .missing,
                "the repository holds no snapshot",
                hint: "Run 'holdfast backup' to make the first restore point."
            )
        }
        return PointInTime(newest)
    }

    private static func unknown(_ reference: String) -> RepositoryError {
        RepositoryError(
            .missing,
            "there is no restore point and no snapshot '\(reference)'",
            hint: "Run 'holdfast points' or 'holdfast repo list snapshots' to see those that are there."
        )
    }
}

extension PointInTime {
    /// One snapshot on its own.
    init(_ snapshot: StoredSnapshot) {
        self.init(
            kind: .snapshot,
            id: snapshot.id.hex,
            time: snapshot.record.time,
            system: snapshot.record.hostname,
            snapshots: [snapshot]
        )
    }
}

extension StoredSnapshot {
    /// The restore point that the snapshot's tags name.
    public var pointID: String? {
        guard record.tags.contains(RestorePoint.Tag.tool) else { return nil }
        let prefix = RestorePoint.Tag.point("")
        return record.tags.first { $0.hasPrefix(prefix) && $0.count > prefix.count }.map {
            String($0.dropFirst(prefix.count))
        }
    }

    /// Whether it holds a restore point's manifest.
    var isManifest: Bool { record.tags.contains(RestorePoint.Tag.manifest) && !record.isRecord }
}
