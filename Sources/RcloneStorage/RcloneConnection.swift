internal import Locks
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOPosix

/// HTTP/2 over the pipes of one rclone: each request a stream of its own, any number at once.
///
/// Memory: a stream gives rclone room for so many bytes of a response at a time and gives more when they have been taken.
final class RcloneConnection: Sendable {
    /// The head of a response.
    struct Head: Sendable {
        var status: Int
        var length: Int64?
        /// `bytes FIRST-LAST/SIZE`
        var contentRange: String?
    }

    /// A connection or stream that ended before the response did, or could not be used.
    struct Broken: Error {
        var cause: (any Error)?
    }

    private typealias Stream = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private static let windowSize = 1 << 20
    /// What is sent at a time: each piece is a sign of life when rclone takes it.
    private static let pieceSize = 1 << 18
    /// The slowest line that is waited for, in bytes a second.
    private static let slowestRate = 1 << 14

    let process: RcloneProcess
    private let longestSilence: Duration
    private let silence = Mutex<Duration?>(nil)
    private let hasHead = Mutex(false)
    private let channel: any Channel
    private let streams: NIOHTTP2Handler.AsyncStreamMultiplexer<Void>

    private init(
        _ process: RcloneProcess,
        _ longestSilence: Duration,
        _ channel: any Channel,
        _ streams: NIOHTTP2Handler.AsyncStreamMultiplexer<Void>
    ) {
        self.process = process
        self.longestSilence = longestSilence
        self.channel = channel
        self.streams = streams
    }

    deinit {
        // Ends rclone, which serves one connection.
        channel.close(promise: nil)
    }

    /// Whether rclone has answered anything.
    var hasAnswered: Bool { hasHead.withLock { $0 } }

    /// For how long rclone was silent when it was given up; `nil` while it is not.
    var unbearableSilence: Duration? { silence.withLock { $0 } }

    /// Whether requests can be sent.
    var isOpen: Bool { channel.isActive && process.end == nil }

    /// Starts the program and the connection to it.
    static func open(_ command: RcloneProcess.Command) async throws -> RcloneConnection {
        let process = try RcloneProcess(command)
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.stream.targetWindowSize = windowSize
        configuration.stream.outboundBufferSizeHighWatermark = windowSize
        configuration.stream.outboundBufferSizeLowWatermark = windowSize / 2
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .enablePush, value: 0),
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 0),
            HTTP2Setting(parameter: .initialWindowSize, value: windowSize),
            HTTP2Setting(parameter: .maxFrameSize, value: 1 << 18),
        ]
        let settled = configuration
        let (channel, streams) = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .takingOwnershipOfDescriptors(input: process.input, output: process.output) { channel in
                channel.eventLoop.makeCompletedFuture {
                    (
                        channel,
                        try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
                            mode: .client,
                            configuration: settled
                        ) { $0.eventLoop.makeSucceededVoidFuture() }
                    )
                }
            }
        return RcloneConnection(process, command.longestSilence, channel, streams)
    }

    /// Waits for something that rclone has to do, and gives the connection up when that takes too long: everything under way on it
    /// ends as ``Broken``, and so does rclone, which may be stopped or hang in a file system that does not answer.
    ///
    /// - Parameter allowance: time beyond the longest silence.
    func patiently<Value>(
        allowance: Duration = .zero,
        _ work: () async throws -> Value
    ) async throws -> Value {
        let patience = longestSilence + allowance
        let end = channel.eventLoop.scheduleTask(in: .nanoseconds(Int64(patience / .nanoseconds(1)))) { [self] in
            silence.withLock { $0 = $0 ?? patience }
            channel.close(promise: nil)
            process.kill()
        }
        defer { end.cancel() }
        return try await work()
    }

    /// Ends the connection and waits for the program's end.
    func close() async {
        try? await channel.close()
        await process.awaitEnd()
    }

    /// Sends a request and hands the pieces of the response to `take` as they come; rclone waits while `take` works.
    ///
    /// - Throws: ``Broken``, and what `take` throws.
    func exchange<Answer: Sendable>(
        _ method: HTTPMethod,
        _ path: String,
        headers: HTTPHeaders = [:],
        body: ByteBuffer? = nil,
        _ take: (Head, RcloneBody) async throws -> Answer
    ) async throws -> Answer {
        let stream: Stream
        do {
            stream = try await streams.openStream { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        HTTP2FramePayloadToHTTP1ClientCodec(httpProtocol: .http)
                    )
                    return try Stream(wrappingChannelSynchronously: channel)
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw Broken(cause: error)
        }
        var fields = headers
        fields.add(name: "Host", value: "localhost")
        fields.add(name: "Accept", value: "application/vnd.x.restic.rest.v2")
        if let body { fields.add(name: "Content-Length", value: "\(body.readableBytes)") }
        let head = HTTPRequestHead(version: .http2, method: method, uri: path, headers: fields)
        return try await stream.executeThenClose { inbound, outbound in
            do {
                try await send(head, body, outbound)
            } catch let error as CancellationError {
                throw error
            } catch {
                // Then the answer is here, or its absence shows below.
            }
            let parts = RcloneBody(inbound, of: self)
            // What was handed over may still lie in buffers, here and in rclone.
            let head = try await parts.head(allowance: .seconds(body.map { $0.readableBytes / Self.slowestRate } ?? 0))
            hasHead.withLock { $0 = true }
            return try await take(head, parts)
        }
    }

    private func send(
        _ head: HTTPRequestHead,
        _ body: ByteBuffer?,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws {
        guard var rest = body, rest.readableBytes > 0 else {
            // In one go, so that the head ends the request: to others rclone can have answered before they have ended, and resets
            // the stream.
            return try await patiently { try await outbound.write(contentsOf: [.head(head), .end(nil)]) }
        }
        try await patiently { try await outbound.write(.head(head)) }
        while let piece = rest.readSlice(length: min(Self.pieceSize, rest.readableBytes)), piece.readableBytes > 0 {
            try await patiently { try await outbound.write(.body(.byteBuffer(piece))) }
        }
        try await patiently { try await outbound.write(.end(nil)) }
    }
}

/// What comes back on one stream.
final class RcloneBody {
    private var parts: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
    private let connection: RcloneConnection

    init(_ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>, of connection: RcloneConnection) {
        self.connection = connection
        parts = inbound.makeAsyncIterator()
    }

    /// - Parameter allowance: time for it beyond the longest silence.
    func head(allowance: Duration = .zero) async throws -> RcloneConnection.Head {
        guard case .head(let head)? = try await part(allowance) else { throw RcloneConnection.Broken() }
        return RcloneConnection.Head(
            status: Int(head.status.code),
            length: head.headers.first(name: "Content-Length").flatMap { Int64($0) },
            contentRange: head.headers.first(name: "Content-Range")
        )
    }

    /// The next bytes of the body, or `nil` at its end.
    func next() async throws -> ByteBuffer? {
        switch try await part() {
        case .body(let bytes): bytes
        case .end: nil
        // The stream ended and the response did not.
        case .head, nil: throw RcloneConnection.Broken()
        }
    }

    /// The whole of the body.
    ///
    /// - Parameters:
    ///   - expected: how many bytes are to come: room is made at once.
    ///   - limit: the most that is taken; more is an error.
    func collect(expected: Int = 0, limit: Int) async throws -> ByteBuffer {
        var all = ByteBuffer()
        all.reserveCapacity(min(expected, limit))
        while var piece = try await next() {
            guard all.readableBytes + piece.readableBytes <= limit else { throw RcloneConnection.Broken() }
            all.writeBuffer(&piece)
        }
        return all
    }

    private func part(_ allowance: Duration = .zero) async throws -> HTTPClientResponsePart? {
        do {
            return try await connection.patiently(allowance: allowance) { try await parts.next(isolation: #isolation) }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw RcloneConnection.Broken(cause: error)
        }
    }
}
