internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension S3Error.Code {
    /// Classifies what the HTTP client throws. What is unknown counts as a lost connection.
    init(transport error: any Error) {
        switch error {
        case let error as HTTPClientError: self.init(error)
        case let error as NIOConnectionError: self.init(error)
        // A server that is being restarted ends the handshake in its middle.
        case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])), NIOSSLError.uncleanShutdown:
            self = .connectionLost
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = .tlsFailed
        case let error as IOError: self.init(errno: error.errnoCode)
        case let error as ChannelError: self = Self(error)
        case is SocketAddressError: self = .nameNotResolved
        case HTTPParserError.invalidEOFState: self = .connectionLost
        case is HTTPParserError: self = .unexpectedResponse
        default: self = .connectionLost
        }
    }

    private init(_ error: HTTPClientError) {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout: self = .connectTimeout
        case .readTimeout, .writeTimeout, .deadlineExceeded: self = .requestTimeout
        case .invalidURL, .emptyHost, .emptyScheme: self = .invalidEndpoint
        default: self = .connectionLost
        }
    }

    private init(_ error: NIOConnectionError) {
        guard let failure = error.connectionErrors.first?.error else {
            self = .nameNotResolved
            return
        }
        switch failure {
        case let failure as IOError where failure.errnoCode == ECONNREFUSED: self = .connectionRefused
        case let failure as IOError where failure.errnoCode == ETIMEDOUT: self = .connectTimeout
        case is ChannelError: self = .connectTimeout
        default: self = .connectionFailed
        }
    }

    private init(_ error: ChannelError) {
        if case .connectTimeout = error { self = .connectTimeout } else { self = .connectionLost }
    }

    private init(errno code: CInt) {
        switch code {
        case ECONNREFUSED: self = .connectionRefused
        case ETIMEDOUT: self = .connectTimeout
        case EHOSTUNREACH, ENETUNREACH, EMFILE, ENFILE, EADDRNOTAVAIL: self = .connectionFailed
        default: self = .connectionLost
        }
    }
}

extension S3Error.Code {
    /// What happened on the way, as the end of a message.
    var phrase: String {
        switch self {
        case .connectionRefused: "the connection was refused"
        case .nameNotResolved: "the host name is unknown"
        case .connectTimeout: "no connection within the limit"
        case .connectionFailed: "the connection could not be made"
        case .tlsFailed: "no TLS connection could be agreed on"
        case .requestTimeout: "no answer within the limit"
        case .connectionLost: "the connection was closed before the answer"
        case .truncatedBody: "the answer ended too early"
        case .invalidEndpoint: "the URL cannot be used"
        default: "not HTTP"
        }
    }
}
