import Logging
import NIOCore
import NIOHTTP1
import ObjectStorage
import S3Client
import TestSupport
import Testing

@testable import S3Storage

/// What the store makes of a server that does what the test says.
@Suite("S3 store at a scripted server", .timeLimit(.minutes(1)))
struct S3StoreTests {
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// The SHA-256 of `body`, in Base64.
    private static let checksum = "Iw2DWNyOiJC0xY3utikS7i8gNXrpKlzIYbmOaP4xrLU="
    private static let body = ByteBuffer(string: "body")
    /// What every server says of what it has stored.
    private static let stored = [("ETag", "\"841a2d689ad86bd1611447453c22c6fc\"")]

    private func withStore(
        _ options: S3StoreOptions = S3StoreOptions(conditionalWrites: .supported),
        script: @escaping @Sendable (Exchange) async throws -> Void,
        _ body: (S3Store, LoopbackServer) async throws -> Void
    ) async throws {
        try await LoopbackServer.run(script: script) { (server: LoopbackServer) async throws -> Void in
            let location = try S3Location("s3:http://127.0.0.1:\(server.port)/bucket/prefix")
            let keys = S3Credentials(accessKeyID: "ID", secretAccessKey: S3Secret("SECRET"))
            let client = try S3Store.client(
                endpoint: S3Endpoint(url: location.endpoint, region: "us-east-1"),
                credentials: StaticCredentials(keys),
                logger: Self.silent
            )
            try await body(S3Store(client, location, options: options), server)
        }
    }

    private func key(_ path: String) throws -> ObjectKey { try #require(ObjectKey(path)) }

    private func code(_ work: () async throws -> Void) async -> ObjectStoreError.Code? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? ObjectStoreError)?.code
        }
    }

    @Test(
        "takes a put for done whose answer was lost when the object is there, and for failed when it is not",
        arguments: [true, false]
    )
    func lostAnswer(isStored: Bool) async throws {
        try await withStore { exchange in
            try await exchange.receive()
            guard exchange.head.method == .HEAD else { return exchange.close() }
            try await exchange.send(
                isStored
                    ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nx-amz-checksum-sha256: \(Self.checksum)\r\n\r\n"
                    : "HTTP/1.1 404 Not Found\r\n\r\n"
            )
        } _: { (store: S3Store, server: LoopbackServer) async throws -> Void in
            let key = try key("data/00/x")
            let code = await code { try await store.put(Self.body, at: key, policy: .refuseExisting) }
            #expect(code == (isStored ? nil : .unavailable))
            #expect(server.requests.map(\.method) == ["PUT", "HEAD"])
            #expect(server.requests.first?.headers.first(name: "If-None-Match") == "*")
        }
    }

    @Test("does not take another object for the one whose answer was lost")
    func lostAnswerOther() async throws {
        try await withStore { exchange in
            try await exchange.receive()
            guard exchange.head.method == .HEAD else { return try await exchange.respond(500) }
            try await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nx-amz-checksum-sha256: AAAA\r\n\r\n")
        } _: { (store: S3Store, _: LoopbackServer) async throws -> Void in
            let key = try key("k")
            #expect(await code { try await store.put(Self.body, at: key, policy: .refuseExisting) } == .unavailable)
            #expect(try await store.compare(Self.body, at: key) == .different)
        }
    }

    @Test(
        "gives every answer the store's word",
        arguments: [
            (403, "AccessDenied", .permissionDenied), (404, "NoSuchBucket", .locationMissing),
            (404, "NoSuchKey", .notFound),
            (503, "SlowDown", .overloaded), (429, "TooManyRequests", .overloaded),
            (503, "ServiceUnavailable", .overloaded),
            (500, "InternalError", .unavailable), (400, "RequestTimeout", .overloaded),
            (412, "PreconditionFailed", .alreadyExists),
            (507, "XMinioStorageFull", .insufficientSpace), (400, "MalformedXML", .inputOutput),
            (416, "InvalidRange", .rangeNotSatisfiable), (400, "InvalidBucketName", .locationInvalid),
        ] as [(Int, String, ObjectStoreError.Code)]
    )
    func codes(status: Int, word: String, expected: ObjectStoreError.Code) async throws {
        try await withStore { exchange in
            let document = "<Error><Code>\(word)</Code><Message>words</Message></Error>"
            try await exchange.respond(status, document, headers: [("Retry-After", "3")])
        } _: { (store: S3Store, _: LoopbackServer) async throws -> Void in
            do {
                _ = try await store.get(try key("k"), range: nil)
                Issue.record("no error")
            } catch let error as ObjectStoreError {
                #expect(error.code == expected)
                #expect(error.retryAfter == .seconds(3))
                #expect(error.message.contains("cannot read 'k' in s3:http://127.0.0.1:"))
                #expect(error.cause is S3Error)
            }
        }
    }

    @Test("looks before it writes at a server that nobody knows, until that refuses")
    func learns() async throws {
        try await withStore(S3StoreOptions()) { exchange in
            try await exchange.receive()
            switch (exchange.head.method, exchange.index) {
            case (.HEAD, _): try await exchange.send("HTTP/1.1 404 Not Found\r\n\r\n")
            case (_, 3): try await exchange.respond(412, "<Error><Code>PreconditionFailed</Code></Error>")
            default: try await exchange.respond(200, headers: Self.stored)
            }
        } _: { (store: S3Store, server: LoopbackServer) async throws -> Void in
            let key = try key("k")
            try await store.put(Self.body, at: key, policy: .refuseExisting)
            #expect(await code { try await store.put(Self.body, at: key, policy: .refuseExisting) } == .alreadyExists)
            try await store.put(Self.body, at: key, policy: .refuseExisting)
            #expect(server.requests.map(\.method) == ["HEAD", "PUT", "HEAD", "PUT", "PUT"])
        }
    }

    @Test("goes on without the condition at a server that does not implement it")
    func unsupported() async throws {
        try await withStore(S3StoreOptions()) { exchange in
            try await exchange.receive()
            if exchange.head.method == .HEAD { return try await exchange.send("HTTP/1.1 404 Not Found\r\n\r\n") }
            let isConditional = exchange.head.headers.contains(name: "If-None-Match")
            try await exchange.respond(
                isConditional ? 501 : 200,
                isConditional ? "<Error><Code>NotImplemented</Code></Error>" : "",
                headers: Self.stored
            )
        } _: { (store: S3Store, server: LoopbackServer) async throws -> Void in
            try await store.put(Self.body, at: try key("a"), policy: .refuseExisting)
            try await store.put(Self.body, at: try key("b"), policy: .refuseExisting)
            #expect(server.requests.map(\.method) == ["HEAD", "PUT", "PUT", "HEAD", "PUT"])
        }
    }

    @Test("locks what is written, but the repository's own locks")
    func retention() async throws {
        let options = S3StoreOptions(
            conditionalWrites: .supported,
            retention: .init(mode: .governance, length: .seconds(86_400))
        )
        try await withStore(options) { exchange in
            try await exchange.receive()
            try await exchange.respond(200, headers: Self.stored)
        } _: { (store: S3Store, server: LoopbackServer) async throws -> Void in
            try await store.put(Self.body, at: try key("data/00/x"), policy: .refuseExisting)
            try await store.putTransient(Self.body, at: try key("locks/x"))
            let modes = server.requests.map { $0.headers.first(name: "x-amz-object-lock-mode") }
            #expect(modes == ["GOVERNANCE", nil])
        }
    }
}
