import NIOCore
import NIOHTTP1
import NIOPosix

@testable import Recovery

/// A proxy before a server that has one collection, `book`: while the server is down, the proxy answers in its place.
final class FakeServer: Sendable {
    struct State: Sendable {
        var isRunning = true
        var points: UInt64 = 5
        /// What the proxy says for a server that is down.
        var status = 503
    }

    let state = Guarded(State())

    static func with(_ body: (FakeServer, String) async throws -> Void) async throws {
        let server = FakeServer()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
                        Handler(server: server),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(server, "http://127.0.0.1:\(listener.localAddress?.port ?? 0)"))
        } catch {
            result = .failure(error)
        }
        try? await listener.close().get()
        try result.get()
    }

    private func answer(_ uri: String) -> (Int, String) {
        let now = state.value
        guard now.isRunning else { return (now.status, "{}") }
        return switch uri.split(separator: "?").first ?? "" {
        case "/livez": (200, "ok")
        case "/": (200, #"{"title":"qdrant - vector search engine","version":"1.15.0"}"#)
        case "/collections":
            (200, #"{"result":{"collections":[{"name":"book"}]},"status":"ok","time":0.1}"#)
        case "/collections/book/points/count":
            (200, #"{"result":{"count":\#(now.points)},"status":"ok","time":0.1}"#)
        default: (404, #"{"status":{"error":"Not found"},"time":0.1}"#)
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = ByteBuffer
        private let server: FakeServer
        private var uri = ""

        init(server: FakeServer) {
            self.server = server
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): uri = head.uri
            case .body: break
            case .end:
                let (status, body) = server.answer(uri)
                let text =
                    "HTTP/1.1 \(status) Words\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            }
        }
    }
}
