public import AsyncHTTPClient
public import FoundationEssentials
internal import Locks
public import Logging
internal import NIOCore
internal import NIOSSL

/// A client of Amazon S3 and of services that speak its protocol.
///
/// ```swift
/// let endpoint = try S3Endpoint(url: "https://s3.eu-central-1.amazonaws.com", region: "eu-central-1")
/// try await withS3Client(endpoint: endpoint, credentials: .standardChain(), logger: logger) { client in
///     let bucket = client.bucket("reports")
///     try await bucket.put(ByteBuffer(string: "hello"), at: "2026/november.txt")
/// }
/// ```
///
/// Every method may be called from any task at any time. What they throw is an ``S3Error``, or `CancellationError` when the
/// task was cancelled; uploads pass on what their source throws.
///
/// Calls are not repeated when they fail, but for two answers that the client can do something about at once: another region, and
/// credentials that have just ended. Whatever else is worth repeating, ``S3Error/isRetryable`` says.
public struct S3Client: Sendable {
    /// Where the service is.
    public let endpoint: S3Endpoint

    let http: HTTPClient
    let tls: TLSConfiguration?
    let credentials: CredentialsCache
    let regions: RegionMemory
    let options: S3ClientOptions
    let logger: Logger

    /// Makes a client on HTTP clients that the caller owns and shuts down.
    ///
    /// - Parameters:
    ///   - httpClient: configured with ``configuration(for:)``; a client that follows redirects would send signatures
    ///     elsewhere.
    ///   - metadataHTTPClient: for providers of credentials, which are not behind the proxy; the same when `nil`.
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidEndpoint`` when a certificate file cannot be read.
    public init(
        endpoint: S3Endpoint,
        credentials: any S3CredentialsProvider,
        httpClient: HTTPClient,
        metadataHTTPClient: HTTPClient? = nil,
        options: S3ClientOptions = S3ClientOptions(),
        logger: Logger
    ) throws(S3Error) {
        self.endpoint = endpoint
        self.http = httpClient
        self.tls = try endpoint.tls.configuration()
        self.options = options
        self.logger = logger
        self.regions = RegionMemory()
        var context = S3CredentialsContext(
            http: metadataHTTPClient ?? httpClient,
            region: endpoint.region,
            now: options.now,
            logger: logger
        )
        context.service = httpClient
        context.serviceTLS = tls
        self.credentials = CredentialsCache(credentials, context: context)
    }

    /// The time, as the client knows it.
    public var now: Date { options.now() }

    /// A bucket; nothing is asked of the server.
    public func bucket(_ name: String) -> S3Bucket { S3Bucket(client: self, name: name) }

    /// How an HTTP client for this endpoint is to be configured.
    ///
    /// Redirects are not followed: they would need another signature. The protocol is HTTP/1.1.
    public static func configuration(for endpoint: S3Endpoint) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: TimeAmount(endpoint.timeouts.connect),
                read: TimeAmount(endpoint.timeouts.readIdle)
            )
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        configuration.httpVersion = .http1Only
        if let proxy = endpoint.proxy {
            let authorization = proxy.user.map {
                HTTPClient.Authorization.basic(username: $0, password: proxy.password?.exposed ?? "")
            }
            configuration.proxy = .server(host: proxy.host, port: proxy.port, authorization: authorization)
        }
        return configuration
    }

    /// How an HTTP client for providers of credentials is to be configured: metadata services are on the machine or beside it,
    /// and where there is none nobody answers.
    public static func metadataConfiguration() -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(connect: .seconds(2), read: .seconds(10))
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }
}

/// What a client does beyond the endpoint's settings.
public struct S3ClientOptions: Sendable {
    /// How bodies are proved to arrive as they were sent.
    public var checksum: S3Checksum
    /// Whether bodies are part of the signature. Without, hashing is spared, and only TLS protects them.
    public var signsPayload: Bool
    /// The longest answer to a call that is no download, in bytes.
    public var responseByteLimit: Int
    /// The time: signatures are dated by it.
    public var now: @Sendable () -> Date
    /// Is told of every request that has been answered or has failed, repetitions too, on the task that made it.
    public var observe: (@Sendable (S3Exchange) -> Void)?

    /// Makes options.
    public init(
        checksum: S3Checksum = .sha256,
        signsPayload: Bool = true,
        responseByteLimit: Int = 16 * 1024 * 1024,
        now: @escaping @Sendable () -> Date = { Date() },
        observe: (@Sendable (S3Exchange) -> Void)? = nil
    ) {
        self.checksum = checksum
        self.signsPayload = signsPayload
        self.responseByteLimit = responseByteLimit
        self.now = now
        self.observe = observe
    }
}

/// The checksum that is sent with a body, and that the server refuses another body for.
public enum S3Checksum: String, Sendable, Hashable, CaseIterable {
    /// `x-amz-checksum-sha256`, which the server keeps with the object.
    case sha256
    /// `Content-MD5`, which every server knows.
    case md5
    /// None but the signature's.
    case none
}

/// Runs `body` with a client, and closes its connections whatever happens.
///
/// - Throws: what `body` throws; ``S3Error`` with ``S3Error/Code/invalidEndpoint`` when a certificate file cannot be read.
public func withS3Client<Result>(
    endpoint: S3Endpoint,
    credentials: any S3CredentialsProvider,
    options: S3ClientOptions = S3ClientOptions(),
    logger: Logger,
    _ body: (S3Client) async throws -> Result
) async throws -> Result {
    let http = HTTPClient(configuration: S3Client.configuration(for: endpoint))
    let metadataHTTP = HTTPClient(configuration: S3Client.metadataConfiguration())
    let result: Swift.Result<Result, any Error>
    do {
        let client = try S3Client(
            endpoint: endpoint,
            credentials: credentials,
            httpClient: http,
            metadataHTTPClient: metadataHTTP,
            options: options,
            logger: logger
        )
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    // Connections that are still in use by then are cut; there is nothing a caller could do about a failure here.
    try? await http.shutdown()
    try? await metadataHTTP.shutdown()
    return try result.get()
}

/// The regions of buckets, as the service has told them.
final class RegionMemory: Sendable {
    private let regions = Mutex<[String: String]>([:])

    subscript(bucket: String) -> String? {
        get { regions.withLock { $0[bucket] } }
        set { regions.withLock { $0[bucket] = newValue } }
    }
}

extension S3TLS {
    /// The client's side of TLS; `nil` uses the HTTP client's own.
    func configuration() throws(S3Error) -> TLSConfiguration? {
        guard let authorityFile else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(authorityFile)
            guard !certificates.isEmpty else { throw S3Error(.invalidEndpoint, "no certificate") }
            configuration.trustRoots = .certificates(certificates)
        } catch {
            throw S3Error(.invalidEndpoint, "'\(authorityFile)' cannot be read as PEM", cause: error)
        }
        return configuration
    }
}
