internal import ObjectStorage
internal import ResticFormat

extension Repository {
    /// Reads all index files: what is stored, and where.
    ///
    /// - Parameters:
    ///   - cache: saves reading index files that were read before; what it lacks is added to it. Without one, every index file
    ///     of the repository is read: what a check wants.
    ///   - progress: called with (files read, files in all).
    public func loadIndex(
        cache: IndexCache? = nil,
        progress: @Sendable (Int, Int) -> Void = { _, _ in }
    ) async throws -> IndexedRepository {
        let files = try await list(.index)
        let index = BlobIndex()
        index.condemn(await condemnedPacks())
        var read = 0
        var hasGrown = false
        if let cache {
            index.reserve(try await blocking { cache.estimateBlobCount(of: files, in: self) })
        }
        try await forEachConcurrently(files, width: indexReaders) { id in
            try await self.loadCompactIndex(id, cache)
        } collect: { (file: CompactIndex, isCached: Bool) in
            index.insert(file)
            hasGrown = hasGrown || !isCached
            read += 1
            progress(read, files.count)
        }
        if let cache {
            try await blocking { [hasGrown] in cache.tidy(self, keeping: files, hasGrown: hasGrown) }
        }
        return IndexedRepository(repository: self, index: index)
    }

    /// Reads index files, a few at a time, and hands out each as it comes.
    func forEachIndexFile(_ files: [ResticID], _ body: (ResticID, [IndexPack]) throws -> Void) async throws {
        try await forEachConcurrently(files, width: indexReaders) { id in
            (id, try await self.loadIndexFile(id))
        } collect: { (id: ResticID, file: IndexFile) in
            try body(id, file.packs)
        }
    }

    /// How many index files are read at once: each may be some megabytes, and is parsed by one core.
    var indexReaders: Int { min(4, store.capabilities.usefulConcurrency) }

    private func loadCompactIndex(_ id: ResticID, _ cache: IndexCache?) async throws -> (CompactIndex, isCached: Bool) {
        if let cache, let cached = try await blocking({ cache.load(id, of: self) }) { return (cached, true) }
        let bytes = try await load(.index, id)
        let file: CompactIndex
        do {
            file = try bytes.withUnsafeBytes { try CompactIndex(json: $0, id: id) }
        } catch {
            throw unreadableIndex(id, error)
        }
        if let cache { try await blocking { cache.store(file, id: id, of: self) } }
        return (file, false)
    }

    func loadIndexFile(_ id: ResticID) async throws -> IndexFile {
        let bytes = try await load(.index, id)
        do {
            return try bytes.withUnsafeBytes { try IndexFile.decode($0) }
        } catch {
            throw unreadableIndex(id, error)
        }
    }

    private func unreadableIndex(_ id: ResticID, _ cause: any Error) -> RepositoryError {
        RepositoryError(
            .damaged,
            "index \(id.short) cannot be read",
            hint: "Run 'holdfast repo repair index' to build the index again from the packs.",
            cause: cause
        )
    }
}
