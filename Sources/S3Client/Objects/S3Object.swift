public import FoundationEssentials
internal import NIOHTTP1

/// What the headers of an answer say of an object.
public struct S3ObjectHead: Sendable, Hashable {
    /// The length of the whole object, in bytes.
    public var byteCount: Int64
    /// The entity tag without its quotation marks. An MD5 in hexadecimal only for objects uploaded at once and without KMS.
    public var entityTag: String?
    /// The version, in buckets that keep them.
    public var versionID: String?
    /// The SHA-256 that the server keeps, in Base64; of a multipart upload that of its parts' checksums, with `-` and their count.
    public var checksumSHA256: String?
    /// `STANDARD` when the server says nothing.
    public var storageClass: String
    /// Until when it cannot be deleted, and how firmly.
    public var retention: S3Retention?
    /// Whether it cannot be deleted until somebody takes the hold away.
    public var hasLegalHold: Bool
    /// `AES256`, `aws:kms`, `customer` with a customer's key, …; `nil` when the server says nothing.
    public var serverSideEncryption: String?

    init(_ headers: HTTPHeaders, byteCount: Int64) {
        self.byteCount = byteCount
        entityTag = headers.first(name: "ETag").map(S3ObjectHead.unquoted)
        versionID = headers.first(name: "x-amz-version-id")
        checksumSHA256 = headers.first(name: "x-amz-checksum-sha256")
        storageClass = headers.first(name: "x-amz-storage-class") ?? "STANDARD"
        let mode = headers.first(name: "x-amz-object-lock-mode").flatMap { S3Retention.Mode(rawValue: $0) }
        let date = headers.first(name: "x-amz-object-lock-retain-until-date").flatMap(MetadataCredentials.date)
        if let mode, let date { retention = S3Retention(mode: mode, until: date) }
        hasLegalHold = headers.first(name: "x-amz-object-lock-legal-hold")?.uppercased() == "ON"
        serverSideEncryption = Self.encryption(headers)
    }

    static func encryption(_ headers: HTTPHeaders) -> String? {
        if headers.contains(name: "x-amz-server-side-encryption-customer-algorithm") { return "customer" }
        return headers.first(name: "x-amz-server-side-encryption")
    }

    /// Whether ``entityTag`` is the MD5 of the content.
    ///
    /// With KMS or a customer's key it is not, and not after an upload in parts (S3's API reference, "Object").
    public var hasMD5Tag: Bool { Self.isMD5(entityTag, encryption: serverSideEncryption) }

    static func isMD5(_ tag: String?, encryption: String?) -> Bool {
        guard let tag, encryption ?? "AES256" == "AES256" else { return false }
        return tag.utf8.count == 32 && tag.utf8.allSatisfy("0123456789abcdef".utf8.contains)
    }

    static func unquoted(_ tag: String) -> String {
        var tag = Substring(tag)
        if tag.hasPrefix("\"") { tag.removeFirst() }
        if tag.hasSuffix("\"") { tag.removeLast() }
        return String(tag)
    }
}

/// Until when an object cannot be deleted.
public struct S3Retention: Sendable, Hashable {
    /// How firmly.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Who has the right to bypass it may.
        case governance = "GOVERNANCE"
        /// Nobody may, the owner of the account included.
        case compliance = "COMPLIANCE"
    }

    /// How firmly.
    public var mode: Mode
    /// The end, in whole seconds.
    public var until: Date

    /// Makes a retention.
    public init(mode: Mode, until: Date) {
        self.mode = mode
        self.until = until
    }
}

/// How an object is stored.
public struct S3PutOptions: Sendable, Hashable {
    /// Refuse with ``S3Error/Code/preconditionFailed`` when there is an object (`If-None-Match: *`). Servers that do not know
    /// the condition pass over it silently, or answer ``S3Error/Code/notSupported``.
    public var refusesExisting: Bool
    /// `STANDARD_IA`, `GLACIER_IR`, …; `nil` leaves it to the bucket.
    public var storageClass: String?
    /// How the server encrypts what it stores; `nil` leaves it to the bucket.
    public var encryption: S3ServerSideEncryption?
    /// Until when it cannot be deleted; needs a bucket with object lock.
    public var retention: S3Retention?
    /// Whether it cannot be deleted until somebody takes the hold away.
    public var hasLegalHold: Bool
    /// The media type; `nil` is `application/octet-stream`.
    public var contentType: String?

    /// Makes options.
    public init(
        refusesExisting: Bool = false,
        storageClass: String? = nil,
        encryption: S3ServerSideEncryption? = nil,
        retention: S3Retention? = nil,
        hasLegalHold: Bool = false,
        contentType: String? = nil
    ) {
        self.refusesExisting = refusesExisting
        self.storageClass = storageClass
        self.encryption = encryption
        self.retention = retention
        self.hasLegalHold = hasLegalHold
        self.contentType = contentType
    }

    /// The headers of what the object will have; the condition is not among them.
    var headers: [HeaderField] {
        var headers = [HeaderField("Content-Type", contentType ?? "application/octet-stream")]
        if let storageClass { headers.append(HeaderField("x-amz-storage-class", storageClass)) }
        if let encryption { headers += encryption.headers }
        if let retention {
            headers.append(HeaderField("x-amz-object-lock-mode", retention.mode.rawValue))
            headers.append(
                HeaderField("x-amz-object-lock-retain-until-date", SigningTime.rfc3339(retention.until))
            )
        }
        if hasLegalHold { headers.append(HeaderField("x-amz-object-lock-legal-hold", "ON")) }
        return headers
    }
}

/// How the server encrypts what it stores.
public enum S3ServerSideEncryption: Sendable, Hashable {
    /// With keys that S3 keeps (SSE-S3).
    case s3
    /// With a key of KMS; `nil` is the account's own for S3.
    case kms(keyID: String?)

    var headers: [HeaderField] {
        switch self {
        case .s3: [HeaderField("x-amz-server-side-encryption", "AES256")]
        case .kms(let keyID):
            [HeaderField("x-amz-server-side-encryption", "aws:kms")]
                + (keyID.map { [HeaderField("x-amz-server-side-encryption-aws-kms-key-id", $0)] } ?? [])
        }
    }
}
