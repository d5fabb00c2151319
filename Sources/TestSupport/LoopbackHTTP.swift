public import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// The smallest HTTP client: one request on one connection to this machine, for what tests order and compare with.
public enum LoopbackHTTP {
    /// What came back.
    public struct Response: Sendable {
        /// The status code.
        public var status: Int
        /// The header fields, in order, with their names as they came.
        public var headers: [(name: String, value: String)]
        /// The body.
        public var body: ByteBuffer

        /// The body as text.
        public var text: String { String(buffer: body) }

        /// The first value of a header field; upper and lower case are the same.
        public func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// A connection that ended before a whole response had come.
    public struct Incomplete: Error {
        /// Whether the head had come.
        public var hasHead: Bool
    }

    /// Sends a request and waits for the whole response.
    ///
    /// - Parameter port: where the server listens, on 127.0.0.1.
    /// - Throws: ``Incomplete``, or what the network says.
    public static func send(
        _ method: String,
        _ path: String,
        headers: [(String, String)] = [],
        body: [UInt8] = [],
        port: Int
    ) async throws -> Response {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Response.self)
        do {
            let channel = try await ClientBootstrap(group: loop).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(Collector(promise))
                }
            }.connect(host: "127.0.0.1", port: port).get()
            var fields = HTTPHeaders(headers.map { ($0.0, $0.1) })
            fields.add(name: "Host", value: "127.0.0.1:\(port)")
            fields.add(name: "Connection", value: "close")
            if !body.isEmpty || method == "PUT" || method == "POST" {
                fields.add(name: "Content-Length", value: "\(body.count)")
            }
            let head = HTTPRequestHead(
                version: .http1_1,
                method: HTTPMethod(rawValue: method),
                uri: path,
                headers: fields
            )
            // What writing says does not matter: the response, or its absence, does.
            channel.write(HTTPClientRequestPart.head(head), promise: nil)
            if !body.isEmpty {
                channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil)
            }
            channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        } catch {
            promise.fail(error)
        }
        return try await promise.futureResult.get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let promise: EventLoopPromise<Response>
        private var response: Response?

        init(_ promise: EventLoopPromise<Response>) {
            self.promise = promise
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                response = Response(
                    status: Int(head.status.code),
                    headers: head.headers.map { ($0.name, $0.value) },
                    body: ByteBuffer()
                )
            case .body(var part):
                response?.body.writeBuffer(&part)
            case .end:
                if let response { promise.succeed(response) }
                context.close(promise: nil)
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            promise.fail(Incomplete(hasHead: response != nil))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            promise.fail(Incomplete(hasHead: response != nil))
            context.close(promise: nil)
        }
    }
}
