internal import Foundation

/// Where a Qdrant server is and how to talk to it.
public struct QdrantEndpoint: Sendable, Hashable {
    /// The base URL without a trailing slash: scheme, host, port, and a path when a proxy puts one before Qdrant's.
    public let url: String
    /// The api key, or a JWT made from one. Sent as the header `api-key`.
    public var apiKey: Secret?
    /// How certificates are checked, for `https` URLs.
    public var tls: QdrantTLS
    /// How long to wait for what.
    public var timeouts: QdrantTimeouts
    /// What the client calls itself.
    public var userAgent: String

    /// Makes an endpoint.
    ///
    /// - Parameter url: `http` or `https`. Without a port it is the scheme's own (80, 443), not Qdrant's 6333.
    /// - Throws: ``QdrantError`` with ``QdrantError/Code/invalidEndpoint`` when the URL is not absolute, or has a user,
    ///   a password, a query or a fragment, or when the key cannot be in a header.
    public init(
        url: String,
        apiKey: Secret? = nil,
        tls: QdrantTLS = QdrantTLS(),
        timeouts: QdrantTimeouts = QdrantTimeouts(),
        userAgent: String = "swift-qdrant-client"
    ) throws(QdrantError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty
        else { throw Self.invalid("the server's URL is not an absolute http or https URL") }
        guard parts.user == nil, parts.password == nil else {
            throw Self.invalid("the server's URL holds a user or a password; give the api key separately")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw Self.invalid("the server's URL holds a query or a fragment")
        }
        if let apiKey, apiKey.exposed.isEmpty || !apiKey.exposed.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw Self.invalid(
                "the api key is empty or holds characters that a header cannot (a line break at its end?)"
            )
        }
        guard userAgent.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Self.invalid("the user agent holds characters that a header cannot")
        }
        var base = Substring(url)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.url = String(base)
        self.apiKey = apiKey
        self.tls = tls
        self.timeouts = timeouts
        self.userAgent = userAgent
    }

    /// Whether an api key would cross the network unencrypted.
    public var exposesKey: Bool {
        guard apiKey != nil, let parts = URLComponents(string: url), parts.scheme?.lowercased() == "http" else {
            return false
        }
        return !["localhost", "127.0.0.1", "::1", "[::1]"].contains(parts.host ?? "")
    }

    private static func invalid(_ message: String) -> QdrantError {
        QdrantError(.invalidEndpoint, message, object: .service)
    }
}

/// How certificates are checked. Verification itself cannot be turned off: a backup of whoever answers is no backup.
public struct QdrantTLS: Sendable, Hashable {
    /// A PEM file of the only certificate authorities to trust; `nil` trusts the system's.
    public var authorityFile: String?
    /// A PEM file of the client's certificate chain, for servers with `verify_https_client_certificate`.
    public var certificateFile: String?
    /// A PEM file of the client's private key.
    public var privateKeyFile: String?

    /// Makes options.
    public init(authorityFile: String? = nil, certificateFile: String? = nil, privateKeyFile: String? = nil) {
        self.authorityFile = authorityFile
        self.certificateFile = certificateFile
        self.privateKeyFile = privateKeyFile
    }
}

/// How long to wait for what. There is no limit on how long a transfer takes as long as bytes move.
public struct QdrantTimeouts: Sendable, Hashable {
    /// Until a connection stands, TLS included.
    public var connect: Duration
    /// Until an ordinary call begins to answer.
    public var request: Duration
    /// Without a byte arriving in the middle of an answer, or before a streamed archive begins.
    public var readIdle: Duration
    /// Without the server taking any more of an upload. A source that is slow does not count.
    public var writeIdle: Duration
    /// Until the server answers what takes it long: making a snapshot, or restoring one after the last byte was sent.
    public var longOperation: Duration

    /// Makes limits; the defaults suit collections of some hundred gigabytes.
    public init(
        connect: Duration = .seconds(10),
        request: Duration = .seconds(60),
        readIdle: Duration = .seconds(600),
        writeIdle: Duration = .seconds(600),
        longOperation: Duration = .seconds(6 * 3600)
    ) {
        self.connect = connect
        self.request = request
        self.readIdle = readIdle
        self.writeIdle = writeIdle
        self.longOperation = longOperation
    }
}
