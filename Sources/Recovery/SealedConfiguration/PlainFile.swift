internal import Glibc
internal import NIOCore
internal import ResticFormat
internal import ResticRepository
internal import SystemPackage

/// What the system says about a file of the configuration.
struct PlainStatus: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case file, folder, link, other }
    let kind: Kind
    /// The twelve permission bits.
    let mode: UInt32
    let uid: UInt32
    let gid: UInt32
    let size: Int64
    let modified: GoTime
    private let changed: GoTime
    private let inode: UInt64

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        case S_IFLNK: kind = .link
        default: kind = .other
        }
        mode = status.st_mode & 0o7777
        (uid, gid) = (status.st_uid, status.st_gid)
        size = Int64(status.st_size)
        modified = GoTime(seconds: Int64(status.st_mtim.tv_sec), nanoseconds: Int64(status.st_mtim.tv_nsec))
        changed = GoTime(seconds: Int64(status.st_ctim.tv_sec), nanoseconds: Int64(status.st_ctim.tv_nsec))
        inode = UInt64(status.st_ino)
    }

    /// - Parameter follows: whether a link's target is meant.
    /// - Returns: `nil` when nothing is there.
    init?(at path: String, follows: Bool = false) throws(Errno) {
        var status = stat()
        guard (follows ? stat(path, &status) : lstat(path, &status)) == 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw Errno(rawValue: errno)
        }
        self.init(status)
    }

    /// Whether the content may have changed between two looks.
    func differsInContent(from other: PlainStatus) -> Bool {
        size != other.size || modified != other.modified || changed != other.changed || inode != other.inode
    }
}

/// A file of the configuration that is being read. Every call blocks. No link is followed, and no pipe waited for.
final class PlainFile: Sendable {
    private let descriptor: SystemPackage.FileDescriptor

    init(_ path: String) throws(Errno) {
        do {
            descriptor = try SystemPackage.FileDescriptor.open(
                FilePath(path),
                .readOnly,
                options: [.closeOnExec, .noFollow, .nonBlocking]
            )
        } catch {
            throw error as? Errno ?? .ioError
        }
    }

    deinit { try? descriptor.close() }

    func status() throws(Errno) -> PlainStatus {
        var status = stat()
        guard fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        return PlainStatus(status)
    }

    /// Up to `count` bytes at `offset`; empty at the end.
    func read(at offset: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try descriptor.read(
                fromAbsoluteOffset: offset,
                into: UnsafeMutableRawBufferPointer(buffer)
            )
        }
    }
}

/// Bytes that are asked for one piece after the other: a source for sealing. Read by one task.
struct PlainBytes: AsyncSequence, AsyncIteratorProtocol, Sendable {
    typealias Element = ByteBuffer
    private let step: @Sendable () async throws -> ByteBuffer?

    init(_ step: @escaping @Sendable () async throws -> ByteBuffer?) {
        self.step = step
    }

    func makeAsyncIterator() -> PlainBytes { self }

    mutating func next() async throws -> ByteBuffer? { try await step() }
}
