extension QdrantError {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case badRequest, checksumMismatch, malformedRequest, alreadyExists, unauthenticated, forbidden,
                storageLocked
            case notFound, clusterDisabled, serverTimeout, invalidValue, requestTooLarge, rateLimited, serverInternal
            case temporarilyUnavailable, alreadyInProgress, insufficientStorage, gatewayFailure
            case connectionRefused, nameNotResolved, connectTimeout, connectionFailed, tlsFailed, requestTimeout
            case connectionLost, truncatedBody, unexpectedResponse, responseTooLarge
            case rangeNotHonoured, changedMeanwhile, sourceLengthMismatch, invalidArgument, invalidEndpoint
        }
        private let base: Base

        // MARK: What the server says

        /// The request makes no sense to the server (400).
        public static let badRequest = Code(base: .badRequest)
        /// The archive does not have the checksum that was given (400); nothing was changed.
        public static let checksumMismatch = Code(base: .checksumMismatch)
        /// The body could not be parsed (400).
        public static let malformedRequest = Code(base: .malformedRequest)
        /// Something of that name exists already (409).
        public static let alreadyExists = Code(base: .alreadyExists)
        /// The api key is missing or wrong (401, or 403 without an error envelope).
        public static let unauthenticated = Code(base: .unauthenticated)
        /// The api key lacks the right, or the server's configuration forbids the operation (403).
        public static let forbidden = Code(base: .forbidden)
        /// The storage is locked for writing (403).
        public static let storageLocked = Code(base: .storageLocked)
        /// There is no such object (404).
        public static let notFound = Code(base: .notFound)
        /// The operation needs a cluster and this node is standalone (405).
        public static let clusterDisabled = Code(base: .clusterDisabled)
        /// The server gave up waiting for itself (408); it may still finish.
        public static let serverTimeout = Code(base: .serverTimeout)
        /// A value in path, query or body is out of bounds (422).
        public static let invalidValue = Code(base: .invalidValue)
        /// The body is larger than the server or a proxy accepts (413, or 400 from the JSON reader).
        public static let requestTooLarge = Code(base: .requestTooLarge)
        /// Too many requests (429).
        public static let rateLimited = Code(base: .rateLimited)
        /// The server failed (500).
        public static let serverInternal = Code(base: .serverInternal)
        /// A shard, the node or a proxy cannot answer just now (503).
        public static let temporarilyUnavailable = Code(base: .temporarilyUnavailable)
        /// A partial recovery of that shard is running already (503).
        public static let alreadyInProgress = Code(base: .alreadyInProgress)
        /// The server's disk or quota is full (507).
        public static let insufficientStorage = Code(base: .insufficientStorage)
        /// A proxy could not reach the server or gave up waiting (502, 504).
        public static let gatewayFailure = Code(base: .gatewayFailure)

        // MARK: What happens on the way

        /// Nobody listens at that address.
        public static let connectionRefused = Code(base: .connectionRefused)
        /// The host name is unknown.
        public static let nameNotResolved = Code(base: .nameNotResolved)
        /// No connection within the limit.
        public static let connectTimeout = Code(base: .connectTimeout)
        /// The connection could not be made for another reason (no route, no more sockets).
        public static let connectionFailed = Code(base: .connectionFailed)
        /// The certificate is not trusted, or the other side does not speak TLS.
        public static let tlsFailed = Code(base: .tlsFailed)
        /// The server took longer than the limit to answer, or fell silent in the middle.
        public static let requestTimeout = Code(base: .requestTimeout)
        /// The connection was closed before an answer came.
        public static let connectionLost = Code(base: .connectionLost)
        /// A body ended before it was complete; ``QdrantError/byteOffset`` says where.
        public static let truncatedBody = Code(base: .truncatedBody)
        /// The answer is not what Qdrant sends.
        public static let unexpectedResponse = Code(base: .unexpectedResponse)
        /// The answer is larger than the client accepts.
        public static let responseTooLarge = Code(base: .responseTooLarge)
        /// A part of an archive was asked for and something else was sent.
        public static let rangeNotHonoured = Code(base: .rangeNotHonoured)
        /// The stored snapshot is no longer the one that was begun.
        public static let changedMeanwhile = Code(base: .changedMeanwhile)

        // MARK: What the caller did

        /// The bytes to upload were more or fewer than announced.
        public static let sourceLengthMismatch = Code(base: .sourceLengthMismatch)
        /// A value cannot be sent: a name that cannot be in a path, a NaN in a vector.
        public static let invalidArgument = Code(base: .invalidArgument)
        /// The endpoint's URL, key or certificate files are unusable.
        public static let invalidEndpoint = Code(base: .invalidEndpoint)

        /// The code's own word, for messages and metrics.
        public var description: String { base.rawValue }

        /// Every code, for tables in tests and documents.
        static let all: [Code] = [
            .badRequest, .checksumMismatch, .malformedRequest, .alreadyExists, .unauthenticated, .forbidden,
            .storageLocked, .notFound, .clusterDisabled, .serverTimeout, .invalidValue, .requestTooLarge, .rateLimited,
            .serverInternal, .temporarilyUnavailable, .alreadyInProgress, .insufficientStorage, .gatewayFailure,
            .connectionRefused, .nameNotResolved, .connectTimeout, .connectionFailed, .tlsFailed, .requestTimeout,
            .connectionLost, .truncatedBody, .unexpectedResponse, .responseTooLarge, .rangeNotHonoured,
            .changedMeanwhile, .sourceLengthMismatch, .invalidArgument, .invalidEndpoint,
        ]

        /// What an operator can do about this kind of failure.
        var hint: String {
            switch base {
            case .badRequest: "Do the request and the collection's configuration fit the server's version?"
            case .checksumMismatch:
                "The archive was damaged on the way or is another one; nothing was changed, send it again."
            case .malformedRequest:
                "The server does not understand the body: is it older or newer than this client supports?"
            case .alreadyExists: "Choose another name, or delete what is there."
            case .unauthenticated: "Check the api key, and that it reaches the server through every proxy."
            case .forbidden:
                "Does the api key have the right? Recovery and collection changes need global manage access; recovery from a URL can be disabled on the server."
            case .storageLocked: "Unlock the storage on the server, then try again."
            case .notFound: "Check the name, and that the api key may see it."
            case .clusterDisabled: "This operation exists only in cluster mode; the server runs standalone."
            case .serverTimeout:
                "The operation may still finish on the server: look at its state before starting it again."
            case .invalidValue: "The server's text names the field that is out of bounds."
            case .requestTooLarge:
                "Send smaller batches, or raise service.max_request_size_mb or the proxy's body limit."
            case .rateLimited: "Lower the request rate, or raise the collection's rate limits in its strict mode."
            case .serverInternal: "Look at the server's log for the reason; a full disk is a frequent one."
            case .temporarilyUnavailable: "Wait until the server's /readyz answers 200, then try again."
            case .alreadyInProgress: "Wait for the running recovery of this shard to end."
            case .insufficientStorage: "Free space on the server (old snapshots are a good start), or raise its quota."
            case .gatewayFailure:
                "Ask the node directly, or raise the proxy's time limit: a restore happens inside the request."
            case .connectionRefused:
                "Is Qdrant running, and does the URL name its REST port (6333 unless configured otherwise)?"
            case .nameNotResolved: "Check the host name in the URL and this machine's name server."
            case .connectTimeout: "Is the host up, and does a firewall let the connection through?"
            case .connectionFailed: "Check the network between this machine and the server."
            case .tlsFailed:
                "Is the server's certificate signed by the configured CA and valid for the host in the URL, and is TLS enabled there?"
            case .requestTimeout:
                "The server is busy or stuck: look at its log, and raise the limit if it only needs longer."
            case .connectionLost:
                "Did the server or a proxy restart or give up? Look at its log; what was sent may have taken effect."
            case .truncatedBody: "The server or a proxy ended the transfer early; its log names the reason."
            case .unexpectedResponse:
                "Does the URL lead to Qdrant itself, and not to a proxy's page or another service?"
            case .responseTooLarge: "Ask for smaller pages, or raise the client's response limit."
            case .rangeNotHonoured: "Download the snapshot from its beginning."
            case .changedMeanwhile: "The snapshot was replaced on the server; download it from its beginning."
            case .sourceLengthMismatch: "The source changed while it was sent; nothing was restored from it."
            case .invalidArgument: "Correct the value that the message names."
            case .invalidEndpoint: "Correct the endpoint's configuration."
            }
        }
    }
}
