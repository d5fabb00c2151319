internal import Chunking
internal import Logging
internal import ObjectStorage
internal import ResticCrypto
internal import ResticFormat

extension IndexedRepository {
    /// How much of the machine a run of writing may use.
    public struct WriteOptions: Sendable {
        /// Tasks that hash, compress and encrypt. One a core.
        public var workers: Int
        /// Packs that are stored at the same time.
        public var uploaders: Int
        /// The sizes of chunks.
        public var chunks: ChunkSizes

        /// The sizes of chunks, in bytes.
        public struct ChunkSizes: Sendable, Hashable {
            var parameters: ChunkParameters

            /// 256 KiB, 1 MiB, 4 MiB.
            public static let standard = ChunkSizes(parameters: .standard)

            /// Makes sizes; see `ChunkParameters`.
            public static func custom(minimum: Int, normal: Int, maximum: Int) -> ChunkSizes {
                ChunkSizes(parameters: ChunkParameters(minimum: minimum, normal: normal, maximum: maximum))
            }
        }

        /// Every core busy; three packs on their way: while one is written, others wait for the disk.
        public init() {
            workers = CPUCount.available
            uploaders = 3
            chunks = .standard
        }
    }

    /// Runs `body` with a writer, in restic's order: packs first, then the index that names them. What refers to the new blobs
    /// (the snapshot) is for the caller to save afterwards.
    ///
    /// When `body` or any part of the pipeline fails, packs that are stored already get their index all the same, so that the
    /// next run finds their blobs; nothing refers to them otherwise.
    public func write<Value: Sendable>(
        _ options: WriteOptions = WriteOptions(),
        _ body: (BlobWriter) async throws -> Value
    ) async throws -> (Value, WriteStatistics) {
        let writer = BlobWriter(
            index: index,
            codecs: repository.codecs,
            parameters: options.chunks.parameters,
            table: gearTable,
            workers: options.workers,
            uploaders: options.uploaders
        )
        let builder = IndexBuilder()
        do {
            let value = try await run(writer, builder, options, body)
            try await saveIndex(builder.takeRest())
            return (value, writer.statistics)
        } catch {
            writer.fail(error)
            index.dropClaims()
            await saveIndexAfterFailure(builder)
            throw error
        }
    }

    private func run<Value: Sendable>(
        _ writer: BlobWriter,
        _ builder: IndexBuilder,
        _ options: WriteOptions,
        _ body: (BlobWriter) async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { uploaders in
            for _ in 0..<max(1, options.uploaders) {
                uploaders.addTask {
                    try await Self.failing(writer) { try await self.storePacks(of: writer, into: builder) }
                }
            }
            let value = try await withThrowingTaskGroup(of: Void.self) { workers in
                for _ in 0..<max(1, options.workers) {
                    workers.addTask { try await Self.failing(writer) { try await writer.work() } }
                }
                let value = try await Self.failing(writer) { try await body(writer) }
                writer.jobs.finish()
                try await workers.waitForAll()
                return value
            }
            try await writer.flush()
            writer.packs.finish()
            try await uploaders.waitForAll()
            return value
        }
    }

    /// Makes one part's failure everybody's, so that no other part waits for it for ever.
    private static func failing<Value>(_ writer: BlobWriter, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            writer.fail(error)
            throw error
        }
    }

    private func storePacks(of writer: BlobWriter, into builder: IndexBuilder) async throws {
        while let pack = try await writer.packs.next() {
            let id = try pack.close(with: repository.masterKey)
            try await repository.store.put(pack.body, at: FileKind.pack.key(id), policy: .contentNamed)
            let blobs = pack.blobs
            pack.reset()
            writer.builders.release(pack)
            writer.counters.update { $0.packs += 1 }
            index.insert(blobs, pack: id)
            try await saveIndex(builder.add(IndexPack(id: id, blobs: blobs)))
        }
    }

    private func saveIndex(_ packs: [IndexPack]?) async throws {
        guard let packs else { return }
        try await repository.save(.index, IndexFile(supersedes: [], packs: packs).encode())
    }

    /// Best effort, shielded from the cancellation that may have ended the run: without this index the packs are only
    /// unreferenced, which `restic check` reports and `restic prune` removes.
    private func saveIndexAfterFailure(_ builder: IndexBuilder) async {
        guard let packs = builder.takeRest() else { return }
        await shielded { [self] in
            do {
                try await saveIndex(packs)
            } catch {
                repository.logger.warning(
                    "the index of an unfinished run could not be saved",
                    metadata: ["error": "\(error)"]
                )
            }
        }
    }
}
