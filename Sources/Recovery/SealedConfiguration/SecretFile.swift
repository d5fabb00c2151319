internal import Crypto
internal import Glibc
internal import NIOCore
internal import ResticFormat
internal import SystemPackage

/// A file with secrets that is being written: nobody but its owner can read it at any time, and it gets its name when it is
/// whole, synced and has all its metadata. Every call blocks.
///
/// Where the system can (`O_TMPFILE`, open(2)), it has no name until then, so that a program that is killed leaves nothing
/// behind; elsewhere it has one by which the next restore finds and removes it.
final class SecretFile: Sendable {
    /// `__O_TMPFILE`, which Glibc's module does not export (asm-generic/fcntl.h).
    private static let unnamed: Int32 = 0o20000000

    private let folder: String
    private let name: String
    private let descriptor: Int32
    private let isNamed: Bool

    /// Begins a file that will be `path`.
    init(for path: String) throws(Errno) {
        folder = ConfigurationPath.parent(of: path)
        name = ConfigurationPath.name(of: path) ?? ""
        // Without /proc, an unnamed file could not be given its name.
        let canName = access("/proc/self/fd", X_OK) == 0
        let unnamed = canName ? open(folder, Self.unnamed | O_DIRECTORY | O_WRONLY | O_CLOEXEC, 0o600) : -1
        if unnamed >= 0 {
            (descriptor, isNamed) = (unnamed, false)
        } else {
            let temporary = Self.temporaryPath(for: path)
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
            (descriptor, isNamed) = (open(temporary, flags, 0o600), true)
        }
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    }

    deinit {
        close(descriptor)
        if isNamed { unlink(Self.temporaryPath(for: folder + "/" + name)) }
    }

    /// The name that a file has for a moment beside its place, always the same for one place.
    static func temporaryPath(for path: String) -> String {
        let digest = SHA256.hash(data: Array((ConfigurationPath.name(of: path) ?? "").utf8))
        let digits = digest.prefix(8).map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
        return ConfigurationPath.parent(of: path) + "/.holdfast-\(digits).tmp"
    }

    /// Removes what an earlier restore that was killed may have left beside a file.
    static func removeLeftover(of path: String) {
        unlink(temporaryPath(for: path))
    }

    func append(_ buffer: ByteBuffer) throws(Errno) {
        let failure = buffer.withUnsafeReadableBytes { bytes -> Errno? in
            var done = 0
            while done < bytes.count, let base = bytes.baseAddress {
                let written = write(descriptor, base + done, bytes.count - done)
                if written < 0, errno == EINTR { continue }
                guard written >= 0 else { return Errno(rawValue: errno) }
                done += written
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Gives the file its owner, permissions and time.
    ///
    /// - Returns: what could not be done, as sentences about the file.
    func apply(_ file: SealedIndex.File) throws(Errno) -> [String] {
        var warnings: [String] = []
        let mode = Self.applyOwner(file, warnings: &warnings) { fchown(descriptor, $0, $1) }
        guard fchmod(descriptor, mode) == 0 else { throw Errno(rawValue: errno) }
        guard Self.setTime(file, of: descriptor) else { throw Errno(rawValue: errno) }
        return warnings
    }

    /// Publishes the file under its name.
    ///
    /// - Parameter replaces: whether what has the name may be replaced; otherwise that is an error.
    func publish(replaces: Bool) throws(Errno) {
        let path = folder + "/" + name
        let temporary = Self.temporaryPath(for: path)
        guard fsync(descriptor) == 0 else { throw Errno(rawValue: errno) }
        if isNamed {
            try publish(temporary, as: path, replaces)
        } else {
            let source = "/proc/self/fd/\(descriptor)"
            let place = replaces ? temporary : path
            guard linkat(AT_FDCWD, source, AT_FDCWD, place, AT_SYMLINK_FOLLOW) == 0 else {
                throw Errno(rawValue: errno)
            }
            if replaces, rename(temporary, path) != 0 {
                let number = errno
                unlink(temporary)
                throw Errno(rawValue: number)
            }
        }
        try Self.syncFolder(folder)
    }

    private func publish(_ temporary: String, as path: String, _ replaces: Bool) throws(Errno) {
        if !replaces {
            if link(temporary, path) == 0 { return }
            // A file system without hard links: the next best is to look first.
            guard errno == EPERM || errno == EOPNOTSUPP, access(path, F_OK) != 0 else { throw Errno(rawValue: errno) }
        }
        guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
    }

    private static func syncFolder(_ folder: String) throws(Errno) {
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw Errno(rawValue: errno) }
    }

    // MARK: Metadata

    /// Sets what differs of an existing file, links not followed.
    static func mend(_ path: String, _ file: SealedIndex.File) throws(Errno) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        defer { close(descriptor) }
        var warnings: [String] = []
        let mode = applyOwner(file, warnings: &warnings) { fchown(descriptor, $0, $1) }
        guard fchmod(descriptor, mode) == 0 else { throw Errno(rawValue: errno) }
        guard setTime(file, of: descriptor) else { throw Errno(rawValue: errno) }
        return warnings
    }

    /// - Returns: the permissions that are safe with the owner that the file now has: what was meant for one group is not for
    ///   another, and never more than was recorded.
    private static func applyOwner(
        _ file: SealedIndex.File,
        warnings: inout [String],
        _ change: (UInt32, UInt32) -> Int32
    ) -> mode_t {
        if change(file.uid, file.gid) == 0 { return mode_t(file.mode) }
        let isSameOwner = file.uid == geteuid()
        let hasGroup = change(UInt32.max, file.gid) == 0
        if !isSameOwner { warnings.append("\(file.path): its owner \(file.uid) cannot be set by this user") }
        var mode = file.mode & ~0o6000
        if !hasGroup, mode & 0o070 & ~(mode & 0o007) << 3 != 0 {
            mode = mode & ~0o070 | (mode & 0o007) << 3 & mode
            warnings.append("\(file.path): its group \(file.gid) cannot be set by this user; no other group may use it")
        }
        return mode_t(mode)
    }

    private static func setTime(_ file: SealedIndex.File, of descriptor: Int32) -> Bool {
        guard let modified = file.modified else { return true }
        let time = timespec(tv_sec: Int(modified.seconds), tv_nsec: Int(modified.nanoseconds))
        return [time, time].withUnsafeBufferPointer { futimens(descriptor, $0.baseAddress) } == 0
    }
}
