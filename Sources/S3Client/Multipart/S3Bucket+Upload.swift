internal import Logging
public import NIOCore

extension S3Bucket {
    /// Stores an object of any length from a source that is read once: in one request when it is short, else in parts.
    ///
    /// Memory holds the parts under way and one more, whatever the length. A part that fails with what may pass is sent again.
    /// When the upload fails or is cancelled it is aborted, so that no stored parts are left; should that fail too, for example
    /// because the server is gone, ``listMultipartUploads(prefix:)`` finds it.
    ///
    /// - Throws: what the source throws, unchanged; ``S3Error``.
    @discardableResult
    public func upload<Source: AsyncSequence & Sendable>(
        _ source: Source,
        byteCount: Int64? = nil,
        at key: String,
        options: S3PutOptions = S3PutOptions(),
        multipart: S3MultipartOptions = S3MultipartOptions()
    ) async throws -> S3PutResult where Source.Element == ByteBuffer {
        let length = byteCount.map { multipart.partByteCount(for: $0) } ?? multipart.partByteCount
        var parts = UploadParts(source, length: length)
        let first = try await parts.next()
        guard let first, let second = try await parts.next() else {
            try check(parts.byteCount, byteCount, key)
            return try await put(first ?? ByteBuffer(), at: key, options: options)
        }
        let upload = S3MultipartUpload(key: key, uploadID: try await beginMultipart(key, options: options))
        do {
            let stored = try await store([first, second], then: &parts, of: upload, multipart.concurrency)
            try check(parts.byteCount, byteCount, key)
            return try await completeMultipart(upload, parts: stored, refusesExisting: options.refusesExisting)
        } catch {
            await abandon(upload, after: error)
            throw error
        }
    }

    private func check(_ byteCount: Int64, _ expected: Int64?, _ key: String) throws(S3Error) {
        guard let expected, byteCount != expected else { return }
        throw S3Error(
            .sourceLengthMismatch,
            "cannot store '\(key)' in bucket '\(name)': the source held \(byteCount) bytes instead of \(expected)"
        )
    }

    /// Sends the parts, so many at once, and takes the next from the source when one is stored.
    private func store<Source: AsyncSequence & Sendable>(
        _ beginning: [ByteBuffer],
        then parts: inout UploadParts<Source>,
        of upload: S3MultipartUpload,
        _ concurrency: Int
    ) async throws -> [StoredPart] where Source.Element == ByteBuffer {
        try await withThrowingTaskGroup(of: StoredPart.self) { group in
            var stored: [StoredPart] = []
            var pending = beginning[...]
            var number = 0
            while true {
                let body: ByteBuffer
                if let next = pending.popFirst() {
                    body = next
                } else if let next = try await parts.next() {
                    body = next
                } else {
                    break
                }
                if number - stored.count >= concurrency, let part = try await group.next() { stored.append(part) }
                number += 1
                guard number <= S3MultipartOptions.partLimit else {
                    throw S3Error(
                        .entityTooLarge,
                        "cannot store '\(upload.key)' in bucket '\(name)': it needs more than \(S3MultipartOptions.partLimit) parts",
                        hint: "Give its length beforehand, or longer parts."
                    )
                }
                group.addTask { [number] in try await repeatedly { try await putPart(body, number: number, of: upload) }
                }
            }
            for try await part in group { stored.append(part) }
            return stored
        }
    }

    /// A part may be sent any number of times: the last one counts. So may the order to abort.
    private func repeatedly<Answer: Sendable>(_ send: () async throws -> Answer) async throws -> Answer {
        var delay = Duration.milliseconds(500)
        for _ in 1..<5 {
            do {
                return try await send()
            } catch let error as S3Error where error.isRetryable {
                try await Task.sleep(for: max(delay, min(error.retryAfter ?? .zero, .seconds(60))))
                delay *= 2
            }
        }
        return try await send()
    }

    /// Aborts, whatever has become of this task.
    private func abandon(_ upload: S3MultipartUpload, after failure: any Error) async {
        // A task of its own: a cancelled one cannot send the request that cleans up.
        let error = await Task { () -> (any Error)? in
            do {
                try await repeatedly { try await abort(upload) }
                return nil
            } catch {
                return error
            }
        }.value
        guard let error else { return }
        client.logger.warning(
            "s3 upload could not be aborted: its parts stay stored until somebody does",
            metadata: [
                "bucket": "\(name)", "key": "\(upload.key)", "upload": "\(upload.uploadID)", "error": "\(error)",
            ]
        )
    }
}

/// Cuts a source into parts of one length, but for the last.
private struct UploadParts<Source: AsyncSequence & Sendable> where Source.Element == ByteBuffer {
    private var iterator: Source.AsyncIterator
    private var parts: EvenParts
    private var hasEnded = false
    /// How much has been read.
    private(set) var byteCount: Int64 = 0

    init(_ source: Source, length: Int) {
        iterator = source.makeAsyncIterator()
        parts = EvenParts(length: length)
    }

    mutating func next() async throws -> ByteBuffer? {
        while true {
            if let part = parts.next() { return part }
            guard !hasEnded, let piece = try await iterator.next(isolation: #isolation) else { break }
            byteCount += Int64(piece.readableBytes)
            parts.append(piece)
        }
        hasEnded = true
        let rest = parts.takeRest()
        return rest.readableBytes > 0 ? rest : nil
    }
}
