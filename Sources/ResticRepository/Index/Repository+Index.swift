internal import ObjectStorage
internal import ResticFormat

extension Repository {
    /// Reads all index files: what is stored, and where.
    ///
    /// - Parameter progress: called with (files read, files in all).
    public func loadIndex(progress: @Sendable (Int, Int) -> Void = { _, _ in }) async throws -> IndexedRepository {
        let files = try await list(.index)
        let index = BlobIndex()
        var read = 0
        let width = max(1, min(4, store.capabilities.usefulConcurrency))
        try await withThrowingTaskGroup(of: IndexFile.self) { group in
            var remaining = files.makeIterator()
            func start() {
                guard let id = remaining.next() else { return }
                group.addTask { try await self.loadIndexFile(id) }
            }
            for _ in 0..<width { start() }
            while let file = try await group.next() {
                start()
                for pack in file.packs { index.insert(pack.blobs, pack: pack.id) }
                read += 1
                progress(read, files.count)
            }
        }
        return IndexedRepository(repository: self, index: index)
    }

    func loadIndexFile(_ id: ResticID) async throws -> IndexFile {
        let bytes = try await load(.index, id)
        do {
            return try bytes.withUnsafeBytes { try IndexFile.decode($0) }
        } catch {
            throw RepositoryError(
                .damaged,
                "index \(id.short) cannot be read",
                hint: "Run 'restic repair index' to build the index again from the packs.",
                cause: error
            )
        }
    }
}
