internal import ObjectStorage

#if canImport(Darwin)
    internal import Darwin
#else
    internal import Glibc
#endif

extension LocalFiles {
    /// A write takes minutes at most, and two hosts' clocks may differ by hours: what is older than a day is nobody's.
    private static let leftoverAgeSeconds: Int64 = 24 * 60 * 60

    /// Makes the store's folder and clears what dead writers left in it.
    func prepare() throws {
        try classified("cannot make", nil) {
            try makeFolders(root, below: "")
            guard try calls.status(of: root, followLinks: true).kind == .folder else {
                throw SystemCallError("mkdir", ENOTDIR)
            }
        }
        removeLeftovers(in: root, depth: 0)
    }

    /// Best effort: a leftover costs space and nothing else, so no failure here stops a backup.
    private func removeLeftovers(in folder: String, depth: Int) {
        // A repository is three levels deep; the limit only ends what is none.
        guard depth < 8, let handle = try? calls.openFolder(folder) else { return }
        defer { calls.closeFolder(handle) }
        while let name = try? calls.nextName(in: handle) {
            let path = "\(folder)/\(name)"
            if TemporaryName.isOurs(name) {
                removeIfOld(path)
            } else if ObjectKey(name) != nil, !Self.isHashName(name), isFolderItself(path) {
                removeLeftovers(in: path, depth: depth + 1)
            }
        }
    }

    /// Objects named by a SHA-256 are never folders: with most names passed over like this, the walk costs no call a
    /// pack.
    private static func isHashName(_ name: String) -> Bool {
        name.utf8.count == 64
    }

    private func isFolderItself(_ path: String) -> Bool {
        (try? calls.status(of: path, followLinks: false))?.kind == .folder
    }

    private func removeIfOld(_ path: String) {
        guard let status = try? calls.status(of: path, followLinks: false), status.kind == .file,
            calls.now() - status.modifiedSeconds > Self.leftoverAgeSeconds
        else { return }
        try? calls.removeFile(path)
    }
}
