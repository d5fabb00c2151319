public import ResticFormat
internal import ResticRepository

/// Which restore point a recovery uses, and why.
public struct PointChoice: Sendable, Hashable {
    /// How it is asked for.
    public enum Wish: Sendable, Hashable {
        /// The newest that can be used.
        case latest
        /// The newest that was complete at a moment.
        case at(GoTime)
        /// By its id or a beginning of it.
        case named(String)
    }

    /// A newer restore point that was passed over.
    public struct Passed: Sendable, Hashable, Codable {
        /// Its id.
        public var id: String
        /// When its run began, RFC 3339.
        public var startedAt: String
        /// Why, as the end of a sentence about it.
        public var reason: String
    }

    /// The restore point.
    public let point: RestorePoint
    /// Those that are newer, or newer than the wished moment allows, and could not be used; newest first.
    public let passed: [Passed]
    /// How far before the wished moment its captures ended; `nil` when no moment was wished.
    public let distance: Duration?
    /// What makes it doubtful: a collection that was far larger in the restore point before.
    public let doubts: [String]

    /// Chooses.
    ///
    /// A restore point is consistent when it has every wanted component that is configured, lacks nothing by a repair, and all
    /// its captures ended at or before the wished moment. When none has every component, the newest that has one is taken, and
    /// what it lacks is among the doubts.
    ///
    /// - Parameters:
    ///   - points: those of the system, newest first.
    ///   - components: the wanted components that are configured.
    ///   - isDamaged: says why a restore point cannot be used, or `nil`.
    /// - Throws: ``RecoveryError/Code/noRestorePoint``.
    static func choose(
        _ wish: Wish,
        among points: [RestorePoint],
        components: Set<Component>,
        isDamaged: (RestorePoint) async throws -> String?
    ) async throws -> PointChoice {
        var passed: [Passed] = []
        var partial: RestorePoint?
        var limit: GoTime?
        if case .at(let time) = wish { limit = time }
        for point in points {
            let manifest = point.manifest
            if let limit, Self.end(of: point) > limit { continue }
            func pass(_ reason: String) {
                passed.append(Passed(id: manifest.id, startedAt: manifest.startedAt, reason: reason))
            }
            let lacking = components.filter { manifest[$0] == nil }.sorted().map(\.rawValue)
            if !lacking.isEmpty || manifest.isIncomplete {
                pass(
                    lacking.isEmpty
                        ? "is a repaired copy that lacks something" : "holds no \(lacking.joined(separator: ", "))"
                )
                if partial == nil, lacking.count < components.count { partial = point }
                continue
            }
            if let reason = try await isDamaged(point) {
                pass(reason)
                continue
            }
            return Self.make(point, passed, limit, points, lacking: [])
        }
        if let partial, try await isDamaged(partial) == nil {
            let lacking = components.filter { partial.manifest[$0] == nil }.sorted().map(\.rawValue)
            return make(partial, passed.filter { $0.id != partial.manifest.id }, limit, points, lacking: lacking)
        }
        let reasons = passed.prefix(3).map { "\($0.id) \($0.reason)" }.joined(separator: "; ")
        throw RecoveryError(
            .noRestorePoint,
            limit == nil
                ? "there is no restore point to recover from" + (reasons.isEmpty ? "" : ": \(reasons)")
                : "there is no restore point at or before \(limit?.rfc3339 ?? "") to recover from"
                    + (reasons.isEmpty ? "" : ": \(reasons)"),
            hint: points.isEmpty
                ? "Is it the right repository and the right 'system' in the configuration?"
                : "Run 'holdfast points' to see those that are there, and name one by its id."
        )
    }

    /// The one that was asked for by name.
    static func named(_ point: RestorePoint, among points: [RestorePoint], components: Set<Component>) -> PointChoice {
        let lacking = components.filter { point.manifest[$0] == nil }.sorted().map(\.rawValue)
        return make(point, [], nil, points, lacking: lacking)
    }

    private static func make(
        _ point: RestorePoint,
        _ passed: [Passed],
        _ limit: GoTime?,
        _ points: [RestorePoint],
        lacking: [String]
    ) -> PointChoice {
        var doubts = lacking.isEmpty ? [] : ["it holds no \(lacking.joined(separator: ", "))"]
        if point.manifest.isIncomplete { doubts.append("it is a repaired copy that lacks something") }
        let older = points.first { $0.time < point.time && $0.manifest[.qdrant] != nil }
        doubts += shrinkage(of: point, since: older)
        return PointChoice(
            point: point,
            passed: passed,
            distance: limit.map { end(of: point).duration(to: $0) },
            doubts: doubts
        )
    }

    /// Collections that have lost half of their points from one restore point to the next: was the loss captured?
    static func shrinkage(of point: RestorePoint, since older: RestorePoint?) -> [String] {
        guard let older, let now = point.manifest[.qdrant]?.knownPoints, let then = older.manifest[.qdrant]?.knownPoints
        else { return [] }
        return now.sorted { $0.key < $1.key }.compactMap { name, points in
            guard let points, let before = then[name] ?? nil, points < before / 2 else { return nil }
            return
                "collection '\(name)' has \(points) points in it and \(before) in restore point \(older.manifest.id) before: was the loss captured?"
        }
    }

    /// When the last capture of a restore point ended.
    static func end(of point: RestorePoint) -> GoTime { GoTime(rfc3339: point.manifest.finishedAt) ?? point.time }
}
