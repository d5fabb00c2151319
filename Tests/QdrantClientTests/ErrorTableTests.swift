import Testing

@testable import QdrantClient

/// The rows of Qdrant's error table (1.19.0, `src/actix/helpers.rs`), and what proxies add to them.
struct ErrorRow: Sendable, CustomTestStringConvertible {
    var status: Int
    var body: String
    var code: QdrantError.Code
    var text: String?

    var testDescription: String { "\(status) \(body.prefix(40))" }

    static func envelope(_ status: Int, _ text: String, _ code: QdrantError.Code) -> ErrorRow {
        ErrorRow(status: status, body: #"{"status":{"error":"\#(text)"},"time":0.001}"#, code: code, text: text)
    }

    static let all: [ErrorRow] = [
        .envelope(400, "Wrong input: Vector dimension error: expected dim: 4, got 3", .badRequest),
        .envelope(400, "Bad request: no", .badRequest),
        .envelope(400, "Snapshot checksum mismatch: expected a, got b", .checksumMismatch),
        .envelope(400, "Format error in JSON body: expected value at line 1 column 2", .malformedRequest),
        .envelope(
            400,
            "JSON payload (33555000 bytes) is larger than allowed (limit: 33554432 bytes).",
            .requestTooLarge
        ),
        .envelope(409, "Wrong input: Collection `c` already exists!", .alreadyExists),
        ErrorRow(
            status: 401,
            body: "Must provide an API key or an Authorization bearer token",
            code: .unauthenticated,
            text: "Must provide an API key or an Authorization bearer token"
        ),
        ErrorRow(
            status: 403,
            body: "Invalid API key or JWT",
            code: .unauthenticated,
            text: "Invalid API key or JWT"
        ),
        .envelope(403, "Forbidden: Global manage access is required", .forbidden),
        .envelope(403, "Storage locked: maintenance", .storageLocked),
        .envelope(404, "Not found: Collection `c` doesn't exist!", .notFound),
        .envelope(405, "Distributed mode disabled", .clusterDisabled),
        .envelope(408, "Timeout: operation timed out", .serverTimeout),
        .envelope(422, "Validation error in path: checksum", .invalidValue),
        .envelope(429, "Rate limiting exceeded: write rate", .rateLimited),
        .envelope(500, "Service internal error: No space left on device", .serverInternal),
        .envelope(503, "Shard temporarily unavailable: recovering", .temporarilyUnavailable),
        ErrorRow(
            status: 503,
            body: #"{"status":"already_in_progress","time":0.0}"#,
            code: .alreadyInProgress,
            text: "already_in_progress"
        ),
        .envelope(507, "Insufficient storage: disk quota", .insufficientStorage),
        ErrorRow(
            status: 502,
            body: "<html>\r\n<body>Bad\tGateway</body></html>",
            code: .gatewayFailure,
            text: "<html> <body>Bad Gateway</body></html>"
        ),
        ErrorRow(status: 504, body: "", code: .gatewayFailure, text: nil),
        ErrorRow(status: 413, body: "too large", code: .requestTooLarge, text: "too large"),
        ErrorRow(status: 412, body: "", code: .changedMeanwhile, text: nil),
        ErrorRow(status: 416, body: "", code: .rangeNotHonoured, text: nil),
        ErrorRow(status: 302, body: "", code: .unexpectedResponse, text: nil),
        ErrorRow(status: 418, body: "tea", code: .badRequest, text: "tea"),
        ErrorRow(status: 599, body: "?", code: .serverInternal, text: "?"),
    ]
}

@Suite("Errors")
struct ErrorTableTests {
    @Test("names every row of the server's error table", arguments: ErrorRow.all)
    func rows(row: ErrorRow) {
        #expect(
            ErrorAnswer(status: row.status, body: Array(row.body.utf8)) == ErrorAnswer(code: row.code, text: row.text)
        )
    }

    @Test("shortens a text that is not from Qdrant to one line")
    func shortened() {
        let answer = ErrorAnswer(status: 500, body: Array(String(repeating: "wörd\n", count: 10_000).utf8))
        #expect(answer.text?.count == ErrorAnswer.longestText + 1)
        #expect(answer.text?.contains("\n") == false)
    }

    @Test("takes bytes that are not text without failing")
    func binary() {
        let answer = ErrorAnswer(status: 500, body: [0xFF, 0x00, 0x1B, 0x41])
        #expect(answer.code == .serverInternal)
        #expect(answer.text == "\u{FFFD} A")
    }

    @Test("gives every code a hint that is a full sentence, and a word of its own")
    func hints() {
        for code in QdrantError.Code.all {
            #expect(code.hint.hasSuffix(".") || code.hint.hasSuffix("?"), "\(code)")
            #expect(code.hint.first?.isUppercase == true, "\(code)")
        }
        #expect(Set(QdrantError.Code.all.map(\.description)).count == QdrantError.Code.all.count)
        #expect(Set(QdrantError.Code.all.map(\.hint)).count == QdrantError.Code.all.count)
    }

    @Test("says code and status in its description")
    func description() {
        let error = QdrantError(.notFound, "cannot read collection 'c': gone", object: .collection("c"), status: 404)
        #expect("\(error)" == "cannot read collection 'c': gone (notFound, HTTP 404)")
    }

    @Test("shows a secret in no way that text is made of it")
    func secrets() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in [
            "\(secret)", String(reflecting: secret), dumped, "\([secret])", "\(String(describing: Optional(secret)))",
        ] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.exposed == "hunter2")
    }
}
