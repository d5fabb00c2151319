public import ResticFormat

/// What is to be forgotten.
public struct ForgetOptions: Sendable {
    /// What is kept.
    public var policy = RetentionPolicy.standard
    /// What is kept of a component, instead of what ``policy`` says.
    public var componentPolicies: [Component: RetentionPolicy] = [:]
    /// Drops exactly these instead: ids of restore points or of foreign snapshots, or beginnings of them.
    public var ids: [String] = []
    /// The system whose restore points are judged; `nil` is every system.
    public var system: String?
    /// Whether snapshots that are no part of a restore point are judged too, grouped by host and paths.
    public var includesForeign = false
    /// Whether more than half may be dropped at once.
    public var allowsMany = false
    /// Whether the last restore point with a collection (a folder, a set, a checkout) that newer ones lack may go like any other.
    public var dropsVanished = false
    /// How old what an unfinished run left must be before it is dropped.
    public var unfinishedGrace: Duration = .seconds(24 * 60 * 60)
    /// How far the clock may stand before the newest restore point.
    public var clockTolerance: Duration = .seconds(10 * 60)

    /// Restore points after a gap longer than this may be of a clock that was set wrong.
    public var doubtfulGap: Duration = .seconds(40 * 86_400)
    /// As long as those after such a gap span less than this, no ages are counted from them.
    public var doubtfulSpan: Duration = .seconds(7 * 86_400)

    /// The default policy for every system.
    public init() {}

    /// Both policies together.
    public var rules: RetentionRules {
        get { RetentionRules(general: policy, components: componentPolicies) }
        set { (policy, componentPolicies) = (newValue.general, newValue.components) }
    }
}

/// What a forget does with every restore point, and why.
public struct ForgetPlan: Sendable {
    /// What an entry is.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A restore point: all its snapshots stand or fall together.
        case restorePoint
        /// Snapshots of a run that never came to its manifest.
        case unfinished
        /// A snapshot that is no part of a restore point.
        case foreign
    }

    /// One restore point, or what stands for one.
    public struct Entry: Sendable, Hashable {
        /// What it is.
        public var kind: Kind
        /// The restore point's id, or the beginning of the foreign snapshot's.
        public var id: String
        /// The system, or the foreign snapshot's host.
        public var system: String
        /// When it was made.
        public var time: GoTime
        /// The components it holds, in alphabetical order.
        public var components: [String]
        /// The paths and tags of its snapshots.
        var paths: [String] = []
        var tags: [String] = []
        /// What the records say of it.
        var standing = PointStanding()
        /// Its snapshots in the order in which they are removed: the manifest's first, those of records last.
        public var snapshots: [ResticID]
        /// Whether it stays.
        public var isKept: Bool
        /// Why; never empty.
        public var reasons: [String]
    }

    /// All entries that were judged, newest first.
    public var entries: [Entry]

    /// Those that are dropped, oldest first: the order of removal.
    public var dropped: [Entry] { entries.reversed().filter { !$0.isKept } }

    /// Whether more than half of the restore points and foreign snapshots go.
    public var dropsMany: Bool {
        let judged = entries.filter { $0.kind != .unfinished }
        return judged.count { !$0.isKept } * 2 > judged.count
    }
}
