internal import Foundation

/// Where an S3 service is and how to talk to it.
public struct S3Endpoint: Sendable, Hashable {
    /// Whether to speak TLS.
    public let isSecure: Bool
    /// The host, without a port; an IPv6 address in brackets.
    public let host: String
    /// The port; `nil` is the scheme's own.
    public let port: Int?
    /// The region of the buckets, if it is known. It is found out otherwise: at the price of a refused request a bucket.
    public var region: String?
    /// How buckets are named in URLs.
    public var style: S3AddressingStyle
    /// How certificates are checked.
    public var tls: S3TLS
    /// How long to wait for what.
    public var timeouts: S3Timeouts
    /// What to go through on the way.
    public var proxy: S3Proxy?
    /// What the client calls itself.
    public var userAgent: String

    /// Makes an endpoint.
    ///
    /// - Parameter url: `https://host`, `http://host:port`, without a path.
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidEndpoint``.
    public init(
        url: String,
        region: String? = nil,
        style: S3AddressingStyle = .automatic,
        tls: S3TLS = S3TLS(),
        timeouts: S3Timeouts = S3Timeouts(),
        proxy: S3Proxy? = nil,
        userAgent: String = "swift-s3-client"
    ) throws(S3Error) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased(),
            scheme == "http" || scheme == "https", let host = parts.host, !host.isEmpty
        else { throw Self.invalid("the service's URL is not an absolute http or https URL") }
        guard parts.user == nil, parts.password == nil else {
            throw Self.invalid("the service's URL holds a user or a password; give credentials separately")
        }
        guard parts.query == nil, parts.fragment == nil, parts.path.isEmpty || parts.path == "/" else {
            throw Self.invalid("the service's URL holds more than a scheme, a host and a port")
        }
        if let region, region.isEmpty || !region.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x2F }) {
            throw Self.invalid("the region is no word")
        }
        self.isSecure = scheme == "https"
        self.host = host.lowercased()
        self.port = parts.port == (scheme == "https" ? 443 : 80) ? nil : parts.port
        self.region = region
        self.style = style
        self.tls = tls
        self.timeouts = timeouts
        self.proxy = proxy
        self.userAgent = userAgent
    }

    /// Scheme, host and port.
    public var url: String { "\(isSecure ? "https" : "http")://\(authority(host))" }

    /// Whether it is AWS itself, where every region has a host of its own.
    public var isAmazonS3: Bool { host.hasSuffix(".amazonaws.com") || host.hasSuffix(".amazonaws.com.cn") }

    /// Where a bucket is reached: the value of `Host`, and what the path begins with.
    func place(of bucket: String, region: String?) -> (authority: String, pathPrefix: String) {
        var host = host
        // The global host knows every bucket of its partition, and answers for those elsewhere with a redirect.
        if let region, host == "s3.amazonaws.com" || host == "s3.\(self.region ?? "").amazonaws.com" {
            host = region.hasPrefix("cn-") ? "s3.\(region).amazonaws.com.cn" : "s3.\(region).amazonaws.com"
        }
        return usesVirtualHost(for: bucket)
            ? (authority("\(bucket).\(host)"), "") : (authority(host), "/\(PercentEncoding.encoded(bucket))")
    }

    private func usesVirtualHost(for bucket: String) -> Bool {
        switch style {
        case .path: false
        case .virtualHost: true
        // A dot would leave the wildcard of the certificate; others than AWS rarely have the names in their DNS.
        case .automatic: isAmazonS3 && !bucket.contains(".") && Self.isHostLabel(bucket)
        }
    }

    private static func isHostLabel(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
            default: false
            }
        }
    }

    private func authority(_ host: String) -> String { port.map { "\(host):\($0)" } ?? host }

    private static func invalid(_ message: String) -> S3Error { S3Error(.invalidEndpoint, message) }
}

/// How buckets are named in URLs.
public enum S3AddressingStyle: String, Sendable, Hashable, CaseIterable {
    /// Virtual host at AWS where the name allows it, else path.
    case automatic = "auto"
    /// `https://host/bucket/key`.
    case path
    /// `https://bucket.host/key`.
    case virtualHost = "virtual-host"
}

/// How certificates are checked. Verification itself cannot be turned off.
public struct S3TLS: Sendable, Hashable {
    /// A PEM file of the only certificate authorities to trust; `nil` trusts the system's.
    public var authorityFile: String?

    /// Makes options.
    public init(authorityFile: String? = nil) {
        self.authorityFile = authorityFile
    }
}

/// How long to wait for what.
public struct S3Timeouts: Sendable, Hashable {
    /// Until a connection stands, TLS included.
    public var connect: Duration
    /// Until a request without a body to speak of is answered.
    public var request: Duration
    /// Without a byte arriving in the middle of an answer.
    public var readIdle: Duration
    /// The slowest that bodies may move on average, in bytes a second: a request with one of `n` bytes may take `request` and
    /// `n` over this.
    public var slowestRate: Int64

    /// Makes limits.
    public init(
        connect: Duration = .seconds(10),
        request: Duration = .seconds(60),
        readIdle: Duration = .seconds(60),
        slowestRate: Int64 = 16 * 1024
    ) {
        self.connect = connect
        self.request = request
        self.readIdle = readIdle
        self.slowestRate = max(1, slowestRate)
    }

    /// The limit for a request with a body of `byteCount` bytes in one direction.
    func limit(for byteCount: Int64) -> Duration {
        request + .seconds(1) * (Double(byteCount) / Double(slowestRate))
    }
}
