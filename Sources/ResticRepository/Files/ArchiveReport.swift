/// Something that a backup could not take as it is, and why.
public struct SkippedItem: Sendable, Hashable, Codable {
    /// Why it is listed.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It could not be read and is not in the backup.
        case unreadable
        /// It changed while it was read: what is in the backup may be a mix of both states.
        case changedWhileRead
        /// It vanished between the listing and the reading.
        case vanished
        /// Sockets and the like, which have no content to keep.
        case unsupported
    }
    /// Why it is listed.
    public let kind: Kind
    /// The path below the folder that was backed up.
    public let path: String
    /// What the system said.
    public let reason: String

    /// Makes an item.
    public init(kind: Kind, path: String, reason: String) {
        self.kind = kind
        self.path = path
        self.reason = reason
    }
}

/// What archiving a folder found.
public struct ArchiveReport: Sendable, Hashable {
    /// Files that were not in the parent snapshot.
    public var newFiles = 0
    /// Files whose content was read again.
    public var changedFiles = 0
    /// Files taken over from the parent snapshot without being opened.
    public var unmodifiedFiles = 0
    /// Folders.
    public var directories = 0
    /// Everything else: links, devices, pipes.
    public var otherItems = 0
    /// The length of all files in bytes, holes included.
    public var totalBytes: Int64 = 0
    /// What could not be taken as it is.
    public var skipped: [SkippedItem] = []

    /// Makes an empty report.
    public init() {}

    /// All regular files.
    public var files: Int { newFiles + changedFiles + unmodifiedFiles }
}
