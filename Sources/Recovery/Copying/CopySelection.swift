internal import ResticFormat
public import ResticRepository

/// Which snapshots of a repository are copied, in groups that stay together.
public struct CopySelection: Sendable {
    /// What is wanted.
    public enum Choice: Sendable, Hashable {
        /// All restore points of a system.
        case system(String)
        /// These restore points: ids, beginnings of ids, or `latest` of the system.
        case points([String], system: String)
        /// All snapshots, those of `restic` and other programs included.
        case everything
    }

    /// The groups, oldest first; in a restore point the parts first, then its manifest, then the
    /// records about it.
    public private(set) var groups: [CopyGroup] = []
    /// Restore points that cannot be copied as such.
    public private(set) var failures: [CopyReport.Failure] = []

    /// Chooses.
    ///
    /// - Parameters:
    ///   - snapshots: all snapshots of the repository, listed before its index was read.
    /// - Throws: ``RecoveryError/Code/noRestorePoint``, ``RecoveryError/Code/ambiguousRestorePoint``.
    public init(
        _ choice: Choice,
        of snapshots: [StoredSnapshot],
        in repository: IndexedRepository
    ) async throws {
        let points = Self.points(in: snapshots)
        switch choice {
        case .system(let system):
            let own = points.filter { $0.manifest.record.hostname == system }
            guard !own.isEmpty else {
                throw RecoveryError(
                    .noRestorePoint,
                    "the repository holds no restore point of system '\(system)'",
                    hint: "Run 'holdfast backup' first, or copy all snapshots with --all."
                )
            }
            for point in own { try await add(point, repository) }
        case .points(let ids, let system):
            for id in ids { try await add(Self.find(id, system, in: points), repository) }
        case .everything:
            for point in points { try await add(point, repository) }
            // What belongs to no restore point: other programs' snapshots, parts whose manifest was removed.
            let taken = Set(points.flatMap { ($0.parts + [$0.manifest] + $0.records).map(\.id) })
            for snapshot in snapshots where !taken.contains(snapshot.id) {
                groups.append(CopyGroup(name: "snapshot \(snapshot.id.short)", snapshots: [snapshot]))
            }
        }
    }

    /// A restore point as the tags of its snapshots tell it.
    private struct Point {
        let id: String
        let manifest: StoredSnapshot
        let parts: [StoredSnapshot]
        let records: [StoredSnapshot]
    }

    private static func points(in snapshots: [StoredSnapshot]) -> [Point] {
        var parts: [String: [StoredSnapshot]] = [:]
        var records: [String: [StoredSnapshot]] = [:]
        var manifests: [(id: String, snapshot: StoredSnapshot)] = []
        for snapshot in snapshots {
            guard let id = RestorePoint.id(in: snapshot.record) else { continue }
            if snapshot.record.isRecord {
                records[id, default: []].append(snapshot)
            } else if RestorePointCatalog.isManifest(snapshot.record) {
                manifests.append((id, snapshot))
            } else {
                parts[id, default: []].append(snapshot)
            }
        }
        return manifests.map {
            Point(id: $0.id, manifest: $0.snapshot, parts: parts[$0.id] ?? [], records: records[$0.id] ?? [])
        }
    }

    private static func find(_ id: String, _ system: String, in points: [Point]) throws -> Point {
        if id == "latest" {
            guard let newest = points.last(where: { $0.manifest.record.hostname == system }) else {
                throw RecoveryError(
                    .noRestorePoint,
                    "the repository holds no restore point of system '\(system)'",
                    hint: "Run 'holdfast backup' first."
                )
            }
            return newest
        }
        let matching = points.filter { $0.id.hasPrefix(id.lowercased()) }
        guard let found = matching.first else {
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
                    + matching.map(\.id).joined(separator: ", "),
                hint: "Give more of its digits."
            )
        }
        return found
    }

    /// Adds a restore point once it is clear that all of it is there: a copy that lists a restore point must be able to restore
    /// it.
    private mutating func add(_ point: Point, _ repository: IndexedRepository) async throws {
        let name = "restore point \(point.id)"
        do {
            let manifest = try await RestorePointCatalog(repository).load(point.manifest).manifest
            let trees = Set(point.parts.map(\.record.tree.hex))
            guard let lost = manifest.parts.first(where: { !trees.contains($0.tree) }) else {
                // Last: a record that is damaged keeps nothing from being copied.
                groups.append(CopyGroup(name: name, snapshots: point.parts + [point.manifest] + point.records))
                return
            }
            failures.append(.init(group: name, reason: "its snapshot of \(lost.component.rawValue) is gone"))
        } catch let error as RecoveryError {
            failures.append(.init(group: name, reason: error.message))
        } catch let error as RepositoryError where [.damaged, .missing].contains(error.code) {
            failures.append(.init(group: name, reason: error.message))
        }
    }
}

extension RestorePoint {
    /// The restore point to which a snapshot belongs, by its tags.
    ///
    /// - Returns: `nil` when it belongs to none.
    static func id(in record: SnapshotRecord) -> String? {
        guard record.tags.contains(Tag.tool) else { return nil }
        let prefix = Tag.point("")
        return record.tags.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
}
