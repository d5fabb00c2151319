internal import Glibc
internal import ResticFormat

/// The files of an ``IndexCache`` on disk: blocking calls, each of which fails by returning nothing.
///
/// Layout: `<root>/<repository id>/index/<index id>`, both ids 64 hex digits. Nothing else is ever read or removed, so that a
/// root that was set by mistake loses nothing. The time of last change of a repository's folder says when it was last used.
struct CacheFolder: Sendable {
    let root: String

    /// A repository's folder.
    struct Entry {
        let repository: String
        var byteCount: Int64
        let usedSeconds: Int
    }

    /// The longest cached file that is read, in bytes: five million blobs, a hundred times what restic puts into an index.
    private static let maximumLength = 256 << 20

    func folder(_ repository: String) -> String { "\(root)/\(repository)/index" }

    func path(_ repository: String, _ index: ResticID) -> String { "\(folder(repository))/\(index.hex)" }

    /// The length of a cached file in bytes, without reading it.
    func byteCount(_ repository: String, _ index: ResticID) -> Int? {
        var status = stat()
        guard lstat(path(repository, index), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    func read(_ repository: String, _ index: ResticID) -> [UInt8]? {
        let file = open(path(repository, index), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.maximumLength else {
            return nil
        }
        let length = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            while count < length {
                let done = retrying { Glibc.read(file, buffer.baseAddress.unsafelyUnwrapped + count, length - count) }
                guard done > 0 else { return }
                count += done
            }
        }
        return bytes.count == length ? bytes : nil
    }

    /// Writes a file under a temporary name and renames it. It is not synced: one that a power cut tears fails its
    /// authentication, and is built again.
    ///
    /// - Returns: whether it is there now.
    func write(_ bytes: [UInt8], _ repository: String, _ index: ResticID) -> Bool {
        guard makeFolders(folder(repository)) else { return false }
        var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
        let temporary = "\(folder(repository))/\(Self.temporaryPrefix)\(generator.next())"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        var isWhole = true
        bytes.withUnsafeBytes { raw in
            var rest = raw[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let done = retrying { Glibc.write(file, part.baseAddress, part.count) }
                guard done > 0 else {
                    isWhole = false
                    return
                }
                rest = rest.dropFirst(done)
            }
        }
        isWhole = close(file) == 0 && isWhole
        guard isWhole, rename(temporary, path(repository, index)) == 0 else {
            unlink(temporary)
            return false
        }
        return true
    }

    func remove(_ repository: String, _ index: ResticID) {
        unlink(path(repository, index))
    }

    /// Says that a repository is in use now.
    func touch(_ repository: String) {
        utimensat(AT_FDCWD, "\(root)/\(repository)", nil, 0)
    }

    /// The cached index files of a repository.
    func indexes(of repository: String) -> [ResticID] {
        names(in: folder(repository)).compactMap { ResticID(hex: $0) }
    }

    /// All repositories that have something here.
    func repositories() -> [Entry] {
        names(in: root).compactMap { name in
            guard let id = ResticID(hex: name) else { return nil }
            var status = stat()
            guard lstat("\(root)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
            let bytes = indexes(of: id.hex).reduce(0) { $0 + Int64(byteCount(id.hex, $1) ?? 0) }
            return Entry(repository: id.hex, byteCount: bytes, usedSeconds: status.st_mtim.tv_sec)
        }
    }

    /// Removes what the cache holds of a repository; a folder in which somebody else has put something stays.
    func removeAll(of repository: String) {
        for name in names(in: folder(repository))
        where ResticID(hex: name) != nil || name.hasPrefix(Self.temporaryPrefix) {
            unlink("\(folder(repository))/\(name)")
        }
        rmdir(folder(repository))
        rmdir("\(root)/\(repository)")
    }

    /// Removes temporary files that dead writers left, an hour old at least.
    func removeLeftovers(of repository: String, now: Int) {
        for name in names(in: folder(repository)) where name.hasPrefix(Self.temporaryPrefix) {
            let path = "\(folder(repository))/\(name)"
            var status = stat()
            if lstat(path, &status) == 0, now - status.st_mtim.tv_sec > 3600 { unlink(path) }
        }
    }

    private static let temporaryPrefix = "tmp-"

    /// Makes a folder and those above it, for this user only.
    private func makeFolders(_ path: String) -> Bool {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return true }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return false }
        return makeFolders(String(path[..<slash])) && (mkdir(path, 0o700) == 0 || errno == EEXIST)
    }

    private func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { name in
                    name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) {
                        String(cString: $0)
                    }
                }
            )
        }
        return names
    }
}
