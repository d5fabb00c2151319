internal import ResticFormat
internal import ResticRepository

/// Decides what is forgotten. Pure: reads no clock and no store.
///
/// Works on the tags of snapshots (`holdfast`, `rp:ID`, `restore-point`, `component:NAME`, and those of records), so that a restore point can be
/// forgotten although its manifest or its data are damaged. What manifests say, where they can be read, only keeps more.
struct ForgetPlanner {
    var options: ForgetOptions
    var now: GoTime
    /// Whether somebody else uses the repository: what looks unfinished may be about to be finished.
    var hasCompany = false
    /// What restore points hold, by id, as far as their manifests can be read; `nil` when nobody looked.
    var contents: [String: PointContents]?

    func plan(_ snapshots: [StoredSnapshot]) throws -> ForgetPlan {
        var entries = Self.entries(of: snapshots)
        let standings = PointStandings(snapshots)
        for index in entries.indices where entries[index].kind == .restorePoint {
            entries[index].standing = standings[entries[index].id]
        }
        if options.ids.isEmpty {
            entries.removeAll { !isInScope($0) }
            try checkClock(entries)
            judge(&entries)
        } else {
            try drop(options.ids, of: &entries, snapshots)
        }
        entries.sort { ($0.time, $0.id) > ($1.time, $1.id) }
        return ForgetPlan(entries: entries)
    }

    private func isInScope(_ entry: ForgetPlan.Entry) -> Bool {
        guard entry.kind != .foreign else { return options.includesForeign }
        return options.system == nil || entry.system == options.system
    }

    // MARK: From snapshots to entries

    private static func entries(of snapshots: [StoredSnapshot]) -> [ForgetPlan.Entry] {
        var points: [String: [StoredSnapshot]] = [:]
        var entries: [ForgetPlan.Entry] = []
        for snapshot in snapshots {
            if let point = snapshot.record.restorePoint {
                points[point, default: []].append(snapshot)
            } else {
                entries.append(
                    ForgetPlan.Entry(
                        kind: .foreign,
                        id: snapshot.id.short,
                        system: snapshot.record.hostname,
                        time: snapshot.record.time,
                        components: [],
                        paths: snapshot.record.paths.sorted(),
                        tags: snapshot.record.tags,
                        snapshots: [snapshot.id],
                        isKept: true,
                        reasons: []
                    )
                )
            }
        }
        for (id, members) in points { entries.append(entry(id, members)) }
        return entries
    }

    private static func entry(_ id: String, _ members: [StoredSnapshot]) -> ForgetPlan.Entry {
        // Without its manifest it is no restore point any more: that goes first, so that one half forgotten is none at all. What is
        // known about it goes last: as long as it is a restore point, it stays proven and pinned.
        let sorted = members.sorted { left, right in
            (left.record.removalRank, left.id) < (right.record.removalRank, right.id)
        }
        let first = sorted[0].record
        // A record may have been made years later.
        let own = members.filter { !$0.record.isRecord }
        return ForgetPlan.Entry(
            kind: first.isManifest ? .restorePoint : .unfinished,
            id: id,
            system: first.hostname,
            time: (own.isEmpty ? members : own).map(\.record.time).max() ?? first.time,
            components: Set(own.flatMap(\.record.components)).sorted(),
            tags: Set(own.flatMap(\.record.tags)).sorted(),
            snapshots: sorted.map(\.id),
            isKept: true,
            reasons: []
        )
    }

    // MARK: By policy

    /// A clock far behind would let a single wrong date decide what lies within a span; one restore point of the future would let all
    /// others run out.
    private func checkClock(_ entries: [ForgetPlan.Entry]) throws {
        guard let newest = entries.max(by: { $0.time < $1.time }) else { return }
        let ahead = newest.time.seconds - now.seconds
        guard .seconds(ahead) > options.clockTolerance else { return }
        throw RecoveryError(
            .refused,
            "the clock says \(now), but \(newest.id) is of \(newest.time): what is too old cannot be judged",
            hint: "Set the clock. When that time is wrong, forget it by its id: 'holdfast forget \(newest.id)'."
        )
    }

    // MARK: By name

    private func drop(_ ids: [String], of entries: inout [ForgetPlan.Entry], _ snapshots: [StoredSnapshot]) throws {
        for index in entries.indices { entries[index].reasons = ["not named"] }
        for id in ids {
            let index = try find(id.lowercased(), in: entries, snapshots)
            entries[index].isKept = false
            entries[index].reasons = ["named"]
        }
        try checkNotProtected(entries)
        for entry in entries where !entry.isKept && entry.kind == .restorePoint {
            for component in entry.components
            where !entries.contains(where: {
                $0.isKept && $0.kind == .restorePoint && $0.system == entry.system && $0.components.contains(component)
            }) {
                throw RecoveryError(
                    .refused,
                    "restore point \(entry.id) is the last one of '\(entry.system)' that holds \(component)",
                    hint: "Make another with 'holdfast backup' first."
                )
            }
        }
        try checkNotLastOfAnyPart(entries)
        // What was not asked for is no news, except as the measure of what is much.
        let systems = Set(entries.lazy.filter { !$0.isKept }.map(\.system))
        entries.removeAll { $0.isKept && ($0.kind == .unfinished || !systems.contains($0.system)) }
    }

    /// Neither pins nor proofs are overridden by naming an id: ids are mistyped.
    private func checkNotProtected(_ entries: [ForgetPlan.Entry]) throws {
        let named = entries.indices.filter { !entries[$0].isKept && entries[$0].kind == .restorePoint }
        if let pinned = named.first(where: { entries[$0].standing.isPinned }) {
            throw RecoveryError(
                .refused,
                "restore point \(entries[pinned].id) is pinned",
                hint: "'holdfast show \(entries[pinned].id)' says by whom and why. "
                    + "Run 'holdfast pin \(entries[pinned].id) --remove' first."
            )
        }
        for index in named {
            let system = entries.indices.filter {
                entries[$0].kind == .restorePoint && entries[$0].system == entries[index].system
            }
            for proven in Self.newestProven(system, entries) where proven.index == index {
                throw RecoveryError(
                    .refused,
                    "restore point \(entries[index].id) is \(proven.reason)",
                    hint: "Prove a newer one first: with 'holdfast drill', or by a recovery."
                )
            }
        }
    }

    private func find(_ id: String, in entries: [ForgetPlan.Entry], _ snapshots: [StoredSnapshot]) throws -> Int {
        let matching = entries.indices.filter { index in
            entries[index].kind == .foreign
                ? entries[index].snapshots[0].hex.hasPrefix(id) : entries[index].id.hasPrefix(id)
        }
        if matching.count == 1, !id.isEmpty { return matching[0] }
        guard matching.isEmpty else {
            throw RecoveryError(
                .ambiguousRestorePoint,
                "'\(id)' is the beginning of \(matching.count): \(matching.map { entries[$0].id }.joined(separator: ", "))",
                hint: "Give more of its digits."
            )
        }
        if let part = snapshots.first(where: { $0.id.hex.hasPrefix(id) }), let point = part.record.restorePoint {
            if part.record.isRecord {
                throw RecoveryError(
                    .refused,
                    "snapshot \(part.id.short) is a record about restore point \(point), and goes with it",
                    hint: "Records are not dropped alone; 'holdfast show \(point)' lists them."
                )
            }
            throw RecoveryError(
                .refused,
                "snapshot \(part.id.short) is a part of restore point \(point), which stands or falls as a whole",
                hint: "Run 'holdfast forget \(point)' to drop all of it."
            )
        }
        throw RecoveryError(
            .noRestorePoint,
            "there is no restore point or snapshot '\(id)'",
            hint: "Run 'holdfast points --all' to see those that are there."
        )
    }
}

extension SnapshotRecord {
    /// The restore point that it is a part of.
    fileprivate var restorePoint: String? {
        tags.lazy.filter { $0.hasPrefix("rp:") }.map { String($0.dropFirst(3)) }.first
    }

    /// Whether it holds the manifest.
    fileprivate var isManifest: Bool {
        RestorePointCatalog.isManifest(self)
    }

    /// In what order the snapshots of a restore point are removed: manifest, parts, records.
    fileprivate var removalRank: Int { isManifest ? 0 : isRecord ? 2 : 1 }

    fileprivate var components: [String] {
        tags.filter { $0.hasPrefix("component:") }.map { String($0.dropFirst("component:".count)) }
    }
}
