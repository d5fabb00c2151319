extension S3Error {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        enum Base: String, CaseIterable {
            // What the server says.
            case accessDenied, invalidCredentials, signatureMismatch, expiredCredentials, requestTimeTooSkewed
            case noSuchBucket, noSuchKey, noSuchUpload, noSuchVersion, notConfigured
            case alreadyExists, preconditionFailed, conflict, wrongRegion, objectArchived
            case invalidRange, badDigest, invalidPart, entityTooLarge, invalidRequest, invalidName, notSupported
            case insufficientStorage, slowDown, serviceUnavailable, serverInternal, serverTimeout, gatewayFailure
            // What happens on the way.
            case connectionRefused, nameNotResolved, connectTimeout, connectionFailed, tlsFailed, requestTimeout
            case connectionLost, truncatedBody, unexpectedResponse, responseTooLarge, rangeNotHonoured
            case checksumMismatch
            // What the caller did.
            case sourceLengthMismatch, invalidArgument, invalidEndpoint, noCredentials, invalidConfiguration
        }
        let base: Base

        // MARK: What the server says

        /// The identity in use lacks the right, or the object is locked (403).
        public static let accessDenied = Code(base: .accessDenied)
        /// The access key is unknown or disabled, or the session token is not valid (403).
        public static let invalidCredentials = Code(base: .invalidCredentials)
        /// The secret key is wrong, or something on the way changed the request (403).
        public static let signatureMismatch = Code(base: .signatureMismatch)
        /// Temporary credentials have ended (400 or 403).
        public static let expiredCredentials = Code(base: .expiredCredentials)
        /// The request's time is too far from the server's (403); ``S3Error/clockSkew`` says how far.
        public static let requestTimeTooSkewed = Code(base: .requestTimeTooSkewed)
        /// There is no such bucket (404).
        public static let noSuchBucket = Code(base: .noSuchBucket)
        /// There is no such object (404).
        public static let noSuchKey = Code(base: .noSuchKey)
        /// There is no such multipart upload: it was completed or aborted (404).
        public static let noSuchUpload = Code(base: .noSuchUpload)
        /// There is no such version of the object (404).
        public static let noSuchVersion = Code(base: .noSuchVersion)
        /// What was asked for was never configured: object lock, a retention, … (404).
        public static let notConfigured = Code(base: .notConfigured)
        /// A bucket of that name exists already (409).
        public static let alreadyExists = Code(base: .alreadyExists)
        /// A condition of the request does not hold: with `If-None-Match: *`, the object exists (412).
        public static let preconditionFailed = Code(base: .preconditionFailed)
        /// Another operation on the same object is under way (409).
        public static let conflict = Code(base: .conflict)
        /// The bucket is in another region (301, 307 or 400); ``S3Error/region`` names it when the server does.
        public static let wrongRegion = Code(base: .wrongRegion)
        /// The object lies in an archive and must be restored from there first (403).
        public static let objectArchived = Code(base: .objectArchived)
        /// The object is shorter than the range that was asked for (416).
        public static let invalidRange = Code(base: .invalidRange)
        /// The body that arrived has another checksum than the one that was announced (400).
        public static let badDigest = Code(base: .badDigest)
        /// A part of a multipart upload is missing, too small or another than was named (400).
        public static let invalidPart = Code(base: .invalidPart)
        /// The object or the part is larger than the server takes (400, 413).
        public static let entityTooLarge = Code(base: .entityTooLarge)
        /// The request makes no sense to the server (400, 405).
        public static let invalidRequest = Code(base: .invalidRequest)
        /// The bucket or key has a name that the server refuses (400).
        public static let invalidName = Code(base: .invalidName)
        /// The server does not know this operation or header (501).
        public static let notSupported = Code(base: .notSupported)
        /// The server's disk or the quota is full (403, 507).
        public static let insufficientStorage = Code(base: .insufficientStorage)
        /// Too many requests (503 `SlowDown`, 429).
        public static let slowDown = Code(base: .slowDown)
        /// The server cannot answer just now (503).
        public static let serviceUnavailable = Code(base: .serviceUnavailable)
        /// The server failed (500).
        public static let serverInternal = Code(base: .serverInternal)
        /// The server gave up waiting for the body (400 `RequestTimeout`, 408).
        public static let serverTimeout = Code(base: .serverTimeout)
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
        /// A body ended before it was complete; ``S3Error/receivedByteCount`` says where.
        public static let truncatedBody = Code(base: .truncatedBody)
        /// The answer is not what S3 sends.
        public static let unexpectedResponse = Code(base: .unexpectedResponse)
        /// The answer is larger than the client accepts.
        public static let responseTooLarge = Code(base: .responseTooLarge)
        /// A part of an object was asked for and something else was sent.
        public static let rangeNotHonoured = Code(base: .rangeNotHonoured)
        /// The server says that it stored something else than what was sent.
        public static let checksumMismatch = Code(base: .checksumMismatch)

        // MARK: What the caller did

        /// The bytes to upload were more or fewer than announced.
        public static let sourceLengthMismatch = Code(base: .sourceLengthMismatch)
        /// A value cannot be sent.
        public static let invalidArgument = Code(base: .invalidArgument)
        /// The endpoint's URL or certificate files are unusable.
        public static let invalidEndpoint = Code(base: .invalidEndpoint)
        /// No provider has credentials.
        public static let noCredentials = Code(base: .noCredentials)
        /// A profile file, or the answer of a provider of credentials, cannot be understood.
        public static let invalidConfiguration = Code(base: .invalidConfiguration)

        /// The code's own word, for messages and metrics.
        public var description: String { base.rawValue }

        /// Every code, for tables in tests and documents.
        static let all: [Code] = Base.allCases.map { Code(base: $0) }
    }
}
