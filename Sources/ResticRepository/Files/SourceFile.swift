internal import Glibc
internal import NIOCore

/// A regular file that is being read. Every call blocks: use it inside `blocking`.
///
/// Opened without following a link and without touching the access time where that is allowed.
final class SourceFile: @unchecked Sendable {
    // Unchecked: one task uses it, sequentially.

    let path: RawPath
    private let descriptor: Int32

    init(_ path: RawPath) throws(SystemCallError) {
        self.path = path
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        var descriptor = path.withCString { path in retrying { open(path, flags | Self.noAccessTime) } }
        if descriptor < 0, errno == EPERM {
            // Only the owner and root may ask for the access time to be left alone.
            descriptor = path.withCString { path in retrying { open(path, flags) } }
        }
        guard descriptor >= 0 else { throw SystemCallError("open", path) }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// `O_NOATIME`, which Glibc's module does not export (asm-generic/fcntl.h).
    private static let noAccessTime: Int32 = 0o1000000
    /// `SEEK_DATA` and `SEEK_HOLE`, likewise (linux/fs.h).
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4

    func status() throws(SystemCallError) -> FileStatus {
        try FileStatus.ofOpenFile(descriptor, path: path)
    }

    /// A piece of the file: bytes, or a hole.
    enum Piece: Sendable {
        case bytes(ByteBuffer)
        case hole(Int64)
        case end
    }

    /// Reads the piece at `offset`.
    ///
    /// - Parameter mayHaveHoles: asks the file system where data begins; holes are not read then.
    func piece(at offset: Int64, upTo count: Int, mayHaveHoles: Bool) throws(SystemCallError) -> Piece {
        var limit = count
        if mayHaveHoles {
            let data = lseek(descriptor, off_t(offset), Self.seekData)
            if data < 0, errno == ENXIO {
                let end = lseek(descriptor, 0, SEEK_END)
                return Int64(end) > offset ? .hole(Int64(end) - offset) : .end
            }
            if data > offset { return .hole(Int64(data) - offset) }
            let hole = lseek(descriptor, off_t(offset), Self.seekHole)
            if hole > offset { limit = min(limit, Int(hole) - Int(offset)) }
        }
        var buffer = ByteBuffer()
        var result = 0
        _ = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: limit) { memory in
            result = retrying { pread(descriptor, memory.baseAddress, limit, off_t(offset)) }
            return max(0, result)
        }
        if result < 0 { throw SystemCallError("read", path) }
        return result > 0 ? .bytes(buffer) : .end
    }
}
