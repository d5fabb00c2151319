internal import Logging
internal import ResticCrypto
internal import ResticFormat

/// A local copy of repositories' index files in a form that loads fast. It can be deleted at any time.
///
/// Each file of it stands for one index file, is named by that file's id (its hash), and is sealed with the repository's master
/// key: the cache tells nothing that the repository does not, and a file that is damaged, foreign or under another's name fails
/// its authentication, is dropped, and is built again. What index files there are, only the repository says. No failure of the
/// cache is ever an error. See decision 0011.
public struct IndexCache: Sendable {
    /// The most that all repositories' files together take, in bytes.
    public var maximumByteCount: Int64 = 1 << 30
    /// After how many seconds without use another repository's files are removed: 30 days.
    public var unusedSeconds = 30 * 24 * 60 * 60

    private let files: CacheFolder
    private let clock: any WallClock

    /// Makes a cache; touches no disk.
    ///
    /// - Parameter folder: where; made when it is needed, for this user only.
    public init(folder: String, clock: any WallClock = SystemWallClock()) {
        files = CacheFolder(root: folder)
        self.clock = clock
    }

    /// Removes what is kept of a repository.
    public func forget(_ repositoryID: String) {
        files.removeAll(of: repositoryID)
    }

    /// How many blobs the cached ones of these index files name at the most.
    func estimateBlobCount(of indexes: [ResticID], in repository: Repository) -> Int {
        indexes.reduce(0) { $0 + (files.byteCount(repository.id, $1) ?? 0) / CompactIndex.blobLength }
    }

    /// - Returns: `nil` when there is nothing that can be used.
    func load(_ index: ResticID, of repository: Repository) -> CompactIndex? {
        guard let sealed = files.read(repository.id, index) else { return nil }
        if let plain = open(sealed, with: repository.masterKey), let found = CompactIndex(bytes: plain, id: index) {
            return found
        }
        repository.logger.debug("a cached index was unusable", metadata: ["index": "\(index.short)"])
        files.remove(repository.id, index)
        return nil
    }

    func store(_ index: CompactIndex, id: ResticID, of repository: Repository) {
        let length = index.bytes.count + SealingContext.overhead
        guard
            let sealed = try? [UInt8](
                unsafeUninitializedCapacity: length,
                initializingWith: { output, count in
                    let context = try SealingContext(key: repository.masterKey)
                    count = try index.bytes.withUnsafeBytes {
                        try context.seal($0, into: UnsafeMutableRawBufferPointer(output))
                    }
                }
            ), files.write(sealed, repository.id, id)
        else {
            repository.logger.debug("an index could not be cached", metadata: ["index": "\(id.short)"])
            return
        }
    }

    /// Drops what no repository needs any more.
    ///
    /// - Parameters:
    ///   - indexes: the index files that the repository has now.
    ///   - hasGrown: whether something was stored; only then can the bound have been passed.
    func tidy(_ repository: Repository, keeping indexes: [ResticID], hasGrown: Bool) {
        files.touch(repository.id)
        let current = Set(indexes)
        for id in files.indexes(of: repository.id) where !current.contains(id) { files.remove(repository.id, id) }
        guard hasGrown else { return }
        let now = Int(clock.now.seconds)
        files.removeLeftovers(of: repository.id, now: now)
        var others = files.repositories()
        var total = others.reduce(0) { $0 + $1.byteCount }
        others.removeAll { $0.repository == repository.id }
        for other in others.sorted(by: { $0.usedSeconds < $1.usedSeconds })
        where now - other.usedSeconds > unusedSeconds || total > maximumByteCount {
            files.removeAll(of: other.repository)
            total -= other.byteCount
        }
        // A repository whose index alone passes the bound is cached in part.
        for id in files.indexes(of: repository.id) {
            guard total > maximumByteCount else { break }
            total -= Int64(files.byteCount(repository.id, id) ?? 0)
            files.remove(repository.id, id)
        }
    }

    private func open(_ sealed: [UInt8], with key: MasterKey) -> [UInt8]? {
        guard sealed.count >= SealingContext.overhead else { return nil }
        return try? [UInt8](unsafeUninitializedCapacity: sealed.count) { output, count in
            count = try sealed.withUnsafeBytes {
                try SealingContext(key: key).open($0, into: UnsafeMutableRawBufferPointer(output))
            }
        }
    }
}
