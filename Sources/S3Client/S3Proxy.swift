internal import Foundation

/// An HTTP proxy on the way to the service. TLS goes through it by `CONNECT`.
public struct S3Proxy: Sendable, Hashable {
    /// Its host.
    public var host: String
    /// Its port.
    public var port: Int
    /// User and password for it, if it wants them.
    public var user: String?
    /// See ``user``.
    public var password: S3Secret?

    /// Makes a proxy from `http://[user:password@]host[:port]`.
    ///
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidEndpoint``; the text is not repeated, it may hold a password.
    public init(url: String) throws(S3Error) {
        let text = url.contains("://") ? url : "http://\(url)"
        guard let parts = URLComponents(string: text), parts.scheme?.lowercased() == "http", let host = parts.host,
            !host.isEmpty
        else {
            throw S3Error(
                .invalidEndpoint,
                "the proxy is not an http URL",
                hint: "Write http://host:port; proxies that are themselves reached by TLS or SOCKS cannot be used."
            )
        }
        self.host = host
        port = parts.port ?? 80
        user = parts.user
        password = parts.password.map { S3Secret($0) }
    }

    /// The proxy that the environment names for a host, by the habits of curl: `https_proxy` or `http_proxy` (upper case too,
    /// but `HTTP_PROXY`), `all_proxy`, and in `no_proxy` what goes without: hosts, domains, addresses and blocks of addresses
    /// (`10.0.0.0/8`), each with a port or for all, and `*`.
    ///
    /// - Parameter port: `nil` for the scheme's own.
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidEndpoint``.
    public static func named(
        in environment: [String: String],
        isSecure: Bool,
        host: String,
        port: Int? = nil
    ) throws(S3Error) -> S3Proxy? {
        let exceptions = S3ProxyExceptions(environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")
        guard !exceptions.contain(host: host, port: port ?? (isSecure ? 443 : 80)) else { return nil }
        // HTTP_PROXY is what a CGI server makes of a request's header 'Proxy' (CVE-2016-5385).
        let names =
            isSecure
            ? ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] : ["http_proxy", "all_proxy", "ALL_PROXY"]
        guard let url = names.lazy.compactMap({ environment[$0] }).first(where: { !$0.isEmpty }) else { return nil }
        return try S3Proxy(url: url)
    }
}
