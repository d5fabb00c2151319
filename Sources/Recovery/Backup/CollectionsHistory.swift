internal import QdrantCapture

/// A collection that was backed up once and is on the server no more.
public struct VanishedCollection: Sendable, Hashable, Codable {
    /// Its name.
    public var name: String
    /// The newest restore point that holds it.
    public var restorePoint: String
    /// When that one was begun, RFC 3339.
    public var capturedAt: String
    /// How many points it had then.
    public var points: UInt64
    /// When it was first found missing, RFC 3339.
    public var noticedAt: String

    /// How to get it back.
    var hint: String { "holdfast restore \(restorePoint) --only qdrant --collection \(name)" }
}

/// Compares the collections of a server with those of earlier restore points.
struct CollectionsHistory {
    /// What changed since the last restore point of all collections.
    struct Changes: Hashable {
        /// Captured now and not then; empty when there is no earlier restore point.
        var appeared: [String] = []
        /// On the server no more, those that were missing before included, as long as a restore point holds them.
        var vanished: [VanishedCollection] = []
        /// Of these, the ones that were not known to be missing.
        var newlyVanished: [VanishedCollection] = []
        /// Still on the server, but not chosen any more.
        var deselected: [VanishedCollection] = []
    }

    /// Manifests of the same system, newest first.
    let previous: [RestorePointManifest]

    /// The last run that was about all chosen collections, not only those that somebody named on the command line. A storage that was
    /// taken as files tells nothing of single collections.
    private var baseline: RestorePointManifest.Part? {
        previous.lazy.compactMap { $0[.qdrant] }.first { $0.chosen == nil && $0.storage == nil }
    }

    /// The newest restore point that holds any collection.
    var newestWithCollections: RestorePointManifest? {
        previous.first { !($0[.qdrant]?.collections ?? []).isEmpty }
    }

    func changes(_ now: ResolvedCollections, at time: String) -> Changes {
        var changes = Changes()
        guard let baseline else { return changes }
        let before = Set(baseline.collections.map(\.name))
        let taken = Set(now.items.map(\.name))
        changes.appeared = taken.subtracting(before).sorted()
        for old in baseline.vanished ?? [] where !now.known.contains(old.name) && !before.contains(old.name) {
            if let held = held(old.name, noticedAt: old.noticedAt) { changes.vanished.append(held) }
        }
        for name in before.subtracting(taken).sorted() {
            guard let held = held(name, noticedAt: time) else { continue }
            if now.known.contains(name) {
                changes.deselected.append(held)
            } else {
                changes.newlyVanished.append(held)
            }
        }
        changes.vanished = (changes.vanished + changes.newlyVanished).sorted { $0.name < $1.name }
        return changes
    }

    private func held(_ name: String, noticedAt: String) -> VanishedCollection? {
        for point in previous {
            guard let summary = point[.qdrant]?.collections.first(where: { $0.name == name }) else { continue }
            return VanishedCollection(
                name: name,
                restorePoint: point.id,
                capturedAt: point.startedAt,
                points: summary.points,
                noticedAt: noticedAt
            )
        }
        return nil
    }
}

extension CollectionsHistory.Changes {
    /// For the operator: what must not pass silently.
    var problems: [String] {
        newlyVanished.map {
            "collection '\($0.name)' is gone from the server; restore point \($0.restorePoint) of \($0.capturedAt) is the last "
                + "that holds it (\($0.points) points): '\($0.hint)'"
        }
    }

    var warnings: [String] {
        deselected.map {
            "collection '\($0.name)' is still there and is not backed up any more; restore point \($0.restorePoint) of "
                + "\($0.capturedAt) is the last that holds it"
        }
    }
}
