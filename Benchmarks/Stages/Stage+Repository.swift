import LocalStorage
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import ResticRepository
import TestSupport

extension Stage {
    /// The repository in memory: no disk is in these figures.
    static var repository: [Stage] {
        [
            Stage(name: "scrypt, N = 32768") { _, watch in
                let salt = [UInt8](repeating: 7, count: 64)
                return try watch.measure(bytes: 0, count: 1, of: "key") {
                    _ = try KeyDerivation.derive(password: Array("password".utf8), salt: salt, parameters: .standard)
                    return 1
                }
            },
            Stage(name: "index of 200,000 blobs, load") { _, watch in
                let repository = try await indexed(blobCount: 200_000)
                return try await watch.measure(
                    bytes: 0,
                    count: 200_000,
                    of: "blob opened, decoded and inserted",
                    prepare: {},
                    { try await repository.loadIndex().blobCount }
                )
            },
            Stage(name: "index of 200,000 blobs, look up") { _, watch in
                let index = try await indexed(blobCount: 200_000).loadIndex()
                // Those of the first file, and as many that are not there.
                let known = indexFile(blobCount: 50_000, seed: 100).packs.flatMap { $0.blobs.map(\.id) }
                let ids = (known + StageData.identifiers(50_000, seed: 9)).shuffled(using: &Self.shuffler)
                return watch.measure(bytes: 0, count: ids.count, of: "look-up, half of them in vain") {
                    ids.reduce(0) { $0 + (index.location(of: $1, .data) == nil ? 0 : 1) }
                }
            },
            Stage(name: "pipeline, embeddings, 1 worker") { data, watch in
                try await pipeline(data.embeddings, workers: 1, watch)
            },
            Stage(name: "pipeline, embeddings, all workers") { data, watch in
                try await pipeline(data.embeddings, workers: nil, watch)
            },
            Stage(name: "pipeline, text, 1 worker") { data, watch in
                try await pipeline(data.text, workers: 1, watch)
            },
            Stage(name: "pipeline, text, all workers") { data, watch in
                try await pipeline(data.text, workers: nil, watch)
            },
        ]
    }

    /// The folder for temporary files decides which disk this is.
    static var storage: [Stage] {
        [
            Stage(name: "local store, put 16 MiB, synced") { data, watch in
                try await put(data.noise, count: 4, watch)
            },
            Stage(name: "local store, put 4 KiB, synced") { data, watch in
                try await put(Array(data.noise[..<4096]), count: 32, watch)
            },
            Stage(name: "local store, get 16 MiB") { data, watch in
                try await withStore { store in
                    let key = FileKind.pack.key(StageData.identifiers(1)[0])
                    try await store.put(ByteBuffer(bytes: data.noise), at: key, policy: .replaceExisting)
                    return try await watch.measure(
                        bytes: data.noise.count,
                        count: 1,
                        of: "object, from the page cache",
                        prepare: {},
                        { try await store.get(key, range: nil).readableBytes }
                    )
                }
            },
        ]
    }

    // MARK: How

    nonisolated(unsafe) private static var shuffler = SeededGenerator(seed: 8)

    /// A new repository in memory, whose key costs next to nothing to derive.
    private static func newRepository() async throws -> Repository {
        try await Repository.create(
            in: MemoryStore(pageLength: 1_000),
            password: Array("password".utf8),
            createdAt: SystemWallClock().now,
            scrypt: ScryptParameters(n: 2, r: 1, p: 1)
        )
    }

    private static func indexed(blobCount: Int) async throws -> Repository {
        let repository = try await newRepository()
        for number in 0..<(blobCount / 50_000) {
            try await repository.save(.index, indexFile(blobCount: 50_000, seed: UInt64(100 + 1_000 * number)).encode())
        }
        return repository
    }

    /// Content into an empty repository: cut, hash, look up, compress, seal, pack.
    private static func pipeline(_ bytes: [UInt8], workers: Int?, _ watch: Stopwatch) async throws -> StageResult {
        var options = IndexedRepository.WriteOptions()
        options.workers = workers ?? options.workers
        let content = bytes + bytes.reversed() + bytes.map { $0 ^ 0x15 } + bytes.reversed().map { $0 ^ 0x2a }
        let piece = 1 << 20
        return try await watch.measure(
            bytes: content.count,
            count: content.count / piece,
            of: "MiB, \(options.workers) worker(s)",
            prepare: { try await newRepository().loadIndex() },
            { repository in
                let (blobs, _) = try await repository.write(options) { writer in
                    var file = writer.makeContent()
                    for start in stride(from: 0, to: content.count, by: piece) {
                        try await file.feed(ByteBuffer(bytes: content[start..<(start + piece)]))
                    }
                    return try await file.finish().blobs().count
                }
                return blobs
            }
        )
    }

    private static func put(_ bytes: [UInt8], count: Int, _ watch: Stopwatch) async throws -> StageResult {
        try await withStore { store in
            let body = ByteBuffer(bytes: bytes)
            var number: UInt64 = 0
            return try await watch.measure(
                bytes: bytes.count * count,
                count: count,
                of: "object",
                prepare: {
                    number += 1
                    return StageData.identifiers(count, seed: number).map { FileKind.pack.key($0) }
                },
                { keys in
                    for key in keys { try await store.put(body, at: key, policy: .replaceExisting) }
                    return keys.count
                }
            )
        }
    }

    private static func withStore(_ body: (LocalStore) async throws -> StageResult) async throws -> StageResult {
        var result: StageResult?
        try await TemporaryDirectory.with("holdfast-stages") { folder in
            let store = LocalStore(path: folder.path("store"))
            try await store.prepare()
            result = try await body(store)
        }
        guard let result else { preconditionFailure("the folder was used") }
        return result
    }
}
