internal import Glibc

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

    /// What lies at a place of the file.
    enum Stretch: Sendable, Hashable {
        /// At least so many bytes of data.
        case data(Int)
        /// So many zeros that are not on the disk.
        case hole(Int64)
        case end
    }

    /// Asks the file system where data begins and ends, so that holes are not read.
    ///
    /// - Parameter limit: no more data than this is looked for, in bytes.
    func stretch(at offset: Int64, upTo limit: Int) -> Stretch {
        let data = lseek(descriptor, off_t(offset), Self.seekData)
        if data < 0, errno == ENXIO {
            let end = lseek(descriptor, 0, SEEK_END)
            return Int64(end) > offset ? .hole(Int64(end) - offset) : .end
        }
        if data > offset { return .hole(Int64(data) - offset) }
        let hole = lseek(descriptor, off_t(offset), Self.seekHole)
        return .data(hole > offset ? min(limit, Int(hole) - Int(offset)) : limit)
    }

    /// Reads bytes at `offset`, as many as the system gives at once.
    ///
    /// - Returns: how many; 0 at the end of the file.
    func read(into memory: UnsafeMutableRawBufferPointer, at offset: Int64) throws(SystemCallError) -> Int {
        let count = retrying { pread(descriptor, memory.baseAddress, memory.count, off_t(offset)) }
        guard count >= 0 else { throw SystemCallError("read", path) }
        return count
    }
}
