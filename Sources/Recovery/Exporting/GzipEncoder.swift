internal import CZlib
internal import NIOCore

/// Compresses a stream with zlib, in the format of gzip (RFC 1952), without a name and a time: equal input gives equal bytes.
///
/// Not `Sendable`: used by one task.
final class GzipEncoder {
    /// zlib's own default, which is that of the program `gzip`.
    private static let level: Int32 = 6
    private static let pieceLength = 64 << 10

    // On the heap: zlib keeps the address of this between calls.
    private let stream: UnsafeMutablePointer<z_stream>

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        precondition(holdfast_deflate_gzip_init(stream, Self.level) == Z_OK, "zlib is out of memory")
    }

    deinit {
        deflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Takes the next bytes.
    ///
    /// - Returns: what has become of them and those before so far; often nothing.
    func add(_ input: ByteBuffer) -> ByteBuffer {
        input.withUnsafeReadableBytes { run($0, Z_NO_FLUSH) }
    }

    /// The rest. Nothing may be added afterwards.
    func finish() -> ByteBuffer {
        run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH)
    }

    private func run(_ input: UnsafeRawBufferPointer, _ flush: Int32) -> ByteBuffer {
        var result = ByteBuffer()
        // zlib does not write to its input; the type is that of a time before `const`.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: Bytef.self).baseAddress)
        precondition(input.count <= Int(UInt32.max), "pieces of a stream are a few MiB long")
        stream.pointee.avail_in = UInt32(input.count)
        repeat {
            result.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.pieceLength) { output in
                let room = min(output.count, Self.pieceLength)
                stream.pointee.next_out = output.bindMemory(to: Bytef.self).baseAddress
                stream.pointee.avail_out = UInt32(room)
                let status = deflate(stream, flush)
                precondition(status != Z_STREAM_ERROR, "zlib was used wrongly")
                return room - Int(stream.pointee.avail_out)
            }
        } while stream.pointee.avail_out == 0
        stream.pointee.next_in = nil
        return result
    }
}
