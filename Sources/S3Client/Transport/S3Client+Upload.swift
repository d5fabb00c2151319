internal import AsyncHTTPClient
internal import HTTPUpload
internal import NIOCore

extension S3Client {
    /// Sends `source` as the body of `request`, and returns when the server has answered.
    ///
    /// An error that the server answers while the body is still being sent is that error, not a broken connection. A success
    /// before everything was sent is none.
    func upload<Source: AsyncSequence & Sendable>(
        _ source: Source,
        byteCount: Int64,
        _ request: S3Request
    ) async throws -> S3Answer where Source.Element == ByteBuffer {
        let channel = UploadChannel(eventLoops: Array(http.eventLoopGroup.makeIterator()))
        let request = request.with(body: .stream(channel, byteCount: byteCount))
        let pump = UploadPump(channel: channel, byteCount: byteCount, object: request.object)
        let outcome = await withTaskGroup(of: UploadEvent.self) { group -> Result<S3Answer, any Error> in
            group.addTask { .sourceEnded(await pump.run(source)) }
            group.addTask {
                defer { channel.end(.failure(UploadChannel.Closed())) }
                do { return .answered(.success(try await self.call(request))) } catch {
                    return .answered(.failure(error))
                }
            }
            var failure: (any Error)?
            var answer: Result<S3Answer, any Error> = .failure(CancellationError())
            for await event in group {
                switch event {
                case .sourceEnded(nil): continue
                case .sourceEnded(let error?): failure = error
                case .answered(let result): answer = result
                }
                group.cancelAll()
            }
            // A refusal by the server explains more than the source's being cut off by it.
            if case .failure(let error as S3Error) = answer, error.status != nil { return answer }
            if failure is CancellationError, case .failure = answer { return answer }
            return failure.map { .failure($0) } ?? answer
        }
        try Task.checkCancellation()
        let answer = try outcome.get()
        guard channel.isDrained else {
            throw S3Error(
                .unexpectedResponse,
                "cannot \(request.action) \(request.object): a success before the whole body was sent"
            )
        }
        return answer
    }
}

/// What the tasks of an upload end with.
private enum UploadEvent: Sendable {
    case sourceEnded((any Error)?)
    case answered(Result<S3Answer, any Error>)
}

/// Reads the source of an upload into its channel, in even parts.
private struct UploadPump: Sendable {
    let channel: UploadChannel
    let byteCount: Int64
    let object: String

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
        var parts = EvenParts(length: SignedChunks.chunkLength)
        var sent: Int64 = 0
        // The last part is held back until the source has ended: the server must not have everything of a source that is too
        // long.
        var last: ByteBuffer?
        for try await part in source where part.readableBytes > 0 {
            sent += Int64(part.readableBytes)
            if sent > byteCount { throw mismatch("more than \(byteCount)") }
            parts.append(part)
            while let next = parts.next() {
                if let last { try await channel.send(last) }
                last = next
            }
        }
        if sent < byteCount { throw mismatch("\(sent) instead of \(byteCount)") }
        let rest = parts.takeRest()
        if rest.readableBytes > 0 {
            if let last { try await channel.send(last) }
            last = rest
        }
        try await channel.send(last ?? ByteBuffer(), isLast: true)
    }

    private func mismatch(_ found: String) -> S3Error {
        S3Error(.sourceLengthMismatch, "cannot store \(object): the source held \(found) bytes")
    }
}
