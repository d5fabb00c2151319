internal import AsyncHTTPClient
internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import QdrantClient

/// Sends the requests of probes and of re-ingestion: one attempt each, no redirects followed, answers of bounded length.
struct HTTPCaller: Sendable {
    /// The longest answer that is read, in bytes.
    static let answerLimit = 4 << 20

    /// What came back.
    struct Answer: Sendable {
        var status: Int
        var body: [UInt8]
    }

    /// Why there is no answer: a sentence that holds nothing secret.
    struct Failure: Error {
        var reason: String
        /// The request was never sent, because something for it is not to be had.
        var isUnsendable = false
    }

    /// A request with its secrets.
    struct Prepared: Sendable {
        fileprivate var call: HTTPCall
        fileprivate var headers: HTTPHeaders
        fileprivate var secrets: [String]

        /// A text in which no secret of the request is left.
        func redacted(_ text: String) -> String {
            secrets.reduce(text) { $1.isEmpty ? $0 : $0.replacing($1, with: "<secret>") }
        }
    }

    private let client: HTTPClient
    private let environment: [String: String]

    /// Runs `body` with a caller of its own.
    static func with<Value>(environment: [String: String], _ body: (HTTPCaller) async throws -> Value) async throws
        -> Value
    {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5)),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        // A probe says at once that nobody listens; its own time decides whether it is tried again.
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(HTTPCaller(client: client, environment: environment)))
        } catch {
            result = .failure(error)
        }
        // Connections that are still in use by then are cut.
        try? await client.shutdown()
        return try result.get()
    }

    /// Gets the secrets of a request.
    ///
    /// - Throws: ``Failure``.
    func prepare(_ call: HTTPCall) async throws -> Prepared {
        var headers = HTTPHeaders()
        var secrets: [String] = []
        for header in call.headers {
            var value = header.text
            if let reference = header.secret {
                do {
                    let secret = try await reference.resolve(environment: environment).revealText()
                    secrets.append(secret)
                    value += secret
                } catch let error as SecretError {
                    throw Failure(reason: "the secret of header '\(header.name)': \(error.message)", isUnsendable: true)
                }
            }
            headers.add(name: header.name, value: value)
        }
        if call.body != nil, !headers.contains(name: "Content-Type") {
            headers.add(name: "Content-Type", value: "application/json")
        }
        headers.replaceOrAdd(name: "User-Agent", value: "holdfast")
        return Prepared(call: call, headers: headers, secrets: secrets)
    }

    /// Sends a request and takes the answer.
    ///
    /// - Throws: ``Failure``, also when that takes longer than the limit; `CancellationError`.
    func send(_ prepared: Prepared, timeout: Duration) async throws -> Answer {
        let answer = try await withTimeLimit(timeout) { [client] in
            do {
                return try await Self.send(prepared, by: client)
            } catch {
                try Task.checkCancellation()
                throw Self.failure(error, prepared.call)
            }
        }
        guard let answer else {
            throw Failure(
                reason: "\(prepared.call.place) did not answer within \(ConfigurationDuration.render(timeout))"
            )
        }
        return answer
    }

    private static func send(_ prepared: Prepared, by client: HTTPClient) async throws -> Answer {
        var request = HTTPClientRequest(url: prepared.call.url)
        request.method = .init(rawValue: prepared.call.method)
        request.headers = prepared.headers
        if let body = prepared.call.body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await client.execute(request, deadline: .distantFuture)
        var bytes: [UInt8] = []
        for try await part in response.body {
            bytes.append(contentsOf: part.readableBytesView)
            guard bytes.count <= answerLimit else {
                throw Failure(reason: "\(prepared.call.place) answered with more than \(answerLimit >> 20) MiB")
            }
        }
        return Answer(status: Int(response.status.code), body: bytes)
    }

    private static func failure(_ error: any Error, _ call: HTTPCall) -> Failure {
        switch error {
        case let error as Failure: error
        case let error as HTTPClientError:
            Failure(reason: "\(call.place): \(error == .connectTimeout ? "no connection" : error.shortDescription)")
        case let error as NIOConnectionError:
            Failure(
                reason: error.connectionErrors.isEmpty
                    ? "\(call.place): the host name is unknown" : "\(call.place): nobody listens there"
            )
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            Failure(reason: "\(call.place): nobody listens there")
        case is ChannelError, is IOError: Failure(reason: "\(call.place): the connection was lost")
        case is HTTPParserError: Failure(reason: "\(call.place): the answer is not HTTP")
        default: Failure(reason: "\(call.place): the request failed (\(type(of: error)))")
        }
    }
}
