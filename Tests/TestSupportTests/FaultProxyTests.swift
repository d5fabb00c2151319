import Foundation
import Locks
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport
import Testing

/// The proxy, between the smallest client and a server that remembers what it got.
@Suite("The fault proxy", .timeLimit(.minutes(2)))
struct FaultProxyTests {
    private static let content = Array("0123456789".utf8)

    /// One request through a proxy with `fault` for it.
    private func exchange(
        _ method: String,
        _ fault: ProxyFault?,
        body: [UInt8] = []
    ) async throws -> (Result<LoopbackHTTP.Response, any Error>, RememberingServer) {
        try await RememberingServer.with(answer: Self.content) { server in
            try await FaultProxy.with(to: server.port) { proxy in
                if let fault { proxy.order(fault) }
                let result: Result<LoopbackHTTP.Response, any Error>
                do {
                    result = .success(
                        try await LoopbackHTTP.send(method, "/bucket/key?x=1", body: body, port: proxy.port)
                    )
                } catch {
                    result = .failure(error)
                }
                #expect(proxy.exchanges == [.init(method: method, target: "/bucket/key?x=1", fault: fault)])
                return (result, server)
            }
        }
    }

    @Test("changes nothing without a fault", arguments: ["GET", "PUT", "HEAD", "DELETE"])
    func passes(method: String) async throws {
        let sent = method == "PUT" ? [UInt8](repeating: 7, count: 100_000) : []
        let (result, server) = try await exchange(method, nil, body: sent)
        let response = try result.get()
        #expect(response.status == 200)
        #expect(response.header("ETag") == "\"etag\"")
        #expect(Array(response.body.readableBytesView) == (method == "HEAD" ? [] : Self.content))
        #expect(server.requests.map(\.bytes) == [sent.count])
        // What a signature covers.
        #expect(server.requests.first?.host?.hasPrefix("127.0.0.1:") == true)
    }

    @Test(
        "cuts where it was told to, and the server has done what it counts as done",
        arguments: ProxyFault.Cut.allCases
    )
    func cuts(at cut: ProxyFault.Cut) async throws {
        for method in ["GET", "PUT"] {
            let (result, server) = try await exchange(method, .cut(cut), body: method == "PUT" ? Self.content : [])
            let error = #expect(throws: LoopbackHTTP.Incomplete.self) { try result.get() }
            let sawHead = cut == .inResponseBody || cut == .beforeLastByte
            #expect(error?.hasHead == sawHead, "\(method)")
            #expect(server.requests.count == (cut.reachesServer ? 1 : 0), "\(method)")
        }
    }

    @Test(
        "answers in the server's place, after it has done its work or without that",
        arguments: [
            (ProxyFault.internalError, 500, "InternalError", 0), (.internalErrorAfterDoing, 500, "InternalError", 1),
            (.slowDown, 503, "SlowDown", 0), (.tooManyRequests(retryAfter: 7), 429, "TooManyRequests", 0),
            (.clockSkew, 403, "RequestTimeTooSkewed", 0), (.expiredCredentials, 400, "ExpiredToken", 0),
        ]
    )
    func answers(fault: ProxyFault, status: Int, code: String, reaching: Int) async throws {
        let (result, server) = try await exchange("PUT", fault, body: Self.content)
        let response = try result.get()
        #expect(response.status == status)
        #expect(response.text.contains("<Code>\(code)</Code>"))
        #expect(response.header("Retry-After") == (status == 429 ? "7" : nil))
        #expect(server.requests.count == reaching)
    }

    @Test("damages responses as ordered")
    func damages() async throws {
        let truncated = try await exchange("GET", .truncateBody).0.get()
        #expect(truncated.text == "01234" && truncated.header("Content-Length") == "5")
        let corrupted = try await exchange("GET", .corruptBody).0.get()
        #expect(corrupted.text == "0123446789")
        let tagged = try await exchange("GET", .wrongETag).0.get()
        #expect(tagged.header("ETag") != "\"etag\"" && tagged.text == "0123456789")
        let short = try await exchange("GET", .wrongLength(by: -3)).0.get()
        #expect(short.text == "0123456")
        await #expect(throws: LoopbackHTTP.Incomplete.self) { try await exchange("GET", .wrongLength(by: 3)).0.get() }
    }

    @Test("sends a response twice")
    func duplicates() async throws {
        let bytes = try await RememberingServer.with(answer: Self.content) { server in
            try await FaultProxy.with(to: server.port) { proxy in
                proxy.order(.duplicateResponse)
                let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                return try await rawExchange(request, port: proxy.port)
            }
        }
        let text = String(buffer: bytes)
        #expect(text.components(separatedBy: "HTTP/1.1 200").count == 3)
        #expect(text.components(separatedBy: "0123456789").count == 3)
    }

    @Test("delays by its own clock")
    func delays() async throws {
        let clock = ManualClock()
        try await RememberingServer.with(answer: Self.content) { server in
            try await FaultProxy.with(to: server.port, clock: clock) { proxy in
                proxy.order(.delay(.seconds(3600)))
                async let response = LoopbackHTTP.send("GET", "/", port: proxy.port)
                await clock.sleepers(1)
                #expect(server.requests.isEmpty)
                clock.advance(by: .seconds(3600))
                let status = try await response.status
                #expect(status == 200)
            }
        }
    }

    @Test("refuses connections while it is gone, and comes back at the same port")
    func goes() async throws {
        let clock = ManualClock()
        try await RememberingServer.with(answer: Self.content) { server in
            try await FaultProxy.with(to: server.port, clock: clock) { proxy in
                let port = proxy.port
                #expect(try await LoopbackHTTP.send("GET", "/", port: port).status == 200)
                async let absence: Void = proxy.beGone(for: .seconds(60))
                await clock.sleepers(1)
                await #expect(throws: (any Error).self) { try await LoopbackHTTP.send("GET", "/", port: port) }
                clock.advance(by: .seconds(60))
                try await absence
                #expect(proxy.port == port)
                #expect(try await LoopbackHTTP.send("GET", "/", port: port).status == 200)
            }
        }
    }

    @Test("counts occurrences of what an order concerns, and heals")
    func occurrences() async throws {
        try await RememberingServer.with(answer: Self.content) { server in
            try await FaultProxy.with(to: server.port) { proxy in
                proxy.order(.slowDown, on: ["PUT"], target: "/data/", occurrences: 2...3)
                var statuses: [Int] = []
                for (method, path) in [
                    ("PUT", "/data/a"), ("GET", "/data/a"), ("PUT", "/data/b"), ("PUT", "/other"), ("PUT", "/data/c"),
                    ("PUT", "/data/d"),
                ] {
                    statuses.append(try await LoopbackHTTP.send(method, path, port: proxy.port).status)
                }
                #expect(statuses == [200, 200, 503, 200, 503, 200])
                #expect(proxy.faultCount == 2)
                proxy.order(.slowDown, occurrences: 1...100)
                proxy.heal()
                #expect(try await LoopbackHTTP.send("GET", "/", port: proxy.port).status == 200)
            }
        }
    }

    @Test("strikes at random what the seed says, about as often as told")
    func chance() async throws {
        func run(_ seed: UInt64) async throws -> [ProxyFault?] {
            try await RememberingServer.with(answer: Self.content) { server in
                try await FaultProxy.with(to: server.port) { proxy in
                    proxy.strikeAtRandom(rate: 0.2, seed: seed)
                    for _ in 0..<200 { _ = try? await LoopbackHTTP.send("GET", "/", port: proxy.port) }
                    return proxy.exchanges.map(\.fault)
                }
            }
        }
        let first = try await run(5)
        let second = try await run(5)
        #expect(first == second)
        // By seed 5 alone: no chance is left in this.
        #expect((20...60).contains(first.count { $0 != nil }))
        #expect(Set(first.compactMap(\.self)).count > 8)
    }
}

/// Sends bytes and collects all that come until the connection ends.
private func rawExchange(_ request: String, port: Int) async throws -> ByteBuffer {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: request))
        var all = ByteBuffer()
        for try await var piece in inbound { all.writeBuffer(&piece) }
        return all
    }
}

/// A server that answers everything alike and remembers the requests that came to their end.
private final class RememberingServer: Sendable {
    struct Request: Sendable {
        var host: String?
        var bytes: Int
    }

    private let seen = Mutex<[Request]>([])
    let port: Int

    var requests: [Request] { seen.withLock { $0 } }

    private init(port: Int) {
        self.port = port
    }

    static func with<Answer>(
        answer: [UInt8],
        _ body: (RememberingServer) async throws -> Answer
    ) async throws -> Answer {
        let box = Mutex<RememberingServer?>(nil)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(answer) { request in box.withLock { $0 }?.seen.withLock { $0.append(request) } }
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = RememberingServer(port: listener.localAddress?.port ?? 0)
        box.withLock { $0 = server }
        do {
            let answer = try await body(server)
            try await listener.close()
            return answer
        } catch {
            try? await listener.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: [UInt8]
        private let remember: (Request) -> Void
        private var current = Request(bytes: 0)
        private var isHead = false

        init(_ answer: [UInt8], _ remember: @escaping @Sendable (Request) -> Void) {
            self.answer = answer
            self.remember = remember
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                current = Request(host: head.headers.first(name: "Host"), bytes: 0)
                isHead = head.method == .HEAD
            case .body(let part):
                current.bytes += part.readableBytes
            case .end:
                remember(current)
                let headers: HTTPHeaders = ["Content-Length": "\(answer.count)", "ETag": "\"etag\""]
                let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
                context.write(wrapOutboundOut(.head(head)), promise: nil)
                if !isHead {
                    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer)))), promise: nil)
                }
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
