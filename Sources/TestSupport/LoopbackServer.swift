internal import Locks
internal import NIOCore
package import NIOHTTP1
internal import NIOPosix
package import NIOSSL

/// An HTTP/1.1 server on 127.0.0.1 that does what a test's script says, byte by byte.
///
/// Requests are parsed, answers are raw: a script may send half an answer, an answer before the request has arrived, or
/// nothing. Each connection runs the script once per request until the script or the client closes it.
package struct LoopbackServer: Sendable {
    /// Where it listens.
    package let port: Int
    private let log: RequestLog

    /// The requests so far, in the order in which their heads arrived.
    package var requests: [RecordedRequest] { log.all }

    /// Runs `body` while a server follows `script`.
    package static func run<Result: Sendable>(
        tls: TLSConfiguration? = nil,
        script: @escaping @Sendable (Exchange) async throws -> Void,
        _ body: (LoopbackServer) async throws -> Result
    ) async throws -> Result {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let log = RequestLog()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Nothing may arrive before `serve` is there to take it.
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
                    log.add(channel)
                    return channel
                }
            }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await serve(listener, log, script) }
            let server = LoopbackServer(port: try port(of: listener), log: log)
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(server)) } catch { result = .failure(error) }
            group.cancelAll()
            try? await group.waitForAll()
            // Connections that came too late to be served.
            for channel in log.channels { channel.close(promise: nil) }
            return try result.get()
        }
    }

    private static func port(of listener: NIOAsyncChannel<some Sendable, some Sendable>) throws -> Int {
        guard let port = listener.channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return port
    }

    private static func serve(
        _ listener: NIOAsyncChannel<any Channel, Never>,
        _ log: RequestLog,
        _ script: @escaping @Sendable (Exchange) async throws -> Void
    ) async {
        try? await listener.executeThenClose { connections in
            await withDiscardingTaskGroup { group in
                do {
                    for try await connection in connections {
                        group.addTask {
                            // A connection that breaks is the client's to notice.
                            try? await serve(connection, log, script)
                        }
                    }
                } catch {
                    // The listener was closed.
                }
                group.cancelAll()
            }
        }
    }

    private static func serve(
        _ channel: any Channel,
        _ log: RequestLog,
        _ script: @Sendable (Exchange) async throws -> Void
    ) async throws {
        let connection = try await channel.eventLoop.submit {
            try NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>(wrappingChannelSynchronously: channel)
        }.get()
        try await connection.executeThenClose { inbound, outbound in
            try await channel.setOption(.autoRead, value: true).get()
            var parts = inbound.makeAsyncIterator()
            while case .head(let head)? = try await parts.next() {
                let exchange = Exchange(head: head, parts: parts, outbound: outbound, log: log, index: log.add(head))
                try await script(exchange)
                guard !exchange.isClosed else { return }
                try await exchange.drain()
                parts = exchange.parts
            }
        }
    }
}

/// A request as the server saw it.
package struct RecordedRequest: Sendable {
    package var method: String
    package var uri: String
    package var headers: HTTPHeaders
    package var body: [UInt8] = []
    package var isComplete = false

    package var bodyText: String { String(decoding: body, as: UTF8.self) }
}

/// The requests and connections of a server.
final class RequestLog: Sendable {
    private let requests = Mutex<[RecordedRequest]>([])
    private let connections = Mutex<[any Channel]>([])

    var channels: [any Channel] { connections.withLock { $0 } }

    func add(_ channel: any Channel) {
        connections.withLock { $0.append(channel) }
    }

    var all: [RecordedRequest] { requests.withLock { $0 } }

    func add(_ head: HTTPRequestHead) -> Int {
        requests.withLock {
            $0.append(RecordedRequest(method: head.method.rawValue, uri: head.uri, headers: head.headers))
            return $0.count - 1
        }
    }

    func append(_ bytes: ByteBuffer, to index: Int) {
        requests.withLock { $0[index].body.append(contentsOf: bytes.readableBytesView) }
    }

    func complete(_ index: Int) {
        requests.withLock { $0[index].isComplete = true }
    }
}

/// One request, and the means to answer it. Used by one task.
package final class Exchange {
    package let head: HTTPRequestHead
    fileprivate var parts: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let log: RequestLog
    /// How many requests came before, on any connection.
    package let index: Int
    package private(set) var isClosed = false
    private var isComplete = false

    fileprivate init(
        head: HTTPRequestHead,
        parts: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        log: RequestLog,
        index: Int
    ) {
        self.head = head
        self.parts = parts
        self.outbound = outbound
        self.log = log
        self.index = index
    }

    /// Takes the request's body until at least `byteCount` bytes came, or all of it.
    @discardableResult
    package func receive(atLeast byteCount: Int = .max) async throws -> Int {
        var received = 0
        while received < byteCount, !isComplete {
            switch try await parts.next(isolation: #isolation) {
            case .body(let bytes):
                log.append(bytes, to: index)
                received += bytes.readableBytes
            case .end:
                isComplete = true
                log.complete(index)
            case .head, nil:
                throw ChannelError.eof
            }
        }
        return received
    }

    fileprivate func drain() async throws {
        try await receive()
    }

    /// Sends a whole answer.
    package func respond(_ status: Int, _ body: String = "", headers: [(String, String)] = []) async throws {
        var head = "HTTP/1.1 \(status) Words\r\nContent-Length: \(body.utf8.count)\r\n"
        for header in headers { head += "\(header.0): \(header.1)\r\n" }
        // 304 has no body and, here, no length.
        try await send(status == 304 ? "HTTP/1.1 304 Not Modified\r\n\r\n" : head + "\r\n" + body)
    }

    /// Sends bytes as they are.
    package func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    /// Closes the connection after this.
    package func close() {
        isClosed = true
    }
}
