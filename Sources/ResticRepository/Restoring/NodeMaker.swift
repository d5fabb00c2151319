internal import Glibc
internal import ResticFormat

/// Makes what is not a folder or a regular file.
enum NodeMaker {
    /// Makes a link, pipe or device, replacing what is there unless it is a folder.
    ///
    /// - Returns: `false` when this user may not make such a node.
    static func make(_ node: Node, at path: RawPath) throws -> Bool {
        try replacing(path) { path in
            switch node.type {
            case .symlink:
                RawPath(node.linkTarget ?? []).withCString { target in path.withCString { symlink(target, $0) } }
            case .fifo:
                path.withCString { mkfifo($0, 0o600) }
            case .dev:
                path.withCString { mknod($0, S_IFBLK | 0o600, dev_t(node.device)) }
            case .chardev:
                path.withCString { mknod($0, S_IFCHR | 0o600, dev_t(node.device)) }
            default:
                0
            }
        }
    }

    /// Gives a file another name.
    static func link(_ path: RawPath, to first: RawPath) throws {
        _ = try replacing(path) { path in first.withCString { first in path.withCString { Glibc.link(first, $0) } } }
    }

    private static func replacing(_ path: RawPath, _ make: (RawPath) -> Int32) throws -> Bool {
        if make(path) == 0 { return true }
        if errno == EEXIST {
            guard path.withCString({ unlink($0) }) == 0 else {
                throw RestoreTarget.failure(SystemCallError("unlink", path))
            }
            if make(path) == 0 { return true }
        }
        if errno == EPERM || errno == EACCES { return false }
        throw RestoreTarget.failure(SystemCallError("make", path))
    }
}

/// Sets owner, mode, times and extended attributes.
enum NodeMetadata {
    /// Applies a node's metadata. What cannot be set becomes a warning: the content is what matters.
    static func apply(_ node: Node, to file: FileReference, restoresOwners: Bool, warnings: inout [String]) {
        func check(_ call: String, _ result: Int32) {
            if result != 0 { warnings.append("\(file.path): \(call): \(String(cString: strerror(errno)))") }
        }
        // Owner first: changing it clears the set-uid bits. Only root may give files away.
        if restoresOwners, geteuid() == 0 {
            check("chown", file.changeOwner(node.uid, node.gid))
        }
        do throws(SystemCallError) {
            try ExtendedAttributes.write(node.extendedAttributes, to: file)
        } catch {
            // `security.` and `trusted.` attributes need privileges; restic passes over the same errors.
            if geteuid() == 0 || error.number != EPERM { warnings.append(error.description) }
        }
        if node.type != .symlink {
            check("chmod", file.changeMode(mode_t(node.posixPermissions)))
        }
        check("utimensat", file.changeTimes(accessed: node.atime.timespec, modified: node.mtime.timespec))
    }
}
