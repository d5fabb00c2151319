internal import Glibc
internal import ResticFormat

/// A regular file that a restore is writing, open under its temporary name. Every call blocks.
struct UnfinishedFile {
    let path: RawPath
    private let descriptor: Int32
    /// How far this handle knows the file to reach, in bytes.
    private var length: UInt64 = 0

    /// Makes the file, empty, for its owner alone.
    static func create(at path: RawPath) throws -> UnfinishedFile {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        do {
            return try UnfinishedFile(path, flags)
        } catch let error as RepositoryError where (error.cause as? SystemCallError)?.number == EEXIST {
            // A leftover of a restore that was killed.
            RestoreTarget.remove(path)
            return try UnfinishedFile(path, flags)
        }
    }

    /// Opens a file that this restore has made.
    static func reopen(_ path: RawPath) throws -> UnfinishedFile {
        try UnfinishedFile(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
    }

    private init(_ path: RawPath, _ flags: Int32) throws {
        self.path = path
        descriptor = path.withCString { path in retrying { open(path, flags, 0o600) } }
        guard descriptor >= 0 else { throw RestoreTarget.failure(SystemCallError("open", path)) }
    }

    /// Gives the file its full length; what is not written stays a hole.
    mutating func extend(to size: UInt64) throws {
        guard length < size else { return }
        guard retrying({ ftruncate(descriptor, off_t(size)) }) == 0 else {
            throw RestoreTarget.failure(SystemCallError("ftruncate", path))
        }
        length = size
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count, let base = bytes.baseAddress {
            let written = retrying {
                pwrite(descriptor, base + done, bytes.count - done, off_t(offset) + off_t(done))
            }
            guard written > 0 else { throw RestoreTarget.failure(SystemCallError("write", path)) }
            done += written
        }
        length = max(length, UInt64(offset) + UInt64(bytes.count))
    }

    /// Gives the file its metadata. Nothing may be written to it after that: its times would change.
    func apply(_ node: Node, restoresOwners: Bool, warnings: inout [String]) {
        NodeMetadata.apply(node, to: .open(descriptor, path), restoresOwners: restoresOwners, warnings: &warnings)
    }

    /// Closes the file. What a network file system could not store shows only here.
    consuming func finish() throws {
        guard close(descriptor) == 0 || errno == EINTR else {
            throw RestoreTarget.failure(SystemCallError("close", path))
        }
    }

    /// Closes the file after a failure, which is what counts.
    consuming func abandon() {
        close(descriptor)
    }
}
