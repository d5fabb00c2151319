internal import AsyncHTTPClient
internal import Logging
internal import NIOCore
internal import NIOHTTP1

extension QdrantClient {
    /// Makes a JSON call and takes the `result` of its envelope.
    func call<Result>(
        _ request: APIRequest,
        result: (inout JSONScanner) throws(JSONError) -> Result
    ) async throws -> Result {
        try await retrying(request) {
            let response = try await send(request)
            let bytes = try await collect(response, request)
            return try decode(bytes, request, result: result)
        }
    }

    /// Makes a JSON call and takes its result as a value.
    func call(_ request: APIRequest) async throws -> JSONValue {
        try await call(request) { (scanner) throws(JSONError) in try scanner.value() }
    }

    /// Makes a call whose answer is text.
    func text(_ request: APIRequest) async throws -> String {
        try await retrying(request) {
            String(decoding: try await collect(try await send(request), request), as: UTF8.self)
        }
    }

    /// Makes a call once; what comes back has a status that `accepts` lets through.
    func send(
        _ request: APIRequest,
        body: HTTPClientRequest.Body? = nil,
        accepts: (HTTPResponseStatus) -> Bool = { $0.isSuccess }
    ) async throws -> HTTPClientResponse {
        let head = try makeHead(request, body: body)
        logger.debug("qdrant request", metadata: metadata(request))
        let response: HTTPClientResponse
        do {
            switch request.patience {
            case .ordinary:
                response = try await http.execute(head, deadline: .now() + TimeAmount(endpoint.timeouts.request))
            case .stream:
                response = try await http.execute(head, deadline: .distantFuture)
            case .long:
                response = try await patientHTTP.execute(head, deadline: .distantFuture)
            }
        } catch {
            throw translated(error, request)
        }
        guard accepts(response.status) else { throw await refusal(response, request) }
        return response
    }

    /// Repeats a call as far as its kind and the policy allow.
    func retrying<Result>(_ request: APIRequest, _ attempt: () async throws -> Result) async throws -> Result {
        var count = 1
        while true {
            do {
                return try await attempt()
            } catch let error as QdrantError {
                let delay = options.retryPolicy.delay(
                    after: error,
                    attempt: count,
                    repeatability: request.repeatability,
                    unit: options.randomUnit()
                )
                guard let delay else { throw error }
                logger.debug(
                    "qdrant request failed, trying again",
                    metadata: metadata(request).merging(["code": "\(error.code)", "delay": "\(delay)"]) { $1 }
                )
                count += 1
                try await options.clock.sleep(for: delay)
            }
        }
    }

    private func makeHead(_ request: APIRequest, body: HTTPClientRequest.Body?) throws(QdrantError) -> HTTPClientRequest
    {
        var head = HTTPClientRequest(url: try request.url(base: endpoint.url))
        head.method = request.method
        head.tlsConfiguration = tls
        if let key = endpoint.apiKey { head.headers.add(name: "api-key", value: key.exposed) }
        head.headers.add(name: "User-Agent", value: endpoint.userAgent)
        // Qdrant compresses every answer for whoever accepts it; a compressed archive has neither length nor ranges.
        head.headers.add(name: "Accept-Encoding", value: "identity")
        for header in request.headers { head.headers.add(name: header.name, value: header.value) }
        if let body {
            head.body = body
        } else if let json = request.body {
            head.headers.add(name: "Content-Type", value: "application/json")
            head.body = .bytes(json)
        }
        return head
    }

    /// The whole body of an answer, bounded.
    func collect(_ response: HTTPClientResponse, _ request: APIRequest) async throws -> [UInt8] {
        let limit = options.responseByteLimit
        var bytes: [UInt8] = []
        for try await part in ArchiveBody(response, of: request.object, action: request.action, offset: 0) {
            guard bytes.count + part.readableBytes <= limit else {
                throw QdrantError(
                    .responseTooLarge,
                    "cannot \(request.action) \(request.object): the answer is larger than \(limit) bytes",
                    object: request.object,
                    status: Int(response.status.code)
                )
            }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// Takes `result` out of the envelope.
    func decode<Result>(
        _ bytes: [UInt8],
        _ request: APIRequest,
        result: (inout JSONScanner) throws(JSONError) -> Result
    ) throws(QdrantError) -> Result {
        do {
            var scanner = try JSONScanner(bytes, limits: JSONLimits(byteCount: options.responseByteLimit))
            var found: Result?
            try scanner.object { (scanner, key) throws(JSONError) in
                if key == "result" { found = try result(&scanner) } else { try scanner.skipValue() }
            }
            try scanner.end()
            guard let found else { throw JSONError(.unexpectedKind, "an answer without a result") }
            return found
        } catch {
            throw unexpected(request, "\(error)", cause: error)
        }
    }

    func unexpected(_ request: APIRequest, _ what: String, cause: (any Error)? = nil) -> QdrantError {
        QdrantError(
            .unexpectedResponse,
            "cannot \(request.action) \(request.object): unexpected answer: \(what)",
            object: request.object,
            cause: cause
        )
    }

    // MARK: Failures

    /// The typed error for an answer that is not a success.
    private func refusal(_ response: HTTPClientResponse, _ request: APIRequest) async -> QdrantError {
        var beginning: [UInt8] = []
        do {
            for try await part in response.body {
                beginning.append(contentsOf: part.readableBytesView.prefix(Self.longestErrorBody - beginning.count))
                if beginning.count >= Self.longestErrorBody { break }
            }
        } catch {
            // What came of the text will do; the status says what happened.
        }
        let answer = ErrorAnswer(status: Int(response.status.code), body: beginning)
        let text = answer.text.map(withoutKey)
        let retryAfter = response.headers.first(name: "Retry-After").flatMap { Int64($0) }.map {
            Duration.seconds(max(0, $0))
        }
        return QdrantError(
            answer.code,
            "cannot \(request.action) \(request.object): \(text ?? "HTTP status \(response.status.code)")",
            object: request.object,
            status: Int(response.status.code),
            serverText: text,
            retryAfter: retryAfter
        )
    }

    /// The longest beginning of an error body that is read, in bytes.
    private static let longestErrorBody = 64 * 1024

    /// The text with the api key blotted out, should a server or proxy echo it.
    private func withoutKey(_ text: String) -> String {
        guard let key = endpoint.apiKey else { return text }
        return text.split(separator: key.exposed, omittingEmptySubsequences: false).joined(separator: "<redacted>")
    }

    /// The typed error for what the HTTP client throws.
    private func translated(_ error: any Error, _ request: APIRequest) -> any Error {
        if Task.isCancelled || error is CancellationError { return CancellationError() }
        if error is QdrantError { return error }
        let code = QdrantError.Code(transport: error)
        return QdrantError(
            code,
            "cannot \(request.action) \(request.object): \(code.phrase) (\(endpoint.url))",
            object: request.object,
            cause: error
        )
    }

    private func metadata(_ request: APIRequest) -> Logger.Metadata {
        ["method": "\(request.method)", "path": "/\(request.path.joined(separator: "/"))"]
    }
}

extension HTTPResponseStatus {
    var isSuccess: Bool { (200..<300).contains(code) }
}

extension QdrantError.Code {
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
