public import NIOCore
public import ObjectStorage
internal import S3Client

extension S3Store {
    public func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try await read(key, range: range, into: &buffer)
        return buffer
    }

    /// Into the caller's memory: a fresh pack's worth of it costs a page fault for every 4 KiB.
    public func get(_ key: ObjectKey, range: Range<Int64>, into buffer: inout ByteBuffer) async throws {
        buffer.clear()
        try await read(key, range: range, into: &buffer)
    }

    private func read(_ key: ObjectKey, range: Range<Int64>?, into buffer: inout ByteBuffer) async throws {
        if let range, range.isEmpty || range.lowerBound < 0 || range.upperBound > Self.longestObject {
            return try await checkUnaskable(range, of: key)
        }
        do {
            try Task.checkCancellation()
            let head = try await download(key, range: range, into: &buffer)
            if range == nil { try await prove(&buffer, at: key, head) }
        } catch {
            throw translated(error, "read '\(key)'")
        }
    }

    private func download(
        _ key: ObjectKey,
        range: Range<Int64>?,
        into buffer: inout ByteBuffer
    ) async throws -> S3ObjectHead {
        let download = try await bucket.get(name(of: key), range: range)
        guard download.body.byteCount <= Self.longestAnswer else {
            throw ObjectStoreError(
                .corrupted,
                "'\(key)' in \(location) has \(download.body.byteCount) bytes, far more than any file of a repository",
                hint: "Somebody else has put it there; look at it, and remove it."
            )
        }
        buffer.reserveCapacity(Int(download.body.byteCount))
        for try await part in download.body { buffer.writeImmutableBuffer(part) }
        return download.head
    }

    /// Compares a whole object that came with what the server says of it. Of a part no server says anything: the length of the
    /// range, and what the caller knows of its content, are all there is.
    ///
    /// An entity tag that does not fit is no proof of damage, and must not make a repository unreadable whose server has other tags:
    /// the object is then read again. The same bytes in the length that a look-up says are the object, and this server's tags no
    /// MD5s.
    private func prove(_ buffer: inout ByteBuffer, at key: ObjectKey, _ head: S3ObjectHead) async throws {
        switch StatedDigest(head).judge(buffer) {
        case .same, .unknown: return
        case .otherSHA256: throw damaged(key, "another SHA-256")
        case .otherTag where !tagsAreMD5.isSet: return
        case .otherTag: break
        }
        var second = ByteBuffer()
        let secondHead = try await download(key, range: nil, into: &second)
        switch StatedDigest(secondHead).judge(second) {
        case .same:
            buffer = second
        case .otherTag where second == buffer && head == secondHead:
            guard try await bucket.head(name(of: key))?.byteCount == Int64(buffer.readableBytes) else {
                throw damaged(key, "another length")
            }
            tagsAreMD5.clear()
        default: throw damaged(key, "another entity tag")
        }
    }

    private func damaged(_ key: ObjectKey, _ difference: String) -> S3Error {
        S3Error(
            .checksumMismatch,
            "cannot read '\(name(of: key))' in bucket '\(place.bucket)': what came has \(difference) than the object",
            hint: "The answer was damaged on its way; when this lasts, the object is."
        )
    }

    /// Nothing that a repository reads at once is this long; whoever may write could make us take the memory for it.
    private static let longestAnswer: Int64 = 1 << 30

    /// The longest object of S3 is 50 TB since December 2025; beyond this no server is asked.
    private static let longestObject: Int64 = 1 << 50

    /// HTTP has no empty ranges, and none before the beginning: such a range is compared with the object's length.
    private func checkUnaskable(_ range: Range<Int64>, of key: ObjectKey) async throws {
        guard let byteCount = try await byteCount(of: key) else {
            throw ObjectStoreError(.notFound, "no '\(key)' in \(location)")
        }
        guard range.lowerBound >= 0, range.upperBound <= byteCount else {
            throw ObjectStoreError(
                .rangeNotSatisfiable,
                "'\(key)' in \(location) has \(byteCount) bytes, \(range) were asked for"
            )
        }
    }
}
