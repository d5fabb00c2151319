internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// One request and its response on the way through a ``FaultProxy``.
///
/// Its functions are `@concurrent`, as the iterators of NIO's channels are that they pass on.
struct ProxyExchange {
    typealias Parts = NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    typealias Client = NIOAsyncChannelOutboundWriter<ByteBuffer>
    private typealias Server = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    private let head: HTTPRequestHead
    private let fault: ProxyFault?
    private let serverPort: Int
    private let clock: any Clock<Duration>

    init(_ head: HTTPRequestHead, fault: ProxyFault?, serverPort: Int, clock: any Clock<Duration>) {
        self.head = head
        self.fault = fault
        self.serverPort = serverPort
        self.clock = clock
    }

    /// Runs the exchange to its end, or to that of the connection.
    ///
    /// - Returns: whether the client's connection goes on.
    @concurrent
    func run(_ parts: inout Parts, _ client: Client) async throws -> Bool {
        if head.headers["Expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            try await client.write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
        }
        switch fault {
        case .cut(.beforeForwarding):
            return false
        case .cut(.inRequestHead):
            try await sendHalfAHead()
            return false
        case .answer(let answer) where !answer.reachesServer:
            while let part = try await parts.next() { if case .end = part { break } }
            return try await send(answer, to: client)
        case .delay(let duration):
            try await clock.sleep(for: duration)
        default:
            break
        }
        return try await forward(&parts, client)
    }

    @concurrent
    private func forward(_ parts: inout Parts, _ client: Client) async throws -> Bool {
        let server = try await connect()
        return try await server.executeThenClose { responses, requests in
            guard try await sendRequest(&parts, requests) else { return false }
            var responses = responses.makeAsyncIterator()
            guard case .head(let response)? = try await responses.next() else { return false }
            switch fault {
            case .cut(.beforeResponse):
                // The server counts as having answered once its whole response is here.
                _ = try await collect(&responses)
                return false
            case .answer(let answer):
                _ = try await collect(&responses)
                return try await send(answer, to: client)
            case nil, .delay:
                return try await stream(response, &responses, client)
            default:
                return try await spoil(response, try await collect(&responses), client)
            }
        }
    }

    /// - Returns: `false` when the request was cut.
    @concurrent
    private func sendRequest(
        _ parts: inout Parts,
        _ server: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
    ) async throws -> Bool {
        var forwarded = head
        forwarded.headers.remove(name: "Expect")
        forwarded.headers.replaceOrAdd(name: "Connection", value: "close")
        let length = head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        var rest = fault == .cut(.inRequestBody) ? length / 2 : Int.max
        if fault == .cut(.inRequestBody), length == 0 {
            try await sendHalfAHead()
            return false
        }
        // A server may answer and close before it has read everything. Then its answer counts.
        var takesMore = (try? await server.write(.head(forwarded))) != nil
        while let part = try await parts.next() {
            guard case .body(let bytes) = part else { break }
            let piece = bytes.getSlice(at: bytes.readerIndex, length: min(rest, bytes.readableBytes)) ?? bytes
            rest -= piece.readableBytes
            if takesMore { takesMore = (try? await server.write(.body(.byteBuffer(piece)))) != nil }
            if rest == 0 { return false }
        }
        if takesMore { _ = try? await server.write(.end(nil)) }
        return true
    }

    @concurrent
    private func connect() async throws -> Server {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: serverPort) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Server(wrappingChannelSynchronously: channel)
                }
            }
    }

    /// Half of the request's head, on a connection that then ends.
    @concurrent
    private func sendHalfAHead() async throws {
        var text = "\(head.method.rawValue) \(head.uri) HTTP/1.1\r\n"
        for (name, value) in head.headers { text += "\(name): \(value)\r\n" }
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: serverPort).get()
        try? await channel.writeAndFlush(ByteBuffer(substring: text.prefix(text.utf8.count / 2))).get()
        try? await channel.close().get()
    }
}

// The way back.
extension ProxyExchange {
    private typealias Responses = NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator

    private var keepsAlive: Bool { head.isKeepAlive }
    private var hasNoBody: Bool { head.method == .HEAD }

    @concurrent
    private func collect(_ responses: inout Responses) async throws -> ByteBuffer {
        var body = ByteBuffer()
        while let part = try await responses.next() {
            guard case .body(var piece) = part else { break }
            body.writeBuffer(&piece)
        }
        return body
    }

    /// The head as bytes. Hop by hop fields are the proxy's own.
    private func encode(_ response: HTTPResponseHead, length: Int?) -> ByteBuffer {
        var text = "HTTP/1.1 \(response.status.code) \(response.status.reasonPhrase)\r\n"
        for (name, value) in response.headers
        where !["connection", "transfer-encoding", "content-length", "keep-alive"].contains(name.lowercased()) {
            text += "\(name): \(value)\r\n"
        }
        if let length { text += "Content-Length: \(length)\r\n" } else { text += "Transfer-Encoding: chunked\r\n" }
        return ByteBuffer(string: text + "Connection: \(keepsAlive ? "keep-alive" : "close")\r\n\r\n")
    }

    /// The length that the server states, or what a response has that needs none.
    private func statedLength(_ response: HTTPResponseHead) -> Int? {
        if let length = response.headers.first(name: "Content-Length").flatMap({ Int($0) }) { return length }
        return hasNoBody || response.status == .noContent || response.status == .notModified ? 0 : nil
    }

    @concurrent
    private func stream(
        _ response: HTTPResponseHead,
        _ responses: inout Responses,
        _ client: Client
    ) async throws -> Bool {
        let length = statedLength(response)
        try await client.write(encode(response, length: length))
        var sent = 0
        while let part = try await responses.next() {
            guard case .body(let piece) = part else { break }
            sent += piece.readableBytes
            if length == nil {
                try await client.write(ByteBuffer(string: String(piece.readableBytes, radix: 16) + "\r\n"))
                try await client.write(piece)
                try await client.write(ByteBuffer(string: "\r\n"))
            } else {
                try await client.write(piece)
            }
        }
        if length == nil { try await client.write(ByteBuffer(string: "0\r\n\r\n")) }
        // A server that ended too early ends the client's connection too.
        return keepsAlive && (length == nil || hasNoBody || sent == length)
    }

    @concurrent
    private func send(_ answer: ProxyFault.Answer, to client: Client) async throws -> Bool {
        let document =
            hasNoBody
            ? ""
            : """
            <?xml version="1.0" encoding="UTF-8"?>
            <Error><Code>\(answer.code)</Code><Message>ordered by a test</Message><RequestId>proxy</RequestId></Error>
            """
        var response = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status))
        response.headers.add(name: "Content-Type", value: "application/xml")
        for (name, value) in answer.headers.sorted(by: { $0.key < $1.key }) {
            response.headers.add(name: name, value: value)
        }
        var bytes = encode(response, length: document.utf8.count)
        bytes.writeString(document)
        try await client.write(bytes)
        return keepsAlive
    }

    /// Sends a whole response in the way that the fault says.
    ///
    /// - Returns: whether the connection goes on.
    @concurrent
    private func spoil(_ response: HTTPResponseHead, _ whole: ByteBuffer, _ client: Client) async throws -> Bool {
        var (response, body) = (response, whole)
        var length = hasNoBody ? statedLength(response) ?? 0 : body.readableBytes
        var goesOn = keepsAlive
        switch fault {
        case .truncateBody where !hasNoBody:
            body = body.getSlice(at: body.readerIndex, length: body.readableBytes / 2) ?? body
            length = body.readableBytes
        case .corruptBody:
            let middle = body.readerIndex + body.readableBytes / 2
            if let byte: UInt8 = body.getInteger(at: middle) { body.setInteger(byte ^ 1, at: middle) }
        case .wrongLength(let difference):
            if !hasNoBody { length = max(0, length + difference) }
            goesOn = false
        case .wrongETag:
            response.headers.replaceOrAdd(name: "ETag", value: "\"00000000000000000000000000000000\"")
        default:
            break
        }
        var bytes = encode(response, length: length)
        let headLength = bytes.readableBytes
        bytes.writeBuffer(&body)
        switch fault {
        case .cut(.inResponseHead): return try await cut(bytes, after: headLength / 2, client)
        case .cut(.inResponseBody):
            let bodyLength = bytes.readableBytes - headLength
            return try await cut(bytes, after: bodyLength == 0 ? headLength / 2 : headLength + bodyLength / 2, client)
        case .cut(.beforeLastByte): return try await cut(bytes, after: bytes.readableBytes - 1, client)
        case .duplicateResponse:
            // In one piece: what comes after the next request has been sent on the connection would be its answer.
            let copy = bytes
            bytes.writeImmutableBuffer(copy)
            try await client.write(bytes)
        default:
            try await client.write(bytes)
        }
        return goesOn
    }

    @concurrent
    private func cut(_ bytes: ByteBuffer, after count: Int, _ client: Client) async throws -> Bool {
        try await client.write(bytes.getSlice(at: bytes.readerIndex, length: count) ?? bytes)
        return false
    }
}
