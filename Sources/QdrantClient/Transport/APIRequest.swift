internal import NIOCore
internal import NIOHTTP1

/// One call, before it becomes HTTP.
struct APIRequest: Sendable {
    var method: HTTPMethod
    /// Components of the path, not yet percent-encoded.
    var path: [String]
    var query: [(name: String, value: String)] = []
    var body: ByteBuffer?
    var headers: [(name: String, value: String)] = []
    /// What the call is about, and what it does with it, for messages: "read", "create".
    var object: QdrantObject
    var action: String
    var repeatability: Repeatability
    /// Which limit applies until the answer begins.
    var patience: Patience

    /// How long the answer may take to begin.
    enum Patience: Sendable {
        /// ``QdrantTimeouts/request``.
        case ordinary
        /// ``QdrantTimeouts/readIdle``: an archive is being made while it is sent.
        case stream
        /// ``QdrantTimeouts/longOperation``: the work is done before the answer begins.
        case long
    }

    init(
        _ method: HTTPMethod,
        _ path: [String],
        _ object: QdrantObject,
        _ action: String,
        repeatability: Repeatability,
        patience: Patience = .ordinary
    ) {
        self.method = method
        self.path = path
        self.object = object
        self.action = action
        self.repeatability = repeatability
        self.patience = patience
    }

    /// The same call with a JSON body.
    ///
    /// - Throws: ``QdrantError/Code/invalidArgument`` when the body holds a NaN or an infinity.
    func with(body write: (inout JSONWriter) throws(JSONError) -> Void) throws(QdrantError) -> APIRequest {
        var request = self
        var writer = JSONWriter()
        do {
            try write(&writer)
        } catch {
            throw QdrantError(.invalidArgument, "cannot \(action) \(object): \(error)", object: object, cause: error)
        }
        request.body = writer.buffer
        return request
    }

    func with(body: JSONObject) throws(QdrantError) -> APIRequest {
        try with { (writer) throws(JSONError) in try writer.object(body) }
    }

    func with(query name: String, _ value: (some CustomStringConvertible)?) -> APIRequest {
        guard let value else { return self }
        var request = self
        request.query.append((name, value.description))
        return request
    }

    func with(header name: String, _ value: String) -> APIRequest {
        var request = self
        request.headers.append((name, value))
        return request
    }

    /// The URL below `base`.
    ///
    /// - Throws: ``QdrantError/Code/invalidArgument`` for a name that cannot be a path component.
    func url(base: String) throws(QdrantError) -> String {
        var url = base
        for component in path {
            guard !component.isEmpty, component != ".", component != ".." else {
                throw QdrantError(
                    .invalidArgument,
                    "cannot \(action) \(object): '\(component)' is not a name",
                    object: object
                )
            }
            url += "/" + Self.percentEncoded(component)
        }
        if path.isEmpty { url += "/" }
        let pairs = query.map { Self.percentEncoded($0.name) + "=" + Self.percentEncoded($0.value) }
        return pairs.isEmpty ? url : url + "?" + pairs.joined(separator: "&")
    }

    /// Encodes everything but the unreserved characters of RFC 3986, section 2.3.
    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return encoded
    }
}
