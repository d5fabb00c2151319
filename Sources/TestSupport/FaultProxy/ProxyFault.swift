/// What goes wrong with one request between a client and an HTTP server.
public enum ProxyFault: Sendable, Hashable, CustomStringConvertible {
    /// Where in the exchange a connection ends.
    public enum Cut: Sendable, Hashable, CaseIterable {
        /// Nothing of the request reaches the server.
        case beforeForwarding
        /// The server gets half of the request's head.
        case inRequestHead
        /// The server gets the head and half of the body; as ``inRequestHead`` for a request without one.
        case inRequestBody
        /// The server has done all and answered; the client gets no byte of it: the lost answer.
        case beforeResponse
        /// The client gets half of the response's head.
        case inResponseHead
        /// The client gets the head and half of the body; as ``inResponseHead`` for a response without one.
        case inResponseBody
        /// The client gets all but the last byte.
        case beforeLastByte

        /// Whether the server does what it was asked to.
        public var reachesServer: Bool {
            switch self {
            case .beforeForwarding, .inRequestHead, .inRequestBody: false
            case .beforeResponse, .inResponseHead, .inResponseBody, .beforeLastByte: true
            }
        }
    }

    /// An answer that the proxy gives in the server's place.
    public struct Answer: Sendable, Hashable {
        /// The status code.
        public var status: Int
        /// The code of S3's error document, e.g. `SlowDown`.
        public var code: String
        /// Header fields beside those of the body.
        public var headers: [String: String]
        /// Whether the server has done the request before: its own answer is dropped.
        public var reachesServer: Bool

        /// Makes an answer.
        public init(_ status: Int, _ code: String, headers: [String: String] = [:], reachesServer: Bool = false) {
            self.status = status
            self.code = code
            self.headers = headers
            self.reachesServer = reachesServer
        }
    }

    /// Both connections end.
    case cut(Cut)
    /// The request is forwarded later.
    case delay(Duration)
    /// Another answer than the server's.
    case answer(Answer)
    /// The body ends early, and the head says that it is whole.
    case truncateBody
    /// One bit in the middle of the body is another.
    case corruptBody
    /// The head announces this many bytes more than come (fewer when negative); then the connection ends. Only that for the
    /// answer to HEAD: its length is that of the object, and nothing could tell a client that it is wrong.
    case wrongLength(by: Int)
    /// The `ETag` is that of something else.
    case wrongETag
    /// The response comes twice.
    case duplicateResponse

    /// 500 `InternalError`.
    public static let internalError = ProxyFault.answer(Answer(500, "InternalError"))
    /// 500 `InternalError` although the server did what it was asked to.
    public static let internalErrorAfterDoing = ProxyFault.answer(Answer(500, "InternalError", reachesServer: true))
    /// 503 `SlowDown`, as S3 asks for fewer requests.
    public static let slowDown = ProxyFault.answer(Answer(503, "SlowDown"))
    /// 403 `RequestTimeTooSkewed`, as S3 answers a client whose clock is wrong by more than 15 minutes.
    public static let clockSkew = ProxyFault.answer(Answer(403, "RequestTimeTooSkewed"))
    /// 400 `ExpiredToken`, as S3 answers temporary credentials past their time.
    public static let expiredCredentials = ProxyFault.answer(Answer(400, "ExpiredToken"))
    /// 429 `TooManyRequests`, with the seconds to wait.
    public static func tooManyRequests(retryAfter seconds: Int) -> ProxyFault {
        .answer(Answer(429, "TooManyRequests", headers: ["Retry-After": "\(seconds)"]))
    }

    /// Every kind that a client gets over by trying again: what a test draws from at random.
    public static let transient: [ProxyFault] =
        Cut.allCases.map { .cut($0) } + [
            .internalError, .internalErrorAfterDoing, .slowDown, tooManyRequests(retryAfter: 0), .truncateBody,
            .corruptBody,
            .wrongLength(by: 7), .wrongLength(by: -7), .duplicateResponse,
        ]

    public var description: String {
        switch self {
        case .cut(let cut): "cut \(cut)"
        case .delay(let duration): "delay \(duration)"
        case .answer(let answer): "answer \(answer.status) \(answer.code)\(answer.reachesServer ? " after doing" : "")"
        case .truncateBody: "truncated body"
        case .corruptBody: "corrupted body"
        case .wrongLength(let difference): "length wrong by \(difference)"
        case .wrongETag: "wrong ETag"
        case .duplicateResponse: "duplicate response"
        }
    }
}
