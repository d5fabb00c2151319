import Testing

@testable import S3Client

@Suite("Error answers of S3")
struct ErrorAnswerTests {
    static let documents: [(code: String, status: Int, expected: S3Error.Code)] = [
        ("AccessDenied", 403, .accessDenied), ("InvalidAccessKeyId", 403, .invalidCredentials),
        ("SignatureDoesNotMatch", 403, .signatureMismatch), ("ExpiredToken", 400, .expiredCredentials),
        ("RequestTimeTooSkewed", 403, .requestTimeTooSkewed), ("NoSuchBucket", 404, .noSuchBucket),
        ("NoSuchKey", 404, .noSuchKey), ("NoSuchUpload", 404, .noSuchUpload), ("NoSuchVersion", 404, .noSuchVersion),
        ("PreconditionFailed", 412, .preconditionFailed), ("ConditionalRequestConflict", 409, .conflict),
        ("PermanentRedirect", 301, .wrongRegion), ("TemporaryRedirect", 307, .wrongRegion),
        ("InvalidRange", 416, .invalidRange), ("BadDigest", 400, .badDigest), ("InvalidPart", 400, .invalidPart),
        ("EntityTooLarge", 400, .entityTooLarge), ("NotImplemented", 501, .notSupported), ("SlowDown", 503, .slowDown),
        ("ServiceUnavailable", 503, .serviceUnavailable), ("InternalError", 500, .serverInternal),
        ("RequestTimeout", 400, .serverTimeout), ("QuotaExceeded", 403, .insufficientStorage),
        ("InvalidObjectState", 403, .objectArchived), ("SomethingNew", 400, .invalidRequest),
        ("SomethingNew", 503, .serviceUnavailable),
        ("NoSuchObjectLockConfiguration", 404, .notConfigured),
    ]

    @Test("classifies an error document by its code, and an unknown one by the status", arguments: documents)
    func document(code: String, status: Int, expected: S3Error.Code) {
        let body = """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>\(code)</Code><Message>Some words.
            More.</Message><Resource>/b/k</Resource><RequestId>4442587FB7D0A2F9</RequestId></Error>
            """
        let answer = S3ErrorAnswer(status: status, body: Array(body.utf8))
        #expect(answer.code == expected)
        #expect(answer.serverCode == code)
        #expect(answer.text == "Some words. More")
        #expect(answer.requestID == "4442587FB7D0A2F9")
    }

    @Test(
        "classifies an answer without a document by its status",
        arguments: [
            (301, .wrongRegion), (400, .invalidRequest), (403, .accessDenied), (404, .noSuchKey), (408, .serverTimeout),
            (409, .conflict), (412, .preconditionFailed), (413, .entityTooLarge), (416, .invalidRange),
            (429, .slowDown),
            (500, .serverInternal), (501, .notSupported), (502, .gatewayFailure), (503, .serviceUnavailable),
            (504, .gatewayFailure), (507, .insufficientStorage), (599, .serverInternal), (700, .unexpectedResponse),
        ] as [(Int, S3Error.Code)]
    )
    func status(status: Int, expected: S3Error.Code) {
        #expect(S3ErrorAnswer(status: status, body: []).code == expected)
        let page = "<html><head><title>\(status)</title></head><body><h1>Bad things</h1> happened.</body></html>"
        let answer = S3ErrorAnswer(status: status, body: Array(page.utf8))
        #expect(answer.code == expected)
        #expect(answer.text == "\(status) Bad things happened")
    }

    @Test("knows a region from a malformed header only when one was expected")
    func region() {
        func answer(_ message: String) -> S3ErrorAnswer {
            let body =
                "<Error><Code>AuthorizationHeaderMalformed</Code><Message>\(message)</Message><Region>eu-west-1</Region></Error>"
            return S3ErrorAnswer(status: 400, body: Array(body.utf8))
        }
        let wrong = answer(
            "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'"
        )
        #expect(wrong.code == .wrongRegion)
        // Garage's words.
        #expect(answer("Authorization header malformed, unexpected scope: 20261201/us-east-1/s3").code == .wrongRegion)
        #expect(wrong.region == "eu-west-1")
        #expect(answer("a non-empty Access Key must be provided").code == .invalidRequest)
    }

    @Test("survives every beginning of a document, and nonsense")
    func truncated() {
        let body = Array("<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>a&amp;b</Message></Error>".utf8)
        for length in 0..<body.count {
            #expect(S3ErrorAnswer(status: 503, body: Array(body.prefix(length))).code == .serviceUnavailable)
        }
        #expect(S3ErrorAnswer(status: 503, body: body).code == .slowDown)
        #expect(S3ErrorAnswer(status: 500, body: [0xFF, 0xFE, 0x00]).code == .serverInternal)
    }

    @Test("has a hint that is a sentence for every code", arguments: S3Error.Code.all)
    func hints(code: S3Error.Code) {
        let hint = S3Error(code, "message").hint ?? ""
        #expect(hint.last == "." || hint.last == "?")
        #expect(hint.first?.isUppercase == true)
    }

    @Test("takes a skewed clock for permanent, and a request that only came late for passing")
    func skew() {
        #expect(S3Error(.requestTimeTooSkewed, "m", clockSkew: .seconds(-3600)).isRetryable == false)
        #expect(S3Error(.requestTimeTooSkewed, "m", clockSkew: .seconds(2)).isRetryable)
        #expect(S3Error(.requestTimeTooSkewed, "m").isRetryable == false)
    }
}
