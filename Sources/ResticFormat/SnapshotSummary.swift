/// What a backup did, as restic 0.17 and later keep it with the snapshot.
///
/// Source: restic internal/data/snapshot.go, SnapshotSummary.
public struct SnapshotSummary: Hashable, Sendable {
    /// When the backup began.
    public var backupStart: GoTime
    /// When it ended.
    public var backupEnd: GoTime
    /// Files that the parent snapshot has not.
    public var filesNew: UInt64
    /// Files that the parent snapshot has otherwise.
    public var filesChanged: UInt64
    /// Files that are as in the parent snapshot.
    public var filesUnmodified: UInt64
    /// Directories that the parent snapshot has not.
    public var dirsNew: UInt64
    /// Directories that the parent snapshot has otherwise.
    public var dirsChanged: UInt64
    /// Directories that are as in the parent snapshot.
    public var dirsUnmodified: UInt64
    /// Data blobs added.
    public var dataBlobs: Int64
    /// Tree blobs added.
    public var treeBlobs: Int64
    /// Bytes added before compression.
    public var dataAdded: UInt64
    /// Bytes added to packs: compressed and sealed.
    public var dataAddedPacked: UInt64
    /// Files looked at.
    public var totalFilesProcessed: UInt64
    /// Bytes in those files.
    public var totalBytesProcessed: UInt64

    /// Makes a summary; see the properties.
    public init(
        backupStart: GoTime,
        backupEnd: GoTime,
        filesNew: UInt64 = 0,
        filesChanged: UInt64 = 0,
        filesUnmodified: UInt64 = 0,
        dirsNew: UInt64 = 0,
        dirsChanged: UInt64 = 0,
        dirsUnmodified: UInt64 = 0,
        dataBlobs: Int64 = 0,
        treeBlobs: Int64 = 0,
        dataAdded: UInt64 = 0,
        dataAddedPacked: UInt64 = 0,
        totalFilesProcessed: UInt64 = 0,
        totalBytesProcessed: UInt64 = 0
    ) {
        self.backupStart = backupStart
        self.backupEnd = backupEnd
        self.filesNew = filesNew
        self.filesChanged = filesChanged
        self.filesUnmodified = filesUnmodified
        self.dirsNew = dirsNew
        self.dirsChanged = dirsChanged
        self.dirsUnmodified = dirsUnmodified
        self.dataBlobs = dataBlobs
        self.treeBlobs = treeBlobs
        self.dataAdded = dataAdded
        self.dataAddedPacked = dataAddedPacked
        self.totalFilesProcessed = totalFilesProcessed
        self.totalBytesProcessed = totalBytesProcessed
    }

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("backup_start")
        writer.value(backupStart)
        writer.key("backup_end")
        writer.value(backupEnd)
        writer.member("files_new", filesNew)
        writer.member("files_changed", filesChanged)
        writer.member("files_unmodified", filesUnmodified)
        writer.member("dirs_new", dirsNew)
        writer.member("dirs_changed", dirsChanged)
        writer.member("dirs_unmodified", dirsUnmodified)
        writer.member("data_blobs", dataBlobs)
        writer.member("tree_blobs", treeBlobs)
        writer.member("data_added", dataAdded)
        writer.member("data_added_packed", dataAddedPacked)
        writer.member("total_files_processed", totalFilesProcessed)
        writer.member("total_bytes_processed", totalBytesProcessed)
        writer.endObject()
    }

    init(_ scanner: inout JSONScanner) throws(ResticFormatError) {
        var summary = Self(backupStart: .zero, backupEnd: .zero)
        try scanner.object { scanner, key throws(ResticFormatError) in
            switch key {
            case "backup_start": summary.backupStart = try scanner.time()
            case "backup_end": summary.backupEnd = try scanner.time()
            case "files_new": summary.filesNew = try scanner.unsigned()
            case "files_changed": summary.filesChanged = try scanner.unsigned()
            case "files_unmodified": summary.filesUnmodified = try scanner.unsigned()
            case "dirs_new": summary.dirsNew = try scanner.unsigned()
            case "dirs_changed": summary.dirsChanged = try scanner.unsigned()
            case "dirs_unmodified": summary.dirsUnmodified = try scanner.unsigned()
            case "data_blobs": summary.dataBlobs = try scanner.signed()
            case "tree_blobs": summary.treeBlobs = try scanner.signed()
            case "data_added": summary.dataAdded = try scanner.unsigned()
            case "data_added_packed": summary.dataAddedPacked = try scanner.unsigned()
            case "total_files_processed": summary.totalFilesProcessed = try scanner.unsigned()
            case "total_bytes_processed": summary.totalBytesProcessed = try scanner.unsigned()
            default: try scanner.skip()
            }
        }
        self = summary
    }
}
