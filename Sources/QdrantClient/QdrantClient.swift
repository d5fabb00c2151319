public import AsyncHTTPClient
public import Logging
internal import NIOCore
internal import NIOSSL

/// A client of Qdrant's REST API, as it is in Qdrant 1.19.
///
/// ```swift
/// let endpoint = try QdrantEndpoint(url: "http://localhost:6333")
/// let count = try await withQdrantClient(endpoint: endpoint, logger: logger) { client in
///     try await client.count(in: "books")
/// }
/// ```
///
/// Every method may be called from any task at any time. What they throw is a ``QdrantError``, or `CancellationError` when
/// the task was cancelled; uploads pass on what their source throws.
///
/// One client talks to one node. In a cluster, snapshots hold only the shards of the node that was asked: make a client
/// per node.
public struct QdrantClient: Sendable {
    /// Where the server is.
    public let endpoint: QdrantEndpoint

    let http: HTTPClient
    let patientHTTP: HTTPClient
    let tls: TLSConfiguration?
    let options: QdrantClientOptions
    let logger: Logger

    /// Makes a client on HTTP clients that the caller owns and shuts down.
    ///
    /// - Parameters:
    ///   - httpClient: for ordinary calls and downloads. Configure it with
    ///     ``configuration(for:isPatient:)``; a client that follows redirects would send the api key elsewhere.
    ///   - patientHTTPClient: for uploads and for making snapshots, where nothing may arrive for hours; the same when
    ///     `nil`.
    /// - Throws: ``QdrantError`` with ``QdrantError/Code/invalidEndpoint`` when a certificate file cannot be read.
    public init(
        endpoint: QdrantEndpoint,
        httpClient: HTTPClient,
        patientHTTPClient: HTTPClient? = nil,
        options: QdrantClientOptions = QdrantClientOptions(),
        logger: Logger
    ) throws(QdrantError) {
        self.endpoint = endpoint
        self.http = httpClient
        self.patientHTTP = patientHTTPClient ?? httpClient
        self.tls = try endpoint.tls.configuration()
        self.options = options
        self.logger = logger
    }

    /// How an HTTP client for this endpoint is to be configured.
    ///
    /// Redirects are not followed, connections are not retried behind the back of the retry policy, and the
    /// protocol is HTTP/1.1.
    ///
    /// - Parameter isPatient: whether it is for uploads and for making snapshots.
    public static func configuration(for endpoint: QdrantEndpoint, isPatient: Bool) -> HTTPClient.Configuration {
        let timeouts = endpoint.timeouts
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: TimeAmount(timeouts.connect),
                read: TimeAmount(isPatient ? timeouts.longOperation : timeouts.readIdle)
            )
        )
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }
}

/// What a client does beyond the endpoint's settings.
public struct QdrantClientOptions: Sendable {
    /// When failed calls are repeated.
    public var retryPolicy: RetryPolicy
    /// The longest answer to a JSON call, in bytes.
    public var responseByteLimit: Int
    /// What the delays between attempts are measured with.
    public var clock: any Clock<Duration>
    /// Draws a number in 0..<1 for the delays, and the boundaries of uploads.
    public var randomUnit: @Sendable () -> Double

    /// Makes options.
    public init(
        retryPolicy: RetryPolicy = RetryPolicy(),
        responseByteLimit: Int = 64 * 1024 * 1024,
        clock: any Clock<Duration> = ContinuousClock(),
        randomUnit: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.retryPolicy = retryPolicy
        self.responseByteLimit = responseByteLimit
        self.clock = clock
        self.randomUnit = randomUnit
    }
}

/// Runs `body` with a client, and closes its connections whatever happens.
///
/// - Throws: what `body` throws; ``QdrantError`` with ``QdrantError/Code/invalidEndpoint`` when a certificate file cannot be
///   read.
public func withQdrantClient<Result>(
    endpoint: QdrantEndpoint,
    options: QdrantClientOptions = QdrantClientOptions(),
    logger: Logger,
    _ body: (QdrantClient) async throws -> Result
) async throws -> Result {
    let http = HTTPClient(configuration: QdrantClient.configuration(for: endpoint, isPatient: false))
    // Uploads wait for the event loops now and then; one is enough for them and makes that cheap.
    let patientHTTP = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup.any(),
        configuration: QdrantClient.configuration(for: endpoint, isPatient: true)
    )
    let result: Swift.Result<Result, any Error>
    do {
        let client = try QdrantClient(
            endpoint: endpoint,
            httpClient: http,
            patientHTTPClient: patientHTTP,
            options: options,
            logger: logger
        )
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    // Connections that are still in use by then are cut; there is nothing a caller could do about a failure here.
    try? await http.shutdown()
    try? await patientHTTP.shutdown()
    return try result.get()
}

extension QdrantTLS {
    /// The client's side of TLS; `nil` uses the HTTP client's own.
    func configuration() throws(QdrantError) -> TLSConfiguration? {
        guard self != QdrantTLS() else { return nil }
        guard (certificateFile == nil) == (privateKeyFile == nil) else {
            throw QdrantError(
                .invalidEndpoint,
                "a client certificate needs both its file and its key's",
                object: .service
            )
        }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorityFile {
            configuration.trustRoots = .certificates(try Self.certificates(in: authorityFile))
        }
        if let certificateFile, let privateKeyFile {
            configuration.certificateChain = try Self.certificates(in: certificateFile).map { .certificate($0) }
            do {
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: privateKeyFile, format: .pem))
            } catch {
                throw Self.unreadable(privateKeyFile, error)
            }
        }
        return configuration
    }

    private static func certificates(in file: String) throws(QdrantError) -> [NIOSSLCertificate] {
        do {
            let certificates = try NIOSSLCertificate.fromPEMFile(file)
            if !certificates.isEmpty { return certificates }
        } catch {
            throw unreadable(file, error)
        }
        throw unreadable(file, nil)
    }

    private static func unreadable(_ file: String, _ cause: (any Error)?) -> QdrantError {
        QdrantError(.invalidEndpoint, "'\(file)' cannot be read as PEM", object: .service, cause: cause)
    }
}
