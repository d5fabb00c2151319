/// A header: its name as it is sent, and its value.
public struct HeaderField: Sendable, Hashable {
    /// The name; letters of either case.
    public var name: String
    /// The value.
    public var value: String

    /// Makes a header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A parameter of a query, not percent-encoded.
public struct QueryItem: Sendable, Hashable {
    /// The name.
    public var name: String
    /// The value; empty for a parameter that has none, such as `?acl`.
    public var value: String

    /// Makes a parameter.
    public init(_ name: String, _ value: String = "") {
        self.name = name
        self.value = value
    }

    /// `name=value`, percent-encoded.
    var encoded: String { "\(PercentEncoding.encoded(name))=\(PercentEncoding.encoded(value))" }
}

/// What of a request is signed.
public struct SignableRequest: Sendable {
    /// `GET`, `PUT`, …
    public var method: String
    /// The path as it is sent: percent-encoded, with its leading slash.
    public var path: String
    /// The query, in any order.
    public var query: [QueryItem]
    /// The headers to sign; `Host` must be one of them.
    public var headers: [HeaderField]
    /// What is said about the body.
    public var payload: PayloadDigest

    /// Makes one.
    public init(
        method: String,
        path: String,
        query: [QueryItem] = [],
        headers: [HeaderField],
        payload: PayloadDigest = .empty
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }

    /// The names of all headers, in lower case and order, joined by `;`.
    var signedHeaderNames: String { canonicalHeaders.map(\.name).joined(separator: ";") }

    /// What is hashed and signed: method, path, query, headers, names of headers, digest of the body; a line each.
    var canonicalForm: String {
        let headers = canonicalHeaders
        return [
            method,
            path.isEmpty ? "/" : path,
            // In the order of code points of what is encoded: of the names first, then of the values.
            query.map { (PercentEncoding.encoded($0.name), PercentEncoding.encoded($0.value)) }
                .sorted { $0 < $1 }
                .map { "\($0)=\($1)" }
                .joined(separator: "&"),
            headers.map { "\($0.name):\($0.value)\n" }.joined(),
            headers.map(\.name).joined(separator: ";"),
            payload.headerValue,
        ].joined(separator: "\n")
    }

    /// Headers with lower-case names in order; those of the same name are one, in the order in which they came.
    private var canonicalHeaders: [HeaderField] {
        var values: [String: [String]] = [:]
        for header in headers { values[header.name.lowercased(), default: []].append(Self.trimmed(header.value)) }
        return values.keys.sorted().map { HeaderField($0, values[$0, default: []].joined(separator: ",")) }
    }

    /// Without blanks at the ends, and with one for each run of them in the middle.
    private static func trimmed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" || $0.isNewline }.joined(separator: " ")
    }
}
