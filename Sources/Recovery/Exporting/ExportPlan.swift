internal import ResticFormat

/// What an export would write.
public struct ExportPlan: Sendable {
    /// One file.
    public struct Item: Sendable {
        /// Its name in the folder.
        public let name: String
        /// Of which component it is.
        public let component: Component
        /// What is in it, for people.
        public let content: String
        /// How long it is at most, in bytes.
        public let maximumBytes: Int64
        let source: Source
    }

    enum Source: Sendable {
        case collection(String)
        case folders([RestorePointManifest.FolderSummary])
        case sealed([SealedSetSummary])
        case configuration(ConfigurationArchive)
        case bundle(checkout: String)
        case patch(checkout: String)
        case untracked(checkout: String)
    }

    /// Something of the restore point that is not exported.
    public struct Omission: Sendable, Hashable, Codable {
        /// Of which component it is.
        public let component: Component
        /// What it is: a path, a collection, a checkout.
        public let name: String
        /// Why, as the end of a sentence about it.
        public let reason: String
    }

    /// The restore point.
    public let restorePoint: RestorePoint
    /// The absolute path of the folder.
    public let folder: String
    /// The files, in the order in which they are written.
    public internal(set) var items: [Item] = []
    /// What is left out, as far as that is known before.
    public internal(set) var leftOut: [Omission] = []
    /// What whoever uses the files has to know.
    public internal(set) var remarks: [String] = []
    /// Bytes that are needed beside the files while the export runs.
    var scratchBytes: Int64 = 0

    /// So much space the folder needs at most, in bytes.
    public var maximumBytes: Int64 { items.reduce(scratchBytes) { $0 + $1.maximumBytes } }
}

/// What an export did.
public struct ExportReport: Sendable {
    /// The restore point.
    public let restorePoint: RestorePoint
    /// The absolute path of the folder.
    public let folder: String
    /// The files.
    public internal(set) var files: [ExportedFile] = []
    /// What was left out.
    public internal(set) var leftOut: [ExportPlan.Omission]
    /// Where what was written is not what was captured.
    public internal(set) var differences: [String] = []
    /// What whoever uses the files has to know.
    public let remarks: [String]

    /// Whether every file holds what was captured.
    public var isVerified: Bool { differences.isEmpty }
}
