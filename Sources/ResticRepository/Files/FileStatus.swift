internal import Glibc
internal import ResticFormat

/// What `lstat` says about a file: all that decides whether it changed.
struct FileStatus: Sendable, Hashable {
    var mode: UInt32
    var size: UInt64
    var modified: GoTime
    var accessed: GoTime
    var changed: GoTime
    var userID: UInt32
    var groupID: UInt32
    var inode: UInt64
    var device: UInt64
    var links: UInt64
    var specialDevice: UInt64
    var allocatedBytes: UInt64

    init(_ status: stat) {
        mode = status.st_mode
        size = UInt64(max(0, status.st_size))
        modified = GoTime(status.st_mtim)
        accessed = GoTime(status.st_atim)
        changed = GoTime(status.st_ctim)
        userID = status.st_uid
        groupID = status.st_gid
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
        links = UInt64(status.st_nlink)
        specialDevice = UInt64(status.st_rdev)
        allocatedBytes = UInt64(max(0, status.st_blocks)) * 512
    }

    static func ofLink(at path: RawPath) throws(SystemCallError) -> FileStatus {
        var status = stat()
        guard path.withCString({ lstat($0, &status) }) == 0 else { throw SystemCallError("lstat", path) }
        return FileStatus(status)
    }

    static func ofOpenFile(_ descriptor: Int32, path: RawPath) throws(SystemCallError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemCallError("fstat", path) }
        return FileStatus(status)
    }

    var isRegularFile: Bool { mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    var isSymbolicLink: Bool { mode & S_IFMT == S_IFLNK }

    /// Whether some of the content is not allocated, so that looking for holes may pay.
    var isSparse: Bool { allocatedBytes < size }

    /// Whether the content may have changed between two looks.
    func differsInContent(from other: FileStatus) -> Bool {
        size != other.size || modified != other.modified || changed != other.changed || inode != other.inode
    }
}

extension GoTime {
    init(_ time: timespec) {
        self.init(
            seconds: Int64(time.tv_sec),
            nanoseconds: Int64(time.tv_nsec),
            utcOffsetSeconds: LocalTimeZone.offset(at: time.tv_sec)
        )
    }

    var timespec: Glibc.timespec {
        Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
    }
}
