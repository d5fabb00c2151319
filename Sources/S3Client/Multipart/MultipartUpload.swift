/// How long objects are cut up for uploading.
public struct S3MultipartOptions: Sendable, Hashable {
    /// The length of every part but the last, in bytes: 5 MiB to 5 GiB. ``partByteCount(for:)`` raises it for very long objects.
    public var partByteCount: Int
    /// How many parts are under way at once; memory holds one more.
    public var concurrency: Int

    /// What S3 takes at most.
    public static let partLimit = 10_000
    /// The least length of every part but the last, in bytes.
    public static let leastPartByteCount = 5 * 1024 * 1024

    /// Makes options.
    public init(partByteCount: Int = 16 * 1024 * 1024, concurrency: Int = 4) {
        self.partByteCount = max(Self.leastPartByteCount, partByteCount)
        self.concurrency = max(1, concurrency)
    }

    /// The length of parts with which an object of `byteCount` bytes needs no more than ``partLimit``.
    public func partByteCount(for byteCount: Int64) -> Int {
        max(partByteCount, Int((byteCount + Int64(Self.partLimit) - 1) / Int64(Self.partLimit)))
    }
}

/// An upload in parts that was begun and neither completed nor aborted. Its parts are stored, and paid for, and seen nowhere.
public struct S3MultipartUpload: Sendable, Hashable {
    /// What the object will be called.
    public var key: String
    /// The server's name for the upload.
    public var uploadID: String
    /// When it was begun, as the server says it.
    public var initiated: String?
}

/// A part that is stored.
struct StoredPart: Sendable, Hashable {
    var number: Int
    var entityTag: String
    var checksumSHA256: String?
}
