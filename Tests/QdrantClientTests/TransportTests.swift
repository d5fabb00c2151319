import AsyncHTTPClient
import Locks
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import QdrantClient

@Suite("Transport", .timeLimit(.minutes(1)))
struct TransportTests {
    private static let exists = #"{"exists":true}"#

    // MARK: Headers

    @Test("sends the api key and asks for no compression")
    func headers() async throws {
        try await LoopbackServer.withClient(ClientSettings(apiKey: Secret("key-1"))) {
            try await $0.respond(result: Self.exists)
        } _: { client, server in
            _ = try await client.collectionExists("c")
            let headers = try #require(server.requests.first).headers
            #expect(headers["api-key"] == ["key-1"])
            #expect(headers["Accept-Encoding"] == ["identity"])
            #expect(headers["User-Agent"] == ["swift-qdrant-client"])
        }
    }

    @Test("sends no api key when there is none")
    func noKey() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(result: Self.exists)
        } _: { client, server in
            _ = try await client.collectionExists("c")
            #expect(server.requests.first?.headers.contains(name: "api-key") == false)
        }
    }

    @Test("shows the api key in no error, log line or description, even when the server does")
    func keyStaysSecret() async throws {
        let lines = RecordingLog.Lines()
        var settings = ClientSettings(apiKey: Secret("key-1"))
        settings.logger = Logger(label: "test") { _ in RecordingLog(lines: lines) }
        try await LoopbackServer.withClient(settings) {
            try await $0.refuse(403, "Forbidden: key key-1 may not")
        } _: { client, _ in
            let error = try #require(try await qdrantError { _ = try await client.collections() })
            var dumped = ""
            dump(error, to: &dumped)
            dump(client.endpoint, to: &dumped)
            #expect(!dumped.contains("key-1"))
            #expect(!"\(error) \(client.endpoint) \(client)".contains("key-1"))
            #expect(error.serverText == "Forbidden: key <redacted> may not")
        }
        let log = lines.all.withLock { $0 }
        #expect(!log.isEmpty)
        #expect(!log.contains { $0.contains("key-1") })
    }

    @Test(
        "refuses endpoints that cannot work or would leak",
        arguments: [
            "localhost:6333", "ftp://host", "http://", "https://user:password@host", "http://host?x=1",
            "http://host/#a", "",
            "/collections",
        ]
    )
    func endpoints(url: String) {
        let error = #expect(throws: QdrantError.self) { try QdrantEndpoint(url: url) }
        #expect(error?.code == .invalidEndpoint)
        #expect(error.map { !"\($0)".contains("password@") } ?? false)
    }

    @Test("refuses an api key that a header cannot hold", arguments: ["", "a b", "key\n", "schlüssel"])
    func keys(key: String) {
        let error = #expect(throws: QdrantError.self) { try QdrantEndpoint(url: "http://host", apiKey: Secret(key)) }
        #expect(error?.code == .invalidEndpoint)
        #expect(error.map { key.isEmpty || !$0.message.contains(key) } ?? false)
    }

    @Test(
        "knows when a key would cross the network unencrypted",
        arguments: [
            ("http://db.example:6333", true), ("https://db.example", false), ("http://localhost:6333", false),
            ("http://127.0.0.1", false),
            ("http://[::1]:6333", false),
        ]
    )
    func exposure(url: String, exposes: Bool) throws {
        let endpoint = try QdrantEndpoint(url: url, apiKey: Secret("k"))
        #expect(endpoint.exposesKey == exposes)
        let withoutKey = try QdrantEndpoint(url: url)
        #expect(!withoutKey.exposesKey)
    }

    // MARK: Errors

    @Test(
        "turns every refusal into its error, with the server's text, the status, the object and a hint",
        arguments: ErrorRow.all
    )
    func refusals(row: ErrorRow) async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(row.status, row.body)
        } _: { client, server in
            let error = try #require(try await qdrantError { _ = try await client.collection("books") })
            #expect(error.code == row.code)
            #expect(error.status == row.status)
            #expect(error.serverText == row.text)
            #expect(error.object == .collection("books"))
            #expect(error.message.contains("collection 'books'"))
            #expect(error.hint == row.code.hint)
            #expect(server.requests.count == 1)
        }
    }

    @Test("does not follow a redirect: the key would go elsewhere")
    func redirect() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(307, headers: [("Location", "/elsewhere")])
        } _: { client, server in
            let error = try await qdrantError { _ = try await client.collections() }
            #expect(error?.code == .unexpectedResponse)
            #expect(server.requests.count == 1)
        }
    }

    @Test(
        "refuses a success that is not what Qdrant sends",
        arguments: [
            "<html>", "", #"{"status":"ok"}"#, #"{"result":{"exists":1}}"#, #"{"result":{"exists":true}} x"#, "[]",
        ]
    )
    func unexpectedBodies(body: String) async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(200, body)
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.collectionExists("c") }
            #expect(error?.code == .unexpectedResponse)
        }
    }

    @Test("refuses an answer above the limit, announced or not", arguments: [true, false])
    func tooLarge(isAnnounced: Bool) async throws {
        var settings = ClientSettings()
        settings.options.responseByteLimit = 100
        try await LoopbackServer.withClient(settings) {
            let body = #"{"result":{"exists":true,"x":"\#(String(repeating: "x", count: 100))"}}"#
            if isAnnounced {
                try await $0.respond(200, body)
            } else {
                let length = String(body.utf8.count, radix: 16)
                try await $0.send(
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(length)\r\n\(body)\r\n0\r\n\r\n"
                )
            }
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.collectionExists("c") }
            #expect(error?.code == .responseTooLarge)
        }
    }

    @Test("says when nobody listens")
    func refused() async throws {
        let port = try await LoopbackServer.run(script: { _ in }) { $0.port }
        let endpoint = try QdrantEndpoint(url: "http://127.0.0.1:\(port)")
        let error = try await qdrantError {
            try await withQdrantClient(
                endpoint: endpoint,
                options: QdrantClientOptions(retryPolicy: .none),
                logger: Logger(label: "test")
            ) { _ = try await $0.collections() }
        }
        #expect(error?.code == .connectionRefused)
        #expect(error?.hint?.contains("6333") == true)
    }

    @Test("says when the host is unknown")
    func unknownHost() async throws {
        let endpoint = try QdrantEndpoint(url: "http://qdrant.invalid:6333")
        let error = try await qdrantError {
            try await withQdrantClient(
                endpoint: endpoint,
                options: QdrantClientOptions(retryPolicy: .none),
                logger: Logger(label: "test")
            ) { _ = try await $0.collections() }
        }
        #expect(error?.code == .nameNotResolved)
    }

    @Test("says when the connection is closed without an answer")
    func closed() async throws {
        try await LoopbackServer.withClient {
            $0.close()
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.collections() }
            #expect(error?.code == .connectionLost)
        }
    }

    @Test("says when the other side does not speak HTTP")
    func notHTTP() async throws {
        try await LoopbackServer.withClient {
            try await $0.send("SSH-2.0-OpenSSH_9.9\r\n")
            try await $0.receive()
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.collections() }
            #expect(error?.code == .unexpectedResponse)
        }
    }

    @Test("gives up when no answer begins within the limit")
    func requestTimeout() async throws {
        var settings = ClientSettings()
        settings.timeouts.request = .milliseconds(50)
        try await LoopbackServer.withClient(settings) { _ in
            try await Task.sleep(for: .seconds(60))
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.collections() }
            #expect(error?.code == .requestTimeout)
        }
    }

    @Test("gives up when an answer falls silent in the middle")
    func readIdle() async throws {
        var settings = ClientSettings()
        settings.timeouts.readIdle = .seconds(3)
        try await LoopbackServer.withClient(settings) {
            try await $0.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"result\":")
            try await Task.sleep(for: .seconds(60))
        } _: { client, _ in
            let error = try await qdrantError { _ = try await client.collections() }
            #expect(error?.code == .requestTimeout)
            // Before the first byte on a machine too busy to answer in time.
            #expect([10, nil].contains(error?.byteOffset))
        }
    }

    @Test("ends in a CancellationError when the task is cancelled")
    func cancellation() async throws {
        try await LoopbackServer.withClient { _ in
            try await Task.sleep(for: .seconds(60))
        } _: { client, server in
            let call = Task { try await client.collections() }
            while server.requests.isEmpty { await Task.yield() }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
        }
    }

    // MARK: Repetition

    private func retrying(_ clock: RecordingClock, attempts: Int = 3) -> ClientSettings {
        var settings = ClientSettings()
        settings.options = QdrantClientOptions(
            retryPolicy: RetryPolicy(attempts: attempts, firstDelay: .milliseconds(100), longestDelay: .seconds(10)),
            clock: clock,
            randomUnit: { 0.5 }
        )
        return settings
    }

    @Test("waits as long as the server asks, then tries again")
    func retryAfter() async throws {
        let clock = RecordingClock()
        try await LoopbackServer.withClient(retrying(clock)) {
            switch $0.index {
            case 0: try await $0.refuse(429, "Rate limiting exceeded: x", headers: [("Retry-After", "7")])
            case 1: try await $0.refuse(503, "Shard temporarily unavailable: x")
            default: try await $0.respond(result: Self.exists)
            }
        } _: { client, server in
            let exists = try await client.collectionExists("c")
            #expect(exists)
            #expect(server.requests.count == 3)
        }
        #expect(clock.delays == [.seconds(7), .milliseconds(150)])
    }

    @Test("gives up after the last attempt, with how long the server asked to wait")
    func retriesEnd() async throws {
        let clock = RecordingClock()
        try await LoopbackServer.withClient(retrying(clock)) {
            try await $0.refuse(429, "Rate limiting exceeded: x", headers: [("Retry-After", "2")])
        } _: { client, server in
            let error = try await qdrantError { _ = try await client.collections() }
            #expect(error?.code == .rateLimited)
            #expect(error?.retryAfter == .seconds(2))
            #expect(server.requests.count == 3)
        }
        #expect(clock.delays == [.seconds(2), .seconds(2)])
    }

    @Test("tries a read again whose answer broke off")
    func brokenRead() async throws {
        try await LoopbackServer.withClient(retrying(RecordingClock())) {
            guard $0.index == 0 else { return try await $0.respond(result: Self.exists) }
            try await $0.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"result\":")
            $0.close()
        } _: { client, server in
            let exists = try await client.collectionExists("c")
            #expect(exists)
            #expect(server.requests.count == 2)
        }
    }

    @Test("writes points again when the connection broke, for that changes nothing")
    func brokenUpsert() async throws {
        try await LoopbackServer.withClient(retrying(RecordingClock())) {
            try await $0.receive()
            guard $0.index > 0 else { return $0.close() }
            try await $0.respond(result: #"{"operation_id":1,"status":"completed"}"#)
        } _: { client, server in
            try await client.upsert([Point(id: 1, vector: [1])], in: "c")
            #expect(server.requests.map(\.bodyText).count == 2)
            #expect(server.requests.first?.bodyText == server.requests.last?.bodyText)
        }
    }

    @Test(
        "sends once what must not happen twice",
        arguments: [
            { _ = try await $0.createSnapshot(of: .collection("c")) }, { try await $0.startSnapshot(of: .storage) },
            { try await $0.uploadSnapshot(Parts([]), byteCount: nil, fileName: "f", to: .collection("c")) },
        ] as [@Sendable (QdrantClient) async throws -> Void]
    )
    func neverRepeated(call: @Sendable (QdrantClient) async throws -> Void) async throws {
        try await LoopbackServer.withClient(retrying(RecordingClock())) {
            try await $0.receive()
            try await $0.refuse(429, "Rate limiting exceeded: x")
        } _: { client, server in
            let error = try await qdrantError { try await call(client) }
            #expect(error?.code == .rateLimited)
            #expect(server.requests.count == 1)
        }
    }

    @Test("does not repeat a change of aliases that may have been made")
    func brokenAliases() async throws {
        try await LoopbackServer.withClient(retrying(RecordingClock())) {
            try await $0.receive()
            $0.close()
        } _: { client, server in
            let error = try await qdrantError { try await client.updateAliases([.delete(alias: "a")]) }
            #expect(error?.code == .connectionLost)
            #expect(server.requests.count == 1)
        }
    }

    @Test("works on an HTTP client that the caller owns")
    func ownHTTPClient() async throws {
        try await LoopbackServer.run(script: { try await $0.respond(result: Self.exists) }) { server in
            let endpoint = try QdrantEndpoint(url: "http://127.0.0.1:\(server.port)")
            let http = HTTPClient(configuration: QdrantClient.configuration(for: endpoint, isPatient: true))
            let client = try QdrantClient(endpoint: endpoint, httpClient: http, logger: Logger(label: "test"))
            let exists = try await client.collectionExists("c")
            try await http.shutdown()
            #expect(exists)
        }
    }
}

/// The parts of an upload, and a failure after them if need be.
struct Parts: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    var parts: [ByteBuffer]
    var failure: (any Error)?

    init(_ parts: [String], failure: (any Error)? = nil) {
        self.parts = parts.map(ByteBuffer.init(string:))
        self.failure = failure
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: parts[...], failure: failure) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ArraySlice<ByteBuffer>
        var failure: (any Error)?

        mutating func next() async throws -> ByteBuffer? {
            if let part = rest.popFirst() { return part }
            if let failure { throw failure }
            return nil
        }
    }
}
