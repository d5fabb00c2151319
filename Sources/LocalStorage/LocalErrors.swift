package import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// What the kernel's error numbers mean to a store: the one table.
package enum LocalErrors {
    /// - Returns: the kind of failure, with no regard to which object or folder it struck; a number that the table lacks
    ///   is `inputOutput`.
    package static func code(for number: Int32) -> ObjectStoreError.Code {
        switch number {
        case ENOSPC, EDQUOT, EFBIG: .insufficientSpace
        case EACCES, EPERM: .permissionDenied
        case EROFS: .readOnly
        case ENOENT: .notFound
        case EEXIST, ENOTEMPTY: .alreadyExists
        case ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG, EXDEV, EINVAL: .locationInvalid
        // A FUSE mount whose server died, a drive that was pulled.
        case ENOTCONN, ENODEV, ENXIO: .locationMissing
        case EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN, EINTR, EBUSY, ESTALE, ETIMEDOUT, EHOSTDOWN, EHOSTUNREACH:
            .unavailable
        case _ where isChecksumFailure(number): .corrupted
        default: .inputOutput
        }
    }

    /// ext4, XFS and btrfs answer so when a checksum of their own is wrong.
    private static func isChecksumFailure(_ number: Int32) -> Bool {
        #if canImport(Darwin)
            number == EBADMSG
        #else
            number == EBADMSG || number == EUCLEAN
        #endif
    }

    /// Classifies a failed call, with the advice that fits every object.
    ///
    /// - Parameter action: what failed on which object, such as `cannot write 'data/00/00aa' in /srv/backup`.
    package static func error(_ failure: SystemCallError, _ action: String) -> ObjectStoreError {
        let code = code(for: failure.number)
        return ObjectStoreError(code, "\(action): \(failure)", hint: hint(for: code, failure.number), cause: failure)
    }

    private static func hint(for code: ObjectStoreError.Code, _ number: Int32) -> String? {
        switch code {
        case .insufficientSpace:
            number == EDQUOT
                ? "Raise the quota of this user, or remove old restore points with 'forget' and 'prune'."
                : "Free space (and inodes) on this volume, or remove old restore points with 'forget' and 'prune'."
        case .permissionDenied:
            "Does this folder belong to the user that runs the backup? Its owner needs read, write and search rights."
        case .readOnly:
            "The file system is mounted read-only: remount it for writing, and look into the kernel's log if nobody did that."
        case .locationMissing:
            "Is the volume attached and mounted?"
        case .corrupted:
            "The file system found damage of its own: check it (fsck, scrub) before writing anything more."
        case .inputOutput:
            "Look into the kernel's log and at the health of the drive; do not trust new backups on it until that is known."
        case .unavailable where number == EMFILE || number == ENFILE:
            "Too many files are open: raise the limit (ulimit -n)."
        default:
            nil
        }
    }
}
