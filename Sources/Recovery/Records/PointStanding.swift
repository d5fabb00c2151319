public import ResticFormat
internal import ResticRepository

/// What the records about a restore point come to.
public struct PointStanding: Sendable, Hashable {
    /// By component, when it was last found that it can be restored.
    var verified: [String: GoTime] = [:]
    /// By component, when it was last found that it cannot.
    var failed: [String: GoTime] = [:]
    /// The ids of the pins that hold.
    var pins: Set<String> = []

    /// Nothing is known.
    public init() {}

    /// Whether somebody said that it is not to be forgotten, and nobody took that back.
    public var isPinned: Bool { !pins.isEmpty }

    /// When a component was last restored and verified; `nil` when it never was, or when a later attempt failed.
    public func proven(_ component: Component) -> GoTime? { proven(component.rawValue) }

    /// When an attempt to restore a component last failed; `nil` when none did, or when a later one was verified.
    public func failed(_ component: Component) -> GoTime? {
        guard let failed = failed[component.rawValue], proven(component) == nil else { return nil }
        return failed
    }

    /// The components that are proven, in the order of restoring.
    public var provenComponents: [Component] { Component.allCases.filter { proven($0) != nil } }
    /// The components of which the last attempt failed, in the order of restoring.
    public var failedComponents: [Component] { Component.allCases.filter { failed($0) != nil } }
    /// When the last of its components was proven; `nil` when none is.
    public var provenAt: GoTime? { provenComponents.compactMap { proven($0) }.max() }

    func proven(_ component: String) -> GoTime? {
        guard let verified = verified[component] else { return nil }
        if let failed = failed[component], failed >= verified { return nil }
        return verified
    }
}

/// The standings of all restore points, from the tags of the snapshots alone.
public struct PointStandings: Sendable {
    private var standings: [String: PointStanding] = [:]

    /// - Parameter snapshots: all of the repository, in any order. What copies say twice counts once.
    init(_ snapshots: some Sequence<StoredSnapshot>) {
        var revoked: [String: Set<String>] = [:]
        for mark in snapshots.lazy.compactMap({ RecordMark($0) }) {
            var standing = standings[mark.point] ?? PointStanding()
            for name in mark.proves { standing.verified[name] = max(standing.verified[name] ?? mark.time, mark.time) }
            for name in mark.fails { standing.failed[name] = max(standing.failed[name] ?? mark.time, mark.time) }
            if mark.kind == .pin { standing.pins.insert(mark.id) }
            standings[mark.point] = standing
            revoked[mark.point, default: []].formUnion(mark.revokes)
        }
        for (point, ids) in revoked { standings[point]?.pins.subtract(ids) }
    }

    /// The standing of a restore point; one without records has none.
    public subscript(id: String) -> PointStanding { standings[id] ?? PointStanding() }
}
