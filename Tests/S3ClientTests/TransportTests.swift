import Foundation
import Locks
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import S3Client

/// What a scripted server answers, and what the client makes of it.
@Suite("S3 client at a server that does what the test says", .timeLimit(.minutes(1)))
struct TransportTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

    private func withBucket<Result: Sendable>(
        region: String? = nil,
        credentials: any S3CredentialsProvider = StaticCredentials(
            S3Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: S3Secret(secret))
        ),
        options: S3ClientOptions = S3ClientOptions(),
        logger: Logger = silent,
        script: @escaping @Sendable (Exchange) async throws -> Void,
        _ body: (S3Bucket, LoopbackServer) async throws -> Result
    ) async throws -> Result {
        try await LoopbackServer.run(script: script) { server in
            try await withS3Client(
                endpoint: S3Endpoint(url: "http://127.0.0.1:\(server.port)", region: region),
                credentials: credentials,
                options: options,
                logger: logger
            ) { try await body($0.bucket("bucket"), server) }
        }
    }

    private static func error(_ code: String, _ more: String = "") -> String {
        "<Error><Code>\(code)</Code><Message>words</Message>\(more)</Error>"
    }

    @Test("signs anew for the region that an error names, and stays there", arguments: ["header", "document"])
    func region(where place: String) async throws {
        try await withBucket { exchange in
            try await exchange.receive()
            let isRight = exchange.head.headers.first(name: "Authorization")?.contains("/eu-west-1/s3/") == true
            if isRight { return try await exchange.respond(200, "body") }
            if place == "header" {
                try await exchange.respond(400, headers: [("x-amz-bucket-region", "eu-west-1")])
            } else {
                let text =
                    "<Error><Code>AuthorizationHeaderMalformed</Code><Message>the region is wrong</Message><Region>eu-west-1</Region></Error>"
                try await exchange.respond(400, text)
            }
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            #expect(try await bucket.read("k") == ByteBuffer(string: "body"))
            #expect(try await bucket.read("k") == ByteBuffer(string: "body"))
            #expect(server.requests.count == 3)
        }
    }

    @Test("tells of every request, refused and unanswered ones too, and how it is billed")
    func observed() async throws {
        let seen = Mutex<[S3Exchange]>([])
        let options = S3ClientOptions(observe: { exchange in seen.withLock { $0.append(exchange) } })
        try await withBucket(options: options) { exchange in
            try await exchange.receive()
            switch exchange.index {
            case 0: try await exchange.respond(503, Self.error("SlowDown"))
            case 3: try await exchange.respond(404, Self.error("NoSuchKey"))
            case 4: try await exchange.respond(204)
            case 5: exchange.close()
            case 2:
                try await exchange.respond(
                    200,
                    "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"
                )
            default: try await exchange.respond(200, headers: [("ETag", "\"e\"")])
            }
        } _: { (bucket: S3Bucket, _: LoopbackServer) async throws -> Void in
            _ = try await s3Error { _ = try await bucket.put(ByteBuffer(string: "x"), at: "k") }
            _ = try await bucket.put(ByteBuffer(string: "x"), at: "k")
            for try await _ in bucket.list(prefix: "") {}
            _ = try await s3Error { _ = try await bucket.read("k") }
            try await bucket.delete("k")
            _ = try await s3Error { _ = try await bucket.read("k") }
        }
        let all = seen.withLock(\.self)
        #expect(all.map(\.kind) == [.write, .write, .write, .read, .delete, .read])
        #expect(all.map(\.status) == [503, 200, 200, 404, 204, nil])
        #expect(all.map(\.hasFailed) == [true, false, false, false, false, true])
    }

    @Test("finds out by another request why a look-up is refused, whose answer has no document")
    func regionOfHead() async throws {
        try await withBucket { exchange in
            try await exchange.receive()
            let isRight = exchange.head.headers.first(name: "Authorization")?.contains("/garage/s3/") == true
            guard !isRight else { return try await exchange.respond(200, headers: [("ETag", "\"e\"")]) }
            if exchange.head.method == .HEAD { return try await exchange.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
            let text = "Authorization header malformed, unexpected scope: 20261201/us-east-1/s3/aws4_request"
            try await exchange.respond(
                400,
                "<Error><Code>AuthorizationHeaderMalformed</Code><Message>\(text)</Message><Region>garage</Region></Error>"
            )
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            #expect(try await bucket.exists())
            #expect(server.requests.map(\.method) == ["HEAD", "GET", "GET", "HEAD"])
            #expect(try await bucket.exists())
            #expect(server.requests.count == 5)
        }
    }

    @Test("gives the reason for a look-up that is refused for good")
    func reasonOfHead() async throws {
        try await withBucket { exchange in
            try await exchange.receive()
            if exchange.head.method == .HEAD { return try await exchange.send("HTTP/1.1 400 Bad Request\r\n\r\n") }
            try await exchange.respond(
                400,
                "<Error><Code>InvalidArgument</Code><Message>no such thing</Message></Error>"
            )
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            let error = try await s3Error { _ = try await bucket.head("k") }
            #expect(error?.code == .invalidRequest && error?.message.contains("no such thing") == true)
            #expect(server.requests.count == 2)
        }
    }

    @Test(
        "takes no document of another kind for an answer",
        arguments: [
            "<html><body><p>Sign in</p></body></html>",
            "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>", "",
        ]
    )
    func foreignDocuments(text: String) async throws {
        try await withBucket { exchange in
            try await exchange.receive()
            try await exchange.respond(200, text)
        } _: { (bucket: S3Bucket, _: LoopbackServer) async throws -> Void in
            #expect(try await s3Error { for try await _ in bucket.list() {} }?.code == .unexpectedResponse)
            let objects = [S3ObjectIdentifier("k")]
            #expect(try await s3Error { _ = try await bucket.delete(objects) }?.code == .unexpectedResponse)
            #expect(try await s3Error { _ = try await bucket.versioningStatus() }?.code == .unexpectedResponse)
            let error = try await s3Error { _ = try await bucket.put(ByteBuffer(string: "x"), at: "k") }
            #expect(error?.code == .unexpectedResponse && error?.message.contains("entity tag") == true)
        }
    }

    @Test(
        "signs no header that front ends rewrite, and asks for no checksums where none are used",
        arguments: S3Checksum.allCases
    )
    func headers(checksum: S3Checksum) async throws {
        try await withBucket(options: S3ClientOptions(checksum: checksum)) { exchange in
            try await exchange.receive()
            try await exchange.respond(200, "body", headers: [("ETag", "\"e\"")])
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            _ = try await bucket.read("k")
            let headers = try #require(server.requests.first?.headers)
            #expect(headers["Accept-Encoding"] == ["identity"])
            #expect(headers.first(name: "Authorization")?.contains("accept-encoding") == false)
            #expect(headers.contains(name: "x-amz-checksum-mode") == (checksum == .sha256))
        }
    }

    @Test("refuses a source that is shorter than it said, in a single part too", arguments: [0, 10])
    func shortUpload(length: Int) async throws {
        try await withBucket { exchange in
            try await exchange.receive()
            try await exchange.respond(200, headers: [("ETag", "\"e\"")])
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            let source = AsyncStream<ByteBuffer> { continuation in
                continuation.yield(ByteBuffer(repeating: 1, count: length))
                continuation.finish()
            }
            let error = try await s3Error { _ = try await bucket.upload(source, byteCount: 11, at: "k") }
            #expect(error?.code == .sourceLengthMismatch)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("ends a body that comes slower in all than the limit allows, though never silent")
    func drip() async throws {
        let gate = Mutex(0)
        try await LoopbackServer.run { exchange in
            try await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while true {
                try await exchange.send("x")
                gate.withLock { $0 += 1 }
                try await Task.sleep(for: .milliseconds(20))
            }
        } _: { (server: LoopbackServer) async throws -> Void in
            var endpoint = try S3Endpoint(url: "http://127.0.0.1:\(server.port)", region: "r")
            endpoint.timeouts = S3Timeouts(request: .milliseconds(200), slowestRate: 1 << 30)
            try await withS3Client(endpoint: endpoint, credentials: AnonymousCredentials(), logger: silent) { client in
                let error = try await s3Error { _ = try await client.bucket("bucket").read("k") }
                #expect(error?.code == .requestTimeout, "\(String(describing: error))")
                #expect((error?.receivedByteCount ?? 0) > 0)
            }
        }
    }

    @Test("gives up when the server sends it from region to region")
    func regionCircle() async throws {
        try await withBucket { exchange in
            let region = "r-\(exchange.index)"
            try await exchange.respond(301, Self.error("PermanentRedirect"), headers: [("x-amz-bucket-region", region)])
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            let error = try await s3Error { _ = try await bucket.read("k") }
            #expect(error?.code == .wrongRegion)
            #expect(error?.region == "r-1")
            #expect(server.requests.count == 2)
        }
    }

    @Test("renews credentials once that the server says have ended")
    func expired() async throws {
        let provider = CountingCredentials()
        try await withBucket(credentials: provider) { exchange in
            let isFirst = exchange.head.headers.first(name: "Authorization")?.contains("KEY1/") == true
            try await exchange.respond(isFirst ? 400 : 200, isFirst ? Self.error("ExpiredToken") : "body")
        } _: { (bucket: S3Bucket, _: LoopbackServer) async throws -> Void in
            #expect(try await bucket.read("k") == ByteBuffer(string: "body"))
            #expect(provider.count == 2)
        }
    }

    @Test("takes a document that is an error for one, whatever the status", arguments: ["InternalError", "SlowDown"])
    func errorWithSuccess(code: String) async throws {
        try await withBucket { exchange in
            try await exchange.receive()
            if exchange.head.method == .POST, exchange.head.uri.contains("uploads") {
                let result = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
                try await exchange.respond(200, result)
            } else if exchange.head.method == .POST || exchange.head.uri.hasSuffix("/copy") {
                // Blanks keep the connection alive while the parts are put together.
                try await exchange.respond(200, "\n  \n<?xml version=\"1.0\"?>\n\(Self.error(code))")
            } else {
                try await exchange.respond(200, headers: [("ETag", "\"t\"")])
            }
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            let expected: S3Error.Code = code == "SlowDown" ? .slowDown : .serverInternal
            let sizes = [S3MultipartOptions.leastPartByteCount, 1]
            let error = try await s3Error {
                try await bucket.upload(Parts(sizes: sizes), at: "k", multipart: S3MultipartOptions(partByteCount: 1))
            }
            #expect(error?.code == expected)
            #expect(error?.status == 200)
            #expect(server.requests.last?.method == "DELETE")
            #expect(try await s3Error { try await bucket.copy("from", to: "copy") }?.code == expected)
        }
    }

    @Test(
        "takes a body for truncated that is shorter than announced",
        arguments: [0, 1, 99]
    )
    func truncated(byteCount: Int) async throws {
        try await withBucket { exchange in
            let body = String(repeating: "x", count: byteCount)
            try await exchange.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n\(body)")
            exchange.close()
        } _: { (bucket: S3Bucket, _: LoopbackServer) async throws -> Void in
            let error = try await s3Error { _ = try await bucket.read("k") }
            #expect(error?.code == .truncatedBody)
            #expect(error?.receivedByteCount == Int64(byteCount))
            #expect(error?.isRetryable == true)
        }
    }

    @Test(
        "refuses a range that is not the one asked for",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", .rangeNotHonoured),
            ("HTTP/1.1 206 P\r\nContent-Range: bytes 0-3/10\r\nContent-Length: 4\r\n\r\nbody", .rangeNotHonoured),
            ("HTTP/1.1 206 P\r\nContent-Range: bytes 2-4/10\r\nContent-Length: 4\r\n\r\nbody", .rangeNotHonoured),
            ("HTTP/1.1 206 P\r\nContent-Range: bytes 2-4/5\r\nContent-Length: 3\r\n\r\nbod", .invalidRange),
        ] as [(String, S3Error.Code)]
    )
    func ranges(answer: String, expected: S3Error.Code) async throws {
        try await withBucket { exchange in
            try await exchange.send(answer)
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            #expect(try await s3Error { _ = try await bucket.read("k", range: 2..<6) }?.code == expected)
            #expect(server.requests.first?.headers.first(name: "Range") == "bytes=2-5")
        }
    }

    @Test("notices that the server stored something else", arguments: [S3Checksum.sha256, .md5])
    func wrongChecksum(checksum: S3Checksum) async throws {
        try await withBucket(options: S3ClientOptions(checksum: checksum)) { exchange in
            try await exchange.receive()
            let headers = [
                ("ETag", "\"0123456789abcdef0123456789abcdef\""), ("x-amz-checksum-sha256", "AAAA"),
            ]
            try await exchange.respond(200, headers: headers)
        } _: { (bucket: S3Bucket, _: LoopbackServer) async throws -> Void in
            let error = try await s3Error { try await bucket.put(ByteBuffer(string: "x"), at: "k") }
            #expect(error?.code == .checksumMismatch)
            #expect(error?.mayHaveTakenEffect == true)
        }
    }

    @Test("says how long to wait, and how far the clocks are apart")
    func waits() async throws {
        let now = Date(timeIntervalSince1970: 1_700_000_000)
        try await withBucket(options: S3ClientOptions(now: { now })) { exchange in
            if exchange.index == 0 {
                try await exchange.respond(503, Self.error("SlowDown"), headers: [("Retry-After", "7")])
            } else {
                let headers = [("Date", "Tue, 14 Nov 2023 23:13:20 GMT")]
                try await exchange.respond(403, Self.error("RequestTimeTooSkewed"), headers: headers)
            }
        } _: { (bucket: S3Bucket, _: LoopbackServer) async throws -> Void in
            let slow = try await s3Error { _ = try await bucket.read("k") }
            #expect(slow?.code == .slowDown)
            #expect(slow?.retryAfter == .seconds(7))
            let skewed = try await s3Error { _ = try await bucket.read("k") }
            #expect(skewed?.clockSkew == .seconds(3600))
            #expect(skewed?.message.contains("3600 s ahead of ours") == true)
            #expect(skewed?.isRetryable == false)
        }
    }

    @Test("shows no secret in errors, descriptions or logs")
    func secrecy() async throws {
        let lines = RecordingLog.Lines()
        let logger = Logger(label: "test") { _ in RecordingLog(lines: lines) }
        let credentials = S3Credentials(
            accessKeyID: "AKIDEXAMPLE",
            secretAccessKey: S3Secret(Self.secret),
            sessionToken: S3Secret("the-token")
        )
        try await withBucket(credentials: StaticCredentials(credentials), logger: logger) { exchange in
            try await exchange.respond(403, Self.error("SignatureDoesNotMatch"))
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            let error = try await s3Error { _ = try await bucket.read("k") }
            #expect(server.requests.first?.headers.first(name: "x-amz-security-token") == "the-token")
            var dumped = "\(credentials) \(String(reflecting: error)) \(bucket.client.credentials)"
            dump(credentials, to: &dumped)
            dumped += lines.all.withLock { $0.joined() }
            #expect(!dumped.contains(Self.secret) && !dumped.contains("the-token"))
        }
    }

    @Test("sends requests unsigned when told to")
    func anonymous() async throws {
        try await withBucket(credentials: AnonymousCredentials()) { exchange in
            try await exchange.respond(200, "x")
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            #expect(try await bucket.read("k") == ByteBuffer(string: "x"))
            #expect(server.requests.first?.headers.contains(name: "Authorization") == false)
        }
    }

    @Test("reads the retention that an object has, and that it has none")
    func retention() async throws {
        try await withBucket { exchange in
            switch exchange.index {
            case 0:
                let document =
                    "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>COMPLIANCE</Mode><RetainUntilDate>2030-01-02T03:04:05.000Z</RetainUntilDate></Retention>"
                try await exchange.respond(200, document)
            default: try await exchange.respond(404, Self.error("NoSuchObjectLockConfiguration"))
            }
        } _: { (bucket: S3Bucket, server: LoopbackServer) async throws -> Void in
            let found = try await bucket.retention(of: "k")
            #expect(found == S3Retention(mode: .compliance, until: Date(timeIntervalSince1970: 1_893_553_445)))
            #expect(try await bucket.retention(of: "k") == nil)
            #expect(server.requests.first?.uri == "/bucket/k?retention=")
        }
    }
}

/// Gives out another key each time.
private final class CountingCredentials: S3CredentialsProvider {
    private let counter = Mutex(0)
    var name: String { "a counter" }
    var count: Int { counter.withLock(\.self) }

    func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        return S3Credentials(accessKeyID: "KEY\(number)", secretAccessKey: S3Secret("s"))
    }
}
