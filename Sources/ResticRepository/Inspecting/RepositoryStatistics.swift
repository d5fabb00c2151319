public import ResticFormat

/// A number of blobs, and what they take.
public struct BlobTotals: Sendable, Hashable {
    /// How many.
    public var count = 0
    /// What they take in their packs, sealed, in bytes.
    public var storedBytes: Int64 = 0
    /// Their content in bytes, decompressed.
    public var contentBytes: Int64 = 0

    /// None.
    public init() {}

    mutating func add(_ location: BlobLocation) {
        count += 1
        storedBytes += Int64(location.length)
        contentBytes += Int64(location.contentLength)
    }

    /// Both together.
    public static func + (left: BlobTotals, right: BlobTotals) -> BlobTotals {
        var sum = left
        sum.count += right.count
        sum.storedBytes += right.storedBytes
        sum.contentBytes += right.contentBytes
        return sum
    }

    /// What is left of the left one without the right one, which is a part of it.
    public static func - (left: BlobTotals, right: BlobTotals) -> BlobTotals {
        var rest = left
        rest.count -= right.count
        rest.storedBytes -= right.storedBytes
        rest.contentBytes -= right.contentBytes
        return rest
    }
}

/// A number of files of one kind in the store.
public struct FileTotals: Sendable, Hashable {
    /// How many.
    public var count = 0
    /// Their length in bytes.
    public var bytes: Int64 = 0

    /// None.
    public init() {}
}

/// What a restore would write.
public struct RestoreSize: Sendable, Hashable {
    /// Everything with a name: files, folders, links.
    public var entries = 0
    /// Regular files.
    public var files = 0
    /// The length of the files in bytes, several names of one file counted once.
    public var bytes: Int64 = 0

    /// Nothing.
    public init() {}

    /// Both together.
    public static func + (left: RestoreSize, right: RestoreSize) -> RestoreSize {
        var sum = left
        sum.entries += right.entries
        sum.files += right.files
        sum.bytes += right.bytes
        return sum
    }
}

/// What a repository holds and what it costs.
public struct RepositoryStatistics: Sendable, Hashable {
    /// What belongs together and would be given up together: the trees of a restore point, or of a snapshot in none.
    public struct Group: Sendable, Hashable {
        /// What a restore of it would write.
        public var restoreSize = RestoreSize()
        /// Blobs that nothing else needs: what goes when it goes.
        public var unique = BlobTotals()
    }

    /// The groups, in the order in which they were given.
    public var groups: [Group] = []
    /// Files of the store by kind.
    public var files: [FileKind: FileTotals] = [:]
    /// The data blobs that the index names, each once.
    public var data = BlobTotals()
    /// The tree blobs that the index names, each once.
    public var trees = BlobTotals()
    /// Data blobs that a group needs.
    public var referencedData = BlobTotals()
    /// Tree blobs that a group needs.
    public var referencedTrees = BlobTotals()
    /// Packs from which the index takes nothing: no index names them, or all they hold lies elsewhere as well.
    public var unindexedPacks = FileTotals()
    /// Packs that an index names and that are not there.
    public var missingPacks = 0
    /// Bytes in packs that the index names but takes from elsewhere: second copies of blobs.
    public var duplicateBytes: Int64 = 0
    /// What could not be read or is not there, a line each, at most ``maximumProblems``. With any, the sums are too small.
    public var problems: [String] = []
    /// How many problems there were.
    public var problemCount = 0

    /// The most problems that are remembered.
    public static let maximumProblems = 100

    /// Blobs that no group needs.
    public var unreferenced: BlobTotals { data + trees - (referencedData + referencedTrees) }
    /// What a prune that repacks everything could free, in bytes: blobs that nothing needs, second copies, forgotten packs.
    public var freeableBytes: Int64 { unreferenced.storedBytes + duplicateBytes + unindexedPacks.bytes }
    /// Everything in the store but the configuration, in bytes.
    public var storedBytes: Int64 { files.values.reduce(0) { $0 + $1.bytes } }
    /// What restoring every group would write.
    public var restoreSize: RestoreSize { groups.reduce(RestoreSize()) { $0 + $1.restoreSize } }
    /// How many bytes of content a stored byte holds, of what is needed; `nil` when nothing is.
    public var compressionRatio: Double? {
        let needed = referencedData + referencedTrees
        return needed.storedBytes > 0 ? Double(needed.contentBytes) / Double(needed.storedBytes) : nil
    }
    /// How many bytes of restored files a byte of different content makes; `nil` when there is none.
    public var deduplicationRatio: Double? {
        referencedData.contentBytes > 0 ? Double(restoreSize.bytes) / Double(referencedData.contentBytes) : nil
    }

    /// Nothing.
    public init() {}

    mutating func note(_ problem: String) {
        problemCount += 1
        if problems.count < Self.maximumProblems { problems.append(problem) }
    }
}
