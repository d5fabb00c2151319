internal import NIOCore
internal import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

extension LocalFiles {
    /// Reads `range` of an object, or all of it, into `buffer` and nowhere else; what was in it is dropped, its memory used.
    func get(_ key: ObjectKey, range: Range<Int64>?, into buffer: inout ByteBuffer) throws {
        let isFound = try classified("cannot read", key, absent: false) {
            // Without O_NONBLOCK, opening a FIFO would wait for a writer.
            try withOpenFile(path(of: key), flags: O_RDONLY | O_NONBLOCK) { descriptor in
                let status = try calls.status(of: descriptor)
                guard status.kind == .file else { return false }
                try read(descriptor, try checked(range, of: key, byteCount: status.byteCount), key, into: &buffer)
                return true
            }
        }
        guard isFound else { throw ObjectStoreError(.notFound, "no '\(key)' in \(root)") }
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

    private func read(_ descriptor: Int32, _ range: Range<Int64>, _ key: ObjectKey, into buffer: inout ByteBuffer)
        throws
    {
        buffer.clear(minimumCapacity: range.count)
        guard !range.isEmpty else { return }
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
    }
}
