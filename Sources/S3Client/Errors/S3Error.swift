/// Why a call to an S3 service failed.
///
/// Match on ``code``. The texts never hold a secret, and hold of the server's answer only its error text, shortened.
public struct S3Error: Error, Sendable {
    /// The kind of failure.
    public var code: Code
    /// What failed, on which object, and what the server said: lower case, no full stop.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// The failure below, as it came.
    public var cause: (any Error)?
    /// The HTTP status, when the server answered.
    public var status: Int?
    /// The server's own word for the failure, `SlowDown` for example; `nil` when it gave none.
    public var serverCode: String?
    /// What the server's support needs to find the request in its log.
    public var requestID: String?
    /// How long the server asked to wait before trying again.
    public var retryAfter: Duration?
    /// The region that the server says the bucket is in.
    public var region: String?
    /// How far the server's clock is ahead of ours, when it refused the request for that.
    public var clockSkew: Duration?
    /// How many bytes of a body arrived before it ended too early.
    public var receivedByteCount: Int64?

    /// Makes an error. `message` is prefixed with nothing: name the object in it.
    public init(
        _ code: Code,
        _ message: String,
        hint: String? = nil,
        status: Int? = nil,
        serverCode: String? = nil,
        requestID: String? = nil,
        retryAfter: Duration? = nil,
        region: String? = nil,
        clockSkew: Duration? = nil,
        receivedByteCount: Int64? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint ?? code.hint
        self.status = status
        self.serverCode = serverCode
        self.requestID = requestID
        self.retryAfter = retryAfter
        self.region = region
        self.clockSkew = clockSkew
        self.receivedByteCount = receivedByteCount
        self.cause = cause
    }

    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// Whether it may be *repeated* is another question: one whose answer was lost may have been done.
    public var isRetryable: Bool {
        // A request that waited too long on its way is refused for its age; a clock that is wrong stays wrong.
        if code == .requestTimeTooSkewed, let clockSkew { return abs(clockSkew) < .seconds(5 * 60) }
        return code.isRetryable
    }

    /// Whether the call may have taken effect although it failed: its answer was lost, or the server gave up in the middle.
    public var mayHaveTakenEffect: Bool { code.mayHaveTakenEffect }
}

extension S3Error: CustomStringConvertible {
    /// The message, the code, the status and the request's identifier.
    public var description: String {
        var parts = ["\(code)"]
        if let serverCode, serverCode.lowercased() != "\(code)".lowercased() { parts.append(serverCode) }
        if let status { parts.append("HTTP \(status)") }
        if let requestID { parts.append("request \(requestID)") }
        return "\(message) (\(parts.joined(separator: ", ")))"
    }
}

func abs(_ duration: Duration) -> Duration {
    duration < .zero ? .zero - duration : duration
}
