internal import HTTPUpload
internal import NIOCore
internal import NIOHTTP1

/// One call, before it is signed and becomes HTTP.
struct S3Request: Sendable {
    var method: HTTPMethod
    var bucket: String
    /// The key, not percent-encoded; `nil` for the bucket itself.
    var key: String?
    var query: [QueryItem] = []
    var headers: [HeaderField] = []
    var body: S3RequestBody = .none
    /// The SHA-256 of the body, where it is known already.
    var digest: Digest?
    /// What the call does, for messages: "read", "list".
    var action: String
    /// How many bytes the answer will have, if it is a download.
    var expectedByteCount: Int64 = 0

    init(_ method: HTTPMethod, _ bucket: String, key: String? = nil, _ action: String) {
        self.method = method
        self.bucket = bucket
        self.key = key
        self.action = action
    }

    func with(query name: String, _ value: String? = "") -> S3Request {
        guard let value else { return self }
        var request = self
        request.query.append(QueryItem(name, value))
        return request
    }

    func with(header name: String, _ value: String?) -> S3Request {
        guard let value else { return self }
        var request = self
        request.headers.append(HeaderField(name, value))
        return request
    }

    func with(headers: [HeaderField]) -> S3Request {
        var request = self
        request.headers += headers
        return request
    }

    func with(body: S3RequestBody) -> S3Request {
        var request = self
        request.body = body
        return request
    }

    /// What the call is about, as part of a sentence.
    var object: String { key.map { "'\($0)' in bucket '\(bucket)'" } ?? "bucket '\(bucket)'" }

    /// The path, percent-encoded, behind `prefix`.
    func path(behind prefix: String) -> String {
        let path = prefix + (key.map { "/" + PercentEncoding.encoded($0, keepsSlash: true) } ?? "")
        return path.isEmpty ? "/" : path
    }
}

/// The body of a request.
enum S3RequestBody: Sendable {
    case none
    /// Bytes in memory, which can be sent again.
    case bytes(ByteBuffer)
    /// Bytes that come once, and how many.
    case stream(UploadChannel, byteCount: Int64)

    var byteCount: Int64 {
        switch self {
        case .none: 0
        case .bytes(let bytes): Int64(bytes.readableBytes)
        case .stream(_, let byteCount): byteCount
        }
    }

    var isRepeatable: Bool { if case .stream = self { false } else { true } }
}
