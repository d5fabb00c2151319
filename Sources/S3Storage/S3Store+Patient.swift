internal import AsyncHTTPClient
internal import Locks
public import Logging
public import ObjectStorage
public import S3Client

extension S3Store {
    /// How long failed operations are tried again: 105 seconds at least and 211 at most, long enough for a server that is away
    /// for a minute and a half.
    public static let patience = RetryPolicy(
        attemptLimit: 13,
        firstDelay: .milliseconds(500),
        longestDelay: .seconds(30)
    )

    /// A store as repositories want it: with as many requests at once as the server takes, and patient.
    ///
    /// - Parameters:
    ///   - limits: bytes a second; what is sent again counts again.
    ///   - logger: is told of every wait.
    public static func patient(
        _ store: S3Store,
        policy: RetryPolicy = patience,
        limits: ByteLimits = ByteLimits(),
        logger: Logger
    ) -> any ObjectStore {
        // Nobody holds one of the places below while waiting for bytes or the next try.
        RetryingStore.patient(AdaptiveStore(store), policy: policy, limits: limits, logger: logger)
    }

    /// Makes a client on connections that live as long as the process: stores are values and come and go, and nobody would shut
    /// them down.
    ///
    /// - Throws: ``/S3Client/S3Error`` with `invalidEndpoint` when a certificate file cannot be read.
    public static func client(
        endpoint: S3Endpoint,
        credentials: any S3CredentialsProvider,
        options: S3ClientOptions = S3ClientOptions(),
        logger: Logger
    ) throws(S3Error) -> S3Client {
        try S3Client(
            endpoint: endpoint,
            credentials: credentials,
            httpClient: Connections.shared(for: endpoint),
            metadataHTTPClient: Connections.metadata,
            options: options,
            logger: logger
        )
    }
}

/// HTTP clients by what they are configured with; they live as long as the process, like NIO's own singletons.
private enum Connections {
    private struct Settings: Hashable {
        var timeouts: S3Timeouts
        var proxy: S3Proxy?
    }

    private static let clients = Mutex<[Settings: HTTPClient]>([:])

    static let metadata = HTTPClient(configuration: S3Client.metadataConfiguration())

    static func shared(for endpoint: S3Endpoint) -> HTTPClient {
        clients.withLock { clients in
            let settings = Settings(timeouts: endpoint.timeouts, proxy: endpoint.proxy)
            if let client = clients[settings] { return client }
            let client = HTTPClient(configuration: S3Client.configuration(for: endpoint))
            clients[settings] = client
            return client
        }
    }
}
