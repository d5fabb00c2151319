public import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1

/// A version of an object, or a marker that hides older ones.
public struct S3ObjectVersion: Sendable, Hashable {
    /// The key.
    public var key: String
    /// The version; `null` for objects from before the bucket kept versions.
    public var versionID: String
    /// Whether it is the newest.
    public var isLatest: Bool
    /// Whether it is a marker, which has no content.
    public var isMarker: Bool
    /// The length in bytes; 0 for a marker.
    public var byteCount: Int64
    /// When it was made.
    public var modified: Date?
}

/// Whether a bucket keeps older versions of its objects.
public enum S3VersioningStatus: String, Sendable, Hashable {
    /// It never did.
    case never = ""
    /// It does.
    case enabled = "Enabled"
    /// It did, keeps those, and makes no new ones.
    case suspended = "Suspended"
}

extension S3Bucket {
    /// Lists all versions of objects, a page at a time.
    ///
    /// - Parameters:
    ///   - prefix: what keys begin with.
    ///   - body: is called with one page after the other.
    public func listVersions(
        prefix: String = "",
        pageLength: Int? = nil,
        _ body: ([S3ObjectVersion]) async throws -> Void
    ) async throws {
        var marker: (key: String, version: String?)?
        while true {
            let request = S3Request(.GET, name, "list the versions of").with(query: "versions")
                .with(query: "encoding-type", "url")
                .with(query: "prefix", prefix.isEmpty ? nil : prefix)
                .with(query: "max-keys", pageLength.map(String.init))
                .with(query: "key-marker", marker?.key)
                .with(query: "version-id-marker", marker?.version)
            let answer = try await client.document(ListVersionsResult.self, request)
            let isEncoded = answer.encodingType == "url"
            let versions =
                try (answer.versions ?? []).map { try $0.version(isEncoded, isMarker: false, bucket: name) }
                + (answer.markers ?? []).map { try $0.version(isEncoded, isMarker: true, bucket: name) }
            if !versions.isEmpty { try await body(versions) }
            guard answer.isTruncated == true else { return }
            let next = try answer.nextKeyMarker.map { try ListedKey.plain($0, isEncoded, bucket: name) }
            guard let next, next != marker?.key || answer.nextVersionIDMarker != marker?.version else {
                throw S3Error(
                    .unexpectedResponse,
                    "cannot list the versions of bucket '\(name)': the answer does not say where the listing goes on"
                )
            }
            marker = (next, answer.nextVersionIDMarker)
        }
    }

    /// Asks whether the bucket keeps versions.
    public func versioningStatus() async throws -> S3VersioningStatus {
        let request = S3Request(.GET, name, "read the versioning of").with(query: "versioning")
        let answer = try await client.document(VersioningConfiguration.self, request)
        return answer.status.flatMap { S3VersioningStatus(rawValue: $0) } ?? .never
    }

    /// Begins or stops to keep versions.
    public func setVersioning(isEnabled: Bool) async throws {
        let document = VersioningConfiguration(status: isEnabled ? "Enabled" : "Suspended")
        try await client.send(
            document,
            root: "VersioningConfiguration",
            S3Request(.PUT, name, "set the versioning of").with(query: "versioning")
        )
    }
}

extension S3Client {
    /// Sends a document, whose answer has none.
    func send(_ document: some Encodable, root: String, _ request: S3Request) async throws {
        let body = ByteBuffer(bytes: try S3XML.encode(document, root: root))
        let answer = try await call(
            request.with(header: "Content-MD5", Digest.md5(of: body).base64)
                .with(header: "Content-Type", "application/xml")
                .with(body: .bytes(body))
        )
        try refuseErrorDocument(answer, request)
    }
}

/// `<VersioningConfiguration>`.
private struct VersioningConfiguration: S3Document, Encodable {
    // The second is moto's.
    static let rootNames: Set<String> = ["VersioningConfiguration", "GetBucketVersioningResponse"]
    var status: String?
    enum CodingKeys: String, CodingKey { case status = "Status" }
}

/// `<ListVersionsResult>`.
private struct ListVersionsResult: S3Document {
    static let rootNames: Set<String> = ["ListVersionsResult", "ListBucketVersionsResult"]
    struct Entry: Decodable {
        var key: String
        var versionID: String?
        var isLatest: Bool?
        var size: Int64?
        var lastModified: String?

        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case versionID = "VersionId"
            case isLatest = "IsLatest"
            case size = "Size"
            case lastModified = "LastModified"
        }

        func version(_ isEncoded: Bool, isMarker: Bool, bucket: String) throws(S3Error) -> S3ObjectVersion {
            S3ObjectVersion(
                key: try ListedKey.plain(key, isEncoded, bucket: bucket),
                versionID: versionID ?? "null",
                isLatest: isLatest ?? false,
                isMarker: isMarker,
                byteCount: size ?? 0,
                modified: lastModified.flatMap(MetadataCredentials.date)
            )
        }
    }

    var versions: [Entry]?
    var markers: [Entry]?
    var isTruncated: Bool?
    var nextKeyMarker: String?
    var nextVersionIDMarker: String?
    var encodingType: String?

    enum CodingKeys: String, CodingKey {
        case versions = "Version"
        case markers = "DeleteMarker"
        case isTruncated = "IsTruncated"
        case nextKeyMarker = "NextKeyMarker"
        case nextVersionIDMarker = "NextVersionIdMarker"
        case encodingType = "EncodingType"
    }
}
