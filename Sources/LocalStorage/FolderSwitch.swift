internal import CLinux
internal import NIOPosix
internal import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

/// Puts a folder in the place of another beside it: `<path>` and `<path>.next`, the retired one named `<path>.retired-<date>`.
///
/// Each step is one `rename`, durable when it returns. Links are followed first, so that the folders themselves change places and not a
/// link to one.
public struct FolderSwitch: Sendable {
    /// The folder whose place is to be taken.
    public let current: String
    private let date: String
    private let exchangesInOneStep: Bool

    /// The folder that is to take it.
    public var next: String { current + ".next" }

    /// - Parameters:
    ///   - path: the folder.
    ///   - date: what a retired folder's name ends with, as in `2026-11-24`.
    public init(path: String, date: String) {
        self.init(path: path, date: date, exchangesInOneStep: true)
    }

    /// - Parameter exchangesInOneStep: `false` behaves as on a file system that cannot.
    package init(path: String, date: String, exchangesInOneStep: Bool) {
        current = Self.resolved(LocalStore(path: path).location)
        self.date = date
        self.exchangesInOneStep = exchangesInOneStep
    }

    /// Checks that the folder can be renamed at all.
    ///
    /// - Throws: `locationInvalid` for a mount point; `permissionDenied` where nothing may be renamed.
    public func check() async throws {
        try await run {
            var (folder, parent) = (stat(), stat())
            guard stat(current, &folder) == 0 else { return }  // Between two renames.
            guard stat(Self.parent(of: current), &parent) == 0, folder.st_dev == parent.st_dev,
                folder.st_ino != parent.st_ino
            else {
                throw ObjectStoreError(
                    .locationInvalid,
                    "\(current) is a mount point, and cannot be replaced by another folder",
                    hint:
                        "Move the repository into a folder on that disk, or copy it with 'repo copy --init' and change the configuration."
                )
            }
            guard access(Self.parent(of: current), W_OK | X_OK) == 0 else {
                throw Self.failure("access", "cannot rename \(current)")
            }
        }
    }

    /// Checks that so many bytes fit beside the folder.
    ///
    /// - Throws: `insufficientSpace`.
    public func checkRoom(for byteCount: Int64) async throws {
        try await run {
            var status = statvfs()
            guard statvfs(Self.parent(of: current), &status) == 0 else { return }
            let available = Int64(
                clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
            )
            guard available < byteCount else { return }
            throw ObjectStoreError(
                .insufficientSpace,
                "\(next) would need \(byteCount) bytes, and \(available) are free there",
                hint: "Free space, or remove old restore points with 'forget' and 'prune' first."
            )
        }
    }

    /// Exchanges the two folders in one step (Linux `renameat2`, `RENAME_EXCHANGE`: ext4, XFS, Btrfs, tmpfs and others).
    ///
    /// - Returns: `false`, with nothing done, where kernel or file system cannot.
    public func exchange() async throws -> Bool {
        guard exchangesInOneStep else { return false }
        return try await run {
            #if os(Linux)
                guard renameat2(AT_FDCWD, next, AT_FDCWD, current, HOLDFAST_RENAME_EXCHANGE) == 0 else {
                    // NFS and others answer EINVAL, old kernels ENOSYS.
                    if [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) { return false }
                    throw Self.failure("renameat2", "cannot exchange \(current) and \(next)")
                }
                try syncParent()
                return true
            #else
                return false
            #endif
        }
    }

    /// Gives the folder a retired one's name.
    ///
    /// - Returns: its path now.
    public func retireCurrent() async throws -> String { try await retire(current) }

    /// Gives the folder beside it a retired one's name.
    ///
    /// - Returns: its path now.
    public func retireNext() async throws -> String { try await retire(next) }

    /// Moves the folder beside it to the empty place.
    public func promoteNext() async throws {
        try await run {
            var status = stat()
            guard lstat(current, &status) != 0 else {
                throw ObjectStoreError(.alreadyExists, "there is something at \(current) already")
            }
            try rename(next, to: current)
        }
    }

    /// The retired folders beside it, oldest first.
    public func retired() async throws -> [String] {
        try await run {
            guard let stream = opendir(Self.parent(of: current)) else {
                throw Self.failure("opendir", "cannot list \(Self.parent(of: current))")
            }
            defer { closedir(stream) }
            let prefix = Self.name(of: current) + ".retired-"
            var found: [String] = []
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                        String(cString: $0)
                    }
                }
                if name.hasPrefix(prefix) { found.append("\(Self.parent(of: current))/\(name)") }
            }
            return found.sorted()
        }
    }

    private func retire(_ folder: String) async throws -> String {
        try await run {
            var status = stat()
            var name = "\(current).retired-\(date)"
            var number = 2
            while lstat(name, &status) == 0 {
                name = "\(current).retired-\(date)-\(number)"
                number += 1
            }
            try rename(folder, to: name)
            return name
        }
    }

    private func rename(_ old: String, to new: String) throws {
        #if canImport(Darwin)
            let result = Darwin.rename(old, new)
        #else
            let result = Glibc.rename(old, new)
        #endif
        guard result == 0 else { throw Self.failure("rename", "cannot rename \(old) to \(new)") }
        try syncParent()
    }

    private func syncParent() throws {
        let folder = open(Self.parent(of: current), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Self.failure("open", "cannot sync \(Self.parent(of: current))") }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw Self.failure("fsync", "cannot sync \(Self.parent(of: current))") }
    }

    private func run<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    private static func failure(_ call: String, _ action: String) -> ObjectStoreError {
        LocalErrors.error(SystemCallError(call, errno), action)
    }

    private static func parent(of path: String) -> String {
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        return parent.isEmpty ? "/" : parent
    }

    private static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// Follows links; the last component need not exist.
    private static func resolved(_ path: String, depth: Int = 0) -> String {
        if let whole = realpath(path, nil) {
            defer { free(whole) }
            return String(cString: whole)
        }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = readlink(path, &buffer, buffer.count - 1)
        if length > 0, depth < 32 {
            let target = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return resolved(target.hasPrefix("/") ? target : "\(parent(of: path))/\(target)", depth: depth + 1)
        }
        guard let folder = realpath(parent(of: path), nil) else { return path }
        defer { free(folder) }
        let parent = String(cString: folder)
        return (parent == "/" ? "" : parent) + "/" + name(of: path)
    }
}
