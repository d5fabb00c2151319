import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport

/// An HTTP server on 127.0.0.1 that answers as a test says, and can misbehave: say nothing, half of it, or something else.
struct ScriptedServer: Sendable {
    /// A request as it arrived.
    struct Request: Sendable {
        var method: String
        var uri: String
        var headers: HTTPHeaders
        var body: String
    }

    /// What is sent back.
    enum Reply: Sendable {
        /// A whole answer.
        case answer(Int, String)
        /// These bytes, after which the connection is closed.
        case raw(String)
        /// Nothing: the connection stays open.
        case silence
    }

    let port: Int
    private let log: Log

    var url: String { "http://127.0.0.1:\(port)" }
    /// The requests so far.
    var requests: [Request] { log.all }

    /// Runs `body` while a server follows `script`, which gets each request and how many came before it.
    static func run<Value>(
        _ script: @escaping @Sendable (Request, Int) async -> Reply,
        _ body: (ScriptedServer) async throws -> Value
    ) async throws -> Value {
        let log = Log()
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        Handler(log: log, script: script),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = ScriptedServer(port: listener.localAddress?.port ?? 0, log: log)
        let result: Result<Value, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try? await listener.close().get()
        return try result.get()
    }

    private final class Log: Sendable {
        private let requests = Guarded<[Request]>([])
        var all: [Request] { requests.value }
        func add(_ request: Request) -> Int {
            requests.change { list in
                list.append(request)
                return list.count - 1
            }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer
        private let log: Log
        private let script: @Sendable (Request, Int) async -> Reply
        private var request = Request(method: "", uri: "", headers: [:], body: "")

        init(log: Log, script: @escaping @Sendable (Request, Int) async -> Reply) {
            self.log = log
            self.script = script
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                request = Request(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: "")
            case .body(let bytes): request.body += String(buffer: bytes)
            case .end:
                let (request, script, channel) = (request, script, context.channel)
                let index = log.add(request)
                // The event loop must not wait for the script.
                Task {
                    switch await script(request, index) {
                    case .answer(let status, let body):
                        let text =
                            "HTTP/1.1 \(status) Words\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        try? await channel.writeAndFlush(ByteBuffer(string: text)).get()
                    case .raw(let text):
                        try? await channel.writeAndFlush(ByteBuffer(string: text)).get()
                        try? await channel.close().get()
                    case .silence: break
                    }
                }
            }
        }
    }
}
