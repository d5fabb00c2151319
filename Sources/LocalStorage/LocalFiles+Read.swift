internal import NIOCore
internal import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

extension LocalFiles {
    /// Reads `range` of an object, or all of it, into one new buffer and nowhere else.
    func get(_ key: ObjectKey, range: Range<Int64>?) throws -> ByteBuffer {
        let body = try classified("cannot read", key, absent: .some(ByteBuffer?.none)) {
            // Without O_NONBLOCK, opening a FIFO would wait for a writer.
            try withOpenFile(path(of: key), flags: O_RDONLY | O_NONBLOCK) { descriptor in
                let status = try calls.status(of: descriptor)
                guard status.kind == .file else { return nil }
                return try read(descriptor, try checked(range, of: key, byteCount: status.byteCount), key)
            }
        }
        guard let body else { throw ObjectStoreError(.notFound, "no '\(key)' in \(root)") }
        return body
    }

    /// - Returns: the length in bytes, or `nil` when there is no such object.
    func byteCount(of key: ObjectKey) throws -> Int64? {
        try classified("cannot look at", key, absent: .some(nil)) {
            let status = try calls.status(of: path(of: key), followLinks: true)
            return status.kind == .file ? status.byteCount : nil
        }
    }

    private func checked(_ range: Range<Int64>?, of key: ObjectKey, byteCount: Int64) throws -> Range<Int64> {
        let range = range ?? 0..<byteCount
        guard range.lowerBound >= 0, range.upperBound <= byteCount else {
            throw ObjectStoreError(
                .rangeNotSatisfiable,
                "'\(key)' in \(root) has \(byteCount) bytes, \(range.lowerBound)..<\(range.upperBound) were asked for"
            )
        }
        guard range.count <= Self.longestRead else {
            throw ObjectStoreError(
                .rangeNotSatisfiable,
                "'\(key)' in \(root): \(range.count) bytes are too many for one read",
                hint: "Read it in several ranges."
            )
        }
        return range
    }

    /// A `ByteBuffer` rounds up to a power of two and counts in 32 bits.
    private static let longestRead = 1 << 30

    private func read(_ descriptor: Int32, _ range: Range<Int64>, _ key: ObjectKey) throws -> ByteBuffer? {
        var buffer = ByteBufferAllocator().buffer(capacity: range.count)
        guard !range.isEmpty else { return buffer }
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { space in
            var rest = UnsafeMutableRawBufferPointer(rebasing: space.prefix(range.count))
            var offset = range.lowerBound
            while !rest.isEmpty {
                let count = try uninterrupted {
                    try calls.readBytes(descriptor, rest, at: offset)
                }
                guard count > 0 else {
                    throw ObjectStoreError(
                        .corrupted,
                        "'\(key)' in \(root) ended at byte \(offset) while it was read, not at \(range.upperBound)",
                        hint:
                            "Something cuts files of this repository; run 'holdfast verify' and look at the file system."
                    )
                }
                rest = UnsafeMutableRawBufferPointer(rebasing: rest.dropFirst(count))
                offset += Int64(count)
            }
            return range.count
        }
        return buffer
    }
}
