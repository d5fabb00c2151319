internal import FoundationEssentials

/// An answer that is an error, taken apart: its status, some headers, and the error document if there is one.
struct S3ErrorAnswer: Sendable, Equatable {
    var code: S3Error.Code
    var serverCode: String?
    /// The server's text on one line, shortened.
    var text: String?
    var requestID: String?
    var region: String?

    /// The longest text that is kept, in characters.
    static let longestText = 500

    /// Classifies an answer.
    ///
    /// - Parameters:
    ///   - status: 200 for an error document in the place of a result.
    ///   - body: its beginning; anything that is no error document is taken as text. Answers to `HEAD` have none.
    init(status: Int, body: [UInt8], isBucket: Bool = false) {
        // A page of HTML may be well-formed too.
        let document = S3XML.rootName(of: body) == "Error" ? try? S3XML.decode(ErrorDocument.self, from: body) : nil
        serverCode = document?.code.flatMap { $0.isEmpty ? nil : $0 }
        requestID = document?.requestID
        region = document?.region.flatMap { $0.isEmpty ? nil : $0 }
        let visible = document == nil ? Self.visibleText(body) : document?.message ?? ""
        text = Self.shortened(visible)
        code =
            Self.code(serverCode: serverCode ?? "", text: text ?? "")
            ?? Self.code(status: status, isBucket: isBucket)
    }

    /// Classifies a failure that is one of several in an answer, without a status of its own.
    init(code serverCode: String, text: String) {
        self.serverCode = serverCode
        self.text = Self.shortened(text)
        code = Self.code(serverCode: serverCode, text: text) ?? .unexpectedResponse
    }

    /// `<Error>` as S3 and its likes write it.
    private struct ErrorDocument: Decodable {
        var code: String?
        var message: String?
        var region: String?
        var requestID: String?

        enum CodingKeys: String, CodingKey {
            case code = "Code"
            case message = "Message"
            case region = "Region"
            case requestID = "RequestId"
        }
    }

    /// "List of error codes" in S3's API reference; the last ones are MinIO's, Ceph's and Backblaze's.
    private static func code(serverCode: String, text: String) -> S3Error.Code? {
        switch serverCode {
        case "AccessDenied", "AllAccessDisabled", "AccountProblem", "NotSignedUp", "ObjectLocked", "InvalidPayer":
            .accessDenied
        case "InvalidAccessKeyId", "InvalidToken", "InvalidSecurity", "InvalidClientTokenId": .invalidCredentials
        case "SignatureDoesNotMatch": .signatureMismatch
        case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired": .expiredCredentials
        case "RequestTimeTooSkewed": .requestTimeTooSkewed
        case "NoSuchBucket": .noSuchBucket
        case "NoSuchKey": .noSuchKey
        case "NoSuchUpload": .noSuchUpload
        case "NoSuchVersion": .noSuchVersion
        case "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "NoSuchBucketPolicy",
            "NoSuchLifecycleConfiguration", "ServerSideEncryptionConfigurationNotFoundError":
            .notConfigured
        case "BucketAlreadyExists", "BucketAlreadyOwnedByYou": .alreadyExists
        case "PreconditionFailed": .preconditionFailed
        case "ConditionalRequestConflict", "OperationAborted": .conflict
        case "PermanentRedirect", "TemporaryRedirect", "Redirect", "IllegalLocationConstraintException":
            .wrongRegion
        case "AuthorizationHeaderMalformed":
            // The same word says that the header is unreadable; then no region is expected. Garage calls it the scope.
            text.contains("region") || text.contains("scope") ? .wrongRegion : .invalidRequest
        case "InvalidObjectState": .objectArchived
        case "InvalidRange": .invalidRange
        case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch",
            "IncompleteBody":
            .badDigest
        case "InvalidPart", "InvalidPartOrder", "EntityTooSmall": .invalidPart
        case "EntityTooLarge", "MaxMessageLengthExceeded": .entityTooLarge
        case "InvalidBucketName", "KeyTooLongError", "InvalidURI": .invalidName
        case "NotImplemented", "MethodNotAllowed": .notSupported
        case "SlowDown", "TooManyRequests", "RequestLimitExceeded", "Throttling", "ThrottlingException",
            "BandwidthLimitExceeded", "SlowDownRead", "SlowDownWrite":
            .slowDown
        case "ServiceUnavailable", "Busy", "XMinioServerNotInitialized": .serviceUnavailable
        case "InternalError": .serverInternal
        case "RequestTimeout", "RequestTimeoutException": .serverTimeout
        case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage":
            .insufficientStorage
        default: nil
        }
    }

    /// What a status says on its own: for `HEAD`, for proxies, and for codes that are not known.
    private static func code(status: Int, isBucket: Bool) -> S3Error.Code {
        switch status {
        case 200..<300: .unexpectedResponse
        case 301, 302, 307, 308: .wrongRegion
        case 401, 403: .accessDenied
        case 404: isBucket ? .noSuchBucket : .noSuchKey
        case 408: .serverTimeout
        case 409: .conflict
        case 412: .preconditionFailed
        case 413: .entityTooLarge
        case 416: .invalidRange
        case 429: .slowDown
        case 400..<500: .invalidRequest
        case 501: .notSupported
        case 502, 504: .gatewayFailure
        case 503: .serviceUnavailable
        case 507: .insufficientStorage
        case 500..<600: .serverInternal
        default: .unexpectedResponse
        }
    }

    /// A page of HTML without its tags.
    private static func visibleText(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        guard text.contains("<") else { return text }
        var visible = ""
        var isInTag = false
        for character in text {
            switch character {
            case "<": isInTag = true
            case ">":
                isInTag = false
                visible.append(" ")
            default: if !isInTag { visible.append(character) }
            }
        }
        return visible
    }

    /// One line of at most ``longestText`` characters, without control characters.
    static func shortened(_ text: String) -> String? {
        let words = text.unicodeScalars.split { $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F }
        var line = words.map { String($0) }.joined(separator: " ")
        while line.hasSuffix(".") { line.removeLast() }
        guard !line.isEmpty else { return nil }
        return line.count <= longestText ? line : line.prefix(longestText) + "…"
    }
}
