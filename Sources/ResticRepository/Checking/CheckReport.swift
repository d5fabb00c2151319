public import ResticFormat

/// Something in a repository that is not as it was written, and what it hits.
public struct CheckFinding: Sendable, Hashable {
    /// The kind of object that is damaged or missing.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A key file.
        case key
        /// An index file.
        case index
        /// A pack, its blobs or what the index says about it.
        case pack
        /// A snapshot file.
        case snapshot
        /// A lock file.
        case lock
        /// Blobs that something refers to and that are in no index.
        case blob
        /// Nodes of trees that contradict themselves.
        case node
    }

    /// The kind of object.
    public let kind: Kind
    /// The object: the id of a pack or blob, the path of another file. Empty when the finding is about many.
    public let object: String
    /// What is wrong, a sentence without a full stop that names the object.
    public let message: String
    /// What the operator can do.
    public let hint: String?
    /// What is wrong with the object's parts, one line each: blobs that fail, entries that disagree.
    public internal(set) var details = BoundedList<String>()
    /// The files and folders that cannot be restored because of it, as paths in their snapshots.
    public internal(set) var files = BoundedList<String>()
    /// The snapshots that these are in, newest first.
    public internal(set) var snapshots = BoundedList<HitSnapshot>()

    init(_ kind: Kind, _ object: String, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.object = object
        self.message = message
        self.hint = hint
    }
}

/// A snapshot that damage hits.
public struct HitSnapshot: Sendable, Hashable {
    /// The snapshot.
    public let id: ResticID
    /// When it was made.
    public let time: GoTime
    /// Its tags, which say what it belongs to.
    public let tags: [String]
}

/// Something that is unusual but harms no data.
public struct CheckRemark: Sendable, Hashable {
    /// The kind of remark.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// Files in `data` that no index names: an interrupted backup leaves such.
        case unindexedPack
        /// Files that no repository has.
        case foreignFile
        /// Blobs that are stored more than once.
        case duplicateBlob
        /// Packs that more than one index file lists.
        case packIndexedTwice
        /// Packs that hold more blobs than the index says.
        case partlyIndexedPack
        /// Files that a repair has set aside.
        case replacedFile
        /// Packs that vanished while they were to be read, and that no index needs any more.
        case vanishedPack
    }

    /// The kind of remark.
    public let kind: Kind
    /// The remark, a sentence without a full stop.
    public let message: String
    /// How many objects it is about.
    public let count: Int
    /// How many bytes these have together; 0 where that says nothing.
    public let byteCount: Int64
    /// The first of them.
    public let examples: [String]
}

/// What a check of a repository looked at and found.
public struct RepositoryCheckReport: Sendable {
    /// Key files.
    public internal(set) var keys = 0
    /// Index files.
    public internal(set) var indexes = 0
    /// Snapshots.
    public internal(set) var snapshots = 0
    /// Packs that an index names.
    public internal(set) var packs = 0
    /// Their length, in bytes.
    public internal(set) var packBytes: Int64 = 0
    /// Different blobs in the index.
    public internal(set) var blobs = 0
    /// Trees that were visited.
    public internal(set) var trees = 0
    /// Packs that were read from end to end.
    public internal(set) var packsRead = 0
    /// Bytes of packs that were read.
    public internal(set) var bytesRead: Int64 = 0
    /// Blobs that were decrypted, decompressed and hashed while packs were read.
    public internal(set) var blobsRead = 0
    /// Damage; empty when the repository is intact.
    public internal(set) var findings: [CheckFinding] = []
    /// What is unusual but harms nothing.
    public internal(set) var remarks: [CheckRemark] = []

    /// Whether nothing is damaged, as far as was looked.
    public var isIntact: Bool { findings.isEmpty }
}
