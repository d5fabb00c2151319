internal import Glibc
public import NIOCore

/// A file that is being written and gets its name only when it is whole; in the place of another only when that was asked for.
public struct NewFile: Sendable {
    private let descriptor: Int32
    private let temporary: RawPath

    /// Writes a file. When `body` fails or is cancelled, nothing is left behind.
    ///
    /// It can be read by this user only: what was in a backup is not for everybody.
    ///
    /// - Parameter replaces: whether a file that is there gives way to it, in one step. Never a folder.
    /// - Throws: ``RepositoryError/Code/targetNotEmpty`` when there is something at `path`;
    ///   ``RepositoryError/Code/target`` when it cannot be written; what `body` throws.
    public static func write<Value: Sendable>(
        at path: RawPath,
        replaces: Bool = false,
        _ body: (NewFile) async throws -> Value
    ) async throws -> Value {
        let file = try await blocking { try open(for: path, replaces) }
        do {
            let value = try await body(file)
            try Task.checkCancellation()
            try await blocking { try file.publish(as: path, replaces) }
            return value
        } catch {
            file.discard()
            throw error
        }
    }

    /// Appends bytes.
    public func append(_ buffer: ByteBuffer) async throws {
        let (descriptor, temporary) = (descriptor, temporary)
        try await blocking {
            try buffer.withUnsafeReadableBytes { bytes in
                var done = 0
                while done < bytes.count, let base = bytes.baseAddress {
                    let written = retrying { Glibc.write(descriptor, base + done, bytes.count - done) }
                    guard written >= 0 else { throw Self.failure(SystemCallError("write", temporary)) }
                    done += written
                }
            }
        }
    }

    private static func open(for path: RawPath, _ replaces: Bool) throws -> NewFile {
        guard replaces || !exists(path) else { throw occupied(path) }
        let suffix = String(UInt64.random(in: .min ... .max), radix: 16)
        let temporary = path.parent.appending(Array(".holdfast-\(suffix).tmp".utf8))
        let descriptor = temporary.withCString { name in
            retrying { Glibc.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600) }
        }
        guard descriptor >= 0 else { throw failure(SystemCallError("open", temporary)) }
        return NewFile(descriptor: descriptor, temporary: temporary)
    }

    /// Syncs the file and gives it its name. A link, not a renaming: that would replace what came there meanwhile.
    private func publish(as path: RawPath, _ replaces: Bool) throws {
        guard retrying({ fsync(descriptor) }) == 0 else { throw Self.failure(SystemCallError("fsync", temporary)) }
        if replaces {
            guard temporary.withCString({ old in path.withCString { rename(old, $0) } }) == 0 else {
                throw Self.failure(SystemCallError("rename", path))
            }
            close(descriptor)
            return Self.syncFolder(path.parent)
        }
        let linked = temporary.withCString { old in path.withCString { link(old, $0) } }
        if linked != 0 {
            if errno == EEXIST { throw Self.occupied(path) }
            // A file system without hard links.
            guard !Self.exists(path) else { throw Self.occupied(path) }
            guard temporary.withCString({ old in path.withCString { rename(old, $0) } }) == 0 else {
                throw Self.failure(SystemCallError("rename", path))
            }
        }
        discard()
        Self.syncFolder(path.parent)
    }

    /// Makes the name survive a power cut, where the file system has a call for that.
    private static func syncFolder(_ path: RawPath) {
        let descriptor = path.withCString { name in retrying { Glibc.open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) } }
        guard descriptor >= 0 else { return }
        _ = retrying { fsync(descriptor) }
        close(descriptor)
    }

    private func discard() {
        close(descriptor)
        _ = temporary.withCString { unlink($0) }
    }

    private static func exists(_ path: RawPath) -> Bool {
        var status = stat()
        return path.withCString { lstat($0, &status) } == 0
    }

    private static func occupied(_ path: RawPath) -> RepositoryError {
        RepositoryError(.targetNotEmpty, "\(path) exists already", hint: "Choose another name, or move it away.")
    }

    private static func failure(_ error: SystemCallError) -> RepositoryError {
        let isFull = error.number == ENOSPC || error.number == EDQUOT
        return RepositoryError(
            .target,
            "cannot write \(error.path): \(error.reason)",
            hint: isFull ? "Free some space on the target's disk and run the command again." : nil,
            cause: error
        )
    }
}
