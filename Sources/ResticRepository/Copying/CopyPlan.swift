public import ResticFormat

/// Snapshots that are copied together, in order: none without those before it. The parts of a restore point and its manifest, or
/// one snapshot alone.
public struct CopyGroup: Sendable {
    /// What reports call it.
    public var name: String
    /// The snapshots in the order in which they are stored.
    public var snapshots: [StoredSnapshot]

    /// Makes a group.
    public init(name: String, snapshots: [StoredSnapshot]) {
        self.name = name
        self.snapshots = snapshots
    }
}

/// What a copy would do: a value that a dry run prints and a copy executes.
public struct CopyPlan: Sendable {
    /// The groups, each with the snapshots that the target lacks; groups that are there already are left out.
    public internal(set) var groups: [CopyGroup] = []
    /// Snapshots of the request that the target has already.
    public internal(set) var presentSnapshots = 0
    /// Blobs that the target lacks.
    public internal(set) var blobs = 0
    /// The length of these in the source, as they are stored, in bytes: about what the target will grow by.
    public internal(set) var storedBytes: Int64 = 0
    /// What is wrong with the source already: trees that cannot be read, blobs that are in no index.
    public internal(set) var problems: [String] = []

    var needed: BlobMarks

    /// How many snapshots are to be copied.
    public var snapshotCount: Int { groups.reduce(0) { $0 + $1.snapshots.count } }
    /// Whether the target has everything.
    public var isEmpty: Bool { groups.isEmpty }
}

/// What a copy did.
public struct CopyReport: Sendable {
    /// A snapshot and its copy.
    public struct Copied: Sendable, Hashable {
        /// The group it belongs to.
        public let group: String
        /// The snapshot's id in the source.
        public let source: ResticID
        /// Its id in the target.
        public let target: ResticID
    }

    /// A group that could not be copied, or not all of it.
    public struct Failure: Sendable, Hashable {
        /// The group.
        public let group: String
        /// Why.
        public let reason: String

        /// Makes a failure.
        public init(group: String, reason: String) {
            self.group = group
            self.reason = reason
        }
    }

    /// The snapshots that were copied.
    public internal(set) var copied: [Copied] = []
    /// The groups that were not.
    public internal(set) var failures: [Failure] = []
    /// What was written.
    public internal(set) var written = WriteStatistics()
}
