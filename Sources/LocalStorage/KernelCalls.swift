#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// The real system calls.
package struct KernelCalls: SystemCalls {
    package init() {}

    package func openFile(_ path: String, flags: Int32, mode: UInt32) throws -> Int32 {
        try check("open", open(path, flags, mode_t(mode)))
    }

    package func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws -> Int {
        try check("write", write(descriptor, bytes.baseAddress, bytes.count))
    }

    package func readBytes(
        _ descriptor: Int32,
        _ bytes: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws -> Int {
        try check("pread", pread(descriptor, bytes.baseAddress, bytes.count, off_t(offset)))
    }

    package func setMode(_ descriptor: Int32, _ mode: UInt32) throws {
        try check("fchmod", fchmod(descriptor, mode_t(mode)))
    }

    package func syncFile(_ descriptor: Int32) throws {
        #if canImport(Darwin)
            // On Darwin, fsync leaves the data in the drive's own cache.
            try check("fcntl(F_FULLFSYNC)", fcntl(descriptor, F_FULLFSYNC))
        #else
            try check("fsync", fsync(descriptor))
        #endif
    }

    package func setDirectWriting(_ descriptor: Int32, _ isDirect: Bool) throws {
        guard let flag = Self.directFlag else { throw SystemCallError("fcntl", EINVAL) }
        try check("fcntl", fcntl(descriptor, F_SETFL, isDirect ? O_WRONLY | flag : O_WRONLY))
    }

    /// `O_DIRECT`, which Glibc's module does not export and whose value depends on the processor (asm/fcntl.h).
    private static var directFlag: Int32? {
        #if os(Linux) && arch(x86_64)
            0o40000
        #elseif os(Linux) && arch(arm64)
            0o200000
        #else
            nil
        #endif
    }

    package func closeFile(_ descriptor: Int32) throws {
        try check("close", close(descriptor))
    }

    package func status(of descriptor: Int32) throws -> FileStatus {
        var status = stat()
        try check("fstat", fstat(descriptor, &status))
        return FileStatus(status)
    }

    package func status(of path: String, followLinks: Bool) throws -> FileStatus {
        var status = stat()
        try check("fstatat", fstatat(AT_FDCWD, path, &status, followLinks ? 0 : AT_SYMLINK_NOFOLLOW))
        return FileStatus(status)
    }

    package func makeFolder(_ path: String, mode: UInt32) throws {
        try check("mkdir", mkdir(path, mode_t(mode)))
    }

    package func renameFile(_ old: String, to new: String) throws {
        try check("rename", rename(old, new))
    }

    package func linkFile(_ old: String, to new: String) throws {
        try check("link", link(old, new))
    }

    package func removeFile(_ path: String) throws {
        try check("unlink", unlink(path))
    }

    package func lockFile(_ descriptor: Int32) throws {
        try check("flock", flock(descriptor, LOCK_EX))
    }

    package func now() -> Int64 {
        Int64(time(nil))
    }

    @discardableResult
    private func check<Answer: SignedInteger>(_ call: String, _ answer: Answer) throws -> Answer {
        if answer < 0 { throw SystemCallError(call, errno) }
        return answer
    }
}

// Reading folders.
extension KernelCalls {
    package func openFolder(_ path: String) throws -> FolderHandle {
        guard let stream = opendir(path) else { throw SystemCallError("opendir", errno) }
        return FolderHandle(stream: stream)
    }

    package func nextName(in folder: FolderHandle) throws -> String? {
        // Only errno tells the end from a failure.
        errno = 0
        guard let entry = readdir(folder.stream) else {
            let number = errno
            if number == 0 { return nil }
            throw SystemCallError("readdir", number)
        }
        return withUnsafePointer(to: &entry.pointee.d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                String(cString: $0)
            }
        }
    }

    package func closeFolder(_ folder: FolderHandle) {
        closedir(folder.stream)
    }
}

extension FileStatus {
    fileprivate init(_ status: stat) {
        #if canImport(Darwin)
            let modified = status.st_mtimespec.tv_sec
        #else
            let modified = status.st_mtim.tv_sec
        #endif
        let kind: Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .symbolicLink
            default: .other
            }
        self.init(kind: kind, byteCount: Int64(status.st_size), modifiedSeconds: Int64(modified))
    }
}
