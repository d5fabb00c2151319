internal import AsyncHTTPClient
internal import HTTPUpload
internal import NIOCore

extension QdrantClient {
    /// Sends `source` as the file of a multipart body, and returns when the server has answered.
    ///
    /// An error that the server answers while the body is still being sent is that error, not a broken connection. A
    /// success that it answers before it was sent everything is none.
    ///
    /// - Throws: what the source throws, unchanged; ``QdrantError``.
    func upload<Source: AsyncSequence & Sendable>(
        _ source: Source,
        byteCount: Int64?,
        fileName: String,
        _ request: APIRequest
    ) async throws where Source.Element == ByteBuffer {
        let framing = MultipartFraming(
            partName: "snapshot",
            fileName: fileName,
            boundary: MultipartFraming.makeBoundary(options.randomUnit)
        )
        let request = request.with(header: "Content-Type", framing.contentType)
        let channel = UploadChannel(eventLoops: Array(patientHTTP.eventLoopGroup.makeIterator()))
        let pump = UploadPump(channel: channel, framing: framing, byteCount: byteCount, request: request)

        let outcome = await withTaskGroup(of: UploadEvent.self) { group -> Result<Void, any Error> in
            group.addTask { .sourceEnded(await pump.run(source)) }
            group.addTask { await self.stall(of: channel, request) }
            group.addTask {
                defer { channel.end(.failure(UploadChannel.Closed())) }
                return .answered(await self.answer(to: channel, framing, byteCount: byteCount, request))
            }
            var failure: (any Error)?
            var answer: Result<Void, any Error> = .success(())
            for await event in group {
                switch event {
                case .sourceEnded(nil), .stallWatchEnded: continue
                case .sourceEnded(let error?), .stalled(let error): failure = failure ?? error
                case .answered(let result): answer = result
                }
                group.cancelAll()
            }
            // A refusal by the server explains more than the source's being cut off by it.
            if case .failure(let error as QdrantError) = answer, error.status != nil { return answer }
            // Nor does the cancellation of a source that had nobody left to read it.
            if failure is CancellationError, case .failure = answer { return answer }
            return failure.map { .failure($0) } ?? answer
        }
        try Task.checkCancellation()
        try outcome.get()
        guard channel.isDrained else {
            throw unexpected(request, "a success before the whole archive was sent")
        }
    }

    private func answer(
        to channel: UploadChannel,
        _ framing: MultipartFraming,
        byteCount: Int64?,
        _ request: APIRequest
    ) async -> Result<Void, any Error> {
        let length: HTTPClientRequest.Body.Length =
            byteCount.map { .known(framing.byteCount(fileByteCount: $0)) } ?? .unknown
        do {
            let response = try await send(request, body: .stream(channel, length: length))
            _ = try await collect(response, request)
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    /// Ends when the server has taken nothing for ``QdrantTimeouts/writeIdle`` although there was something to take.
    ///
    /// The HTTP client's own limit on writing does not help: it is suspended while the connection takes nothing.
    private func stall(of channel: UploadChannel, _ request: APIRequest) async -> UploadEvent {
        let looks = 4
        var waiting: (part: Int?, looks: Int) = (nil, 0)
        while waiting.part == nil || waiting.looks < looks {
            do {
                try await Task.sleep(for: endpoint.timeouts.writeIdle / looks)
            } catch {
                return .stallWatchEnded
            }
            let part = channel.waitingPart
            waiting = (part, part == waiting.part ? waiting.looks + 1 : 0)
        }
        return .stalled(
            QdrantError(
                .requestTimeout,
                "cannot \(request.action) \(request.object): the server takes no more of the archive",
                object: request.object
            )
        )
    }
}

/// What the tasks of an upload end with.
private enum UploadEvent: Sendable {
    case sourceEnded((any Error)?)
    case stalled(any Error)
    case stallWatchEnded
    case answered(Result<Void, any Error>)
}

/// Reads the source of an upload into its channel, framed.
private struct UploadPump: Sendable {
    let channel: UploadChannel
    let framing: MultipartFraming
    let byteCount: Int64?
    let request: APIRequest

    /// - Returns: what went wrong with the source, if anything.
    func run<Source: AsyncSequence & Sendable>(_ source: Source) async -> (any Error)?
    where Source.Element == ByteBuffer {
        do {
            try await send(source)
            channel.end(.success(()))
            return nil
        } catch is UploadChannel.Closed {
            return nil
        } catch {
            channel.end(.failure(error))
            return error
        }
    }

    private func send<Source: AsyncSequence & Sendable>(_ source: Source) async throws
    where Source.Element == ByteBuffer {
        try await channel.send(ByteBuffer(string: framing.opening))
        var sent: Int64 = 0
        for try await part in source where part.readableBytes > 0 {
            sent += Int64(part.readableBytes)
            if let byteCount, sent > byteCount { throw mismatch("more than \(byteCount)") }
            try await channel.send(part)
        }
        if let byteCount, sent < byteCount { throw mismatch("\(sent) instead of \(byteCount)") }
        try await channel.send(ByteBuffer(string: framing.closing), isLast: true)
    }

    private func mismatch(_ found: String) -> QdrantError {
        QdrantError(
            .sourceLengthMismatch,
            "cannot \(request.action) \(request.object): the source held \(found) bytes",
            object: request.object
        )
    }
}
