internal import Glibc
internal import ResticFormat

extension Node {
    /// The node of a file as restic makes it (`internal/fs/node.go`, 0.19), without content; the access time is the modification time.
    init(name: [UInt8], status: FileStatus, linkTarget: [UInt8]?, attributes: [ExtendedAttribute]) {
        let mode = GoFileMode.fromPOSIX(status.mode)
        self.init(name: name, type: GoFileMode.nodeType(mode) ?? .irregular, mode: mode)
        mtime = status.modified
        // As restic does unless it is told otherwise: reading changes the access time, and a tree that changes by being read
        // could never be found unchanged.
        atime = status.modified
        ctime = status.changed
        uid = status.userID
        gid = status.groupID
        user = AccountNames.shared.user(status.userID)
        group = AccountNames.shared.group(status.groupID)
        inode = status.inode
        deviceID = status.device
        extendedAttributes = attributes
        self.linkTarget = linkTarget
        switch type {
        case .file:
            size = status.size
            links = status.links
        case .symlink:
            links = status.links
        case .dev, .chardev:
            device = status.specialDevice
            links = status.links
        default:
            break
        }
    }

    /// Whether a file with this status still has this node's content: the same identity, size and times. The change time is
    /// what cannot be set back by a program, so it decides.
    func describes(_ status: FileStatus) -> Bool {
        type == .file && status.isRegularFile && size == status.size && mtime.isSameInstant(as: status.modified)
            && ctime.isSameInstant(as: status.changed) && inode == status.inode
    }
}

extension GoTime {
    func isSameInstant(as other: GoTime) -> Bool {
        seconds == other.seconds && nanoseconds == other.nanoseconds
    }
}
