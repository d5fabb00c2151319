public import S3Client

/// How a repository uses its bucket.
public struct S3StoreOptions: Sendable {
    /// Whether the server refuses to replace an object when told to (`If-None-Match: *`).
    public enum ConditionalWrites: String, Sendable, Hashable, CaseIterable {
        /// AWS does; of others nobody knows before one has refused, so that objects are looked up before they are written.
        case automatic = "auto"
        /// It does.
        case supported = "yes"
        /// It does not: objects are looked up before they are written, and the condition is not sent.
        case unsupported = "no"
    }

    /// For how long what is written cannot be deleted. Locks of the repository are left out.
    public struct Retention: Sendable, Hashable {
        /// How firmly.
        public var mode: S3Retention.Mode
        /// From the moment of writing on.
        public var length: Duration

        /// Makes a retention.
        public init(mode: S3Retention.Mode, length: Duration) {
            self.mode = mode
            self.length = length
        }
    }

    /// The most operations at once.
    public var connections: Int
    /// Whether the server refuses to replace an object.
    public var conditionalWrites: ConditionalWrites
    /// Whether a reader never sees half of an object that is being replaced. S3 promises it; rclone over a folder does not.
    public var replacesAtomically: Bool
    /// Whether a listing shows what has just been written. AWS does since December 2020, and so do the usual servers.
    public var listsImmediately: Bool
    /// The storage class of what is written; `nil` leaves it to the bucket. Archives that must be restored before they can be
    /// read (`GLACIER`, `DEEP_ARCHIVE`) make a repository unreadable and are for the caller to refuse.
    public var storageClass: String?
    /// How the server encrypts; the repository is encrypted in any case.
    public var encryption: S3ServerSideEncryption?
    /// For how long what is written cannot be deleted; needs a bucket with object lock.
    public var retention: Retention?
    /// How long a put that was begun may go on after its task was cancelled, before it is cut off and looked up.
    public var graceAfterCancellation: Duration

    /// Makes options.
    public init(
        connections: Int = 8,
        conditionalWrites: ConditionalWrites = .automatic,
        replacesAtomically: Bool = true,
        listsImmediately: Bool = true,
        storageClass: String? = nil,
        encryption: S3ServerSideEncryption? = nil,
        retention: Retention? = nil,
        graceAfterCancellation: Duration = .seconds(5)
    ) {
        self.connections = max(1, connections)
        self.conditionalWrites = conditionalWrites
        self.replacesAtomically = replacesAtomically
        self.listsImmediately = listsImmediately
        self.storageClass = storageClass
        self.encryption = encryption
        self.retention = retention
        self.graceAfterCancellation = graceAfterCancellation
    }
}
