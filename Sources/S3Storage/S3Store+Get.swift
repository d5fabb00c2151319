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
            let download = try await bucket.get(name(of: key), range: range)
            buffer.reserveCapacity(Int(download.body.byteCount))
            for try await part in download.body { buffer.writeImmutableBuffer(part) }
        } catch {
            throw translated(error, "read '\(key)'")
        }
    }

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
