public import Logging
internal import NIOCore
public import QdrantClient
internal import ResticFormat
public import ResticRepository

/// Reads a collection out of a running server into the repository.
public struct CollectionCapture: Sendable {
    /// How to capture.
    public struct Options: Sendable {
        /// How the data is read.
        public var method: CaptureMethod = .stream
        /// How many points ask golden queries; with each of their vectors.
        public var goldenQueries = 5
        /// Which points these are.
        public var seed: UInt64 = 0
        /// How long the server may take to make a stored snapshot.
        public var snapshotDeadline: Duration = .seconds(6 * 3600)
        /// How often it is asked whether it has finished.
        public var pollInterval: Duration = .seconds(1)

        /// The default options.
        public init() {}
    }

    /// A captured collection: its files are in the repository, its tree is not composed yet.
    public struct Captured: Sendable {
        /// What `collection.json` will say.
        public let manifest: CollectionManifest
        let shards: [ShardTree]
    }

    struct ShardTree: Sendable {
        let id: UInt32
        let files: [CapturedFile]
        let folders: Set<String>
    }

    let client: QdrantClient
    let collection: String
    let options: Options
    let clock: any WallClock
    let logger: Logger
    /// Called with bytes as they arrive.
    let progress: @Sendable (Int64) -> Void

    /// - Parameter collection: its name, or an alias of it.
    public init(
        client: QdrantClient,
        collection: String,
        options: Options = Options(),
        clock: any WallClock = SystemWallClock(),
        logger: Logger = Logger(label: "holdfast.capture", factory: { _ in SwiftLogNoOpLogHandler() }),
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) {
        self.client = client
        self.collection = collection
        self.options = options
        self.clock = clock
        self.logger = logger
        self.progress = progress
    }

    /// Captures the collection.
    ///
    /// - Throws: ``CaptureError`` and `QdrantError`; nothing refers to what was stored until then.
    public func capture(into writer: BlobWriter) async throws -> Captured {
        let started = clock.now
        let server = try await client.serverInfo()
        let name = try await resolveName()
        let info = try await client.collection(name)
        let aliases = try await client.aliases(of: name).map(\.alias).sorted()
        let cluster = try await client.collectionCluster(name)
        let shardKeys = info.isCustomSharded ? try await client.shardKeys(of: name) : []
        try checkShards(cluster, of: name)
        let recorder = GoldenQueryRecorder(client: client, collection: name)
        let asked = try await recorder.record(
            info,
            shardKeys: shardKeys,
            sample: options.goldenQueries,
            seed: options.seed
        )
        let before = try await counts(cluster, of: name)

        let trees = try await readShards(cluster, of: name, into: writer)

        let after = try await counts(cluster, of: name)
        let stable = try await recorder.keepStable(asked)
        let shards = try makeShards(cluster, trees, before, after)
        let manifest = CollectionManifest(
            name: name,
            method: options.method,
            startedAt: "\(started)",
            finishedAt: "\(clock.now)",
            server: server,
            info: info,
            aliases: aliases,
            shardKeys: shardKeys,
            cluster: cluster,
            points: CollectionManifest.Count(before: before.total, after: after.total),
            shards: shards,
            goldenQueries: stable,
            droppedGoldenQueries: asked.count - stable.count,
            warnings: warnings(info, stable: stable.count, asked: asked.count, points: after.total)
        )
        return Captured(manifest: manifest, shards: trees)
    }

    // MARK: Before

    /// An alias is replaced by the name of its collection.
    private func resolveName() async throws -> String {
        if try await client.collections().contains(collection) { return collection }
        if let alias = try await client.aliases().first(where: { $0.alias == collection }) { return alias.collection }
        throw CaptureError(
            .collectionMissing,
            "the server has no collection '\(collection)'",
            hint: "Check 'qdrant.collections' in the configuration, and that the URL is that of the right server."
        )
    }

    private func checkShards(_ cluster: CollectionCluster, of name: String) throws {
        if cluster.isMoving {
            throw CaptureError(
                .notLocal,
                "shards of collection '\(name)' are being moved or split",
                hint: "Run the backup when that has finished."
            )
        }
        let local = Set(cluster.localShards.filter(\.state.isComplete).map(\.id))
        let all = Set(cluster.localShards.map(\.id)).union(cluster.remoteShards.map(\.id))
        if let missing = all.subtracting(local).min() {
            throw CaptureError(
                .notLocal,
                "shard \(missing) of collection '\(name)' has no active replica on the node that was asked",
                hint:
                    "This version backs up collections whose shards are all on one node: use the URL of a node that has them."
            )
        }
        guard !local.isEmpty else {
            throw CaptureError(
                .notLocal,
                "the node that was asked has no shard of collection '\(name)'",
                hint: "Behind a load balancer each node must be asked by its own URL."
            )
        }
    }

    private struct Counts {
        var total: UInt64
        var shards: [UInt32: UInt64]
    }

    private func counts(_ cluster: CollectionCluster, of name: String) async throws -> Counts {
        var shards: [UInt32: UInt64] = [:]
        for shard in cluster.localShards {
            shards[shard.id] = try await client.count(inShard: shard.id, of: name)
        }
        return Counts(total: shards.values.reduce(0, +), shards: shards)
    }

    // MARK: The data

    private func readShards(_ cluster: CollectionCluster, of name: String, into writer: BlobWriter) async throws
        -> [ShardTree]
    {
        switch options.method {
        case .stream:
            var trees: [ShardTree] = []
            for shard in cluster.localShards {
                trees.append(try await streamShard(shard.id, of: name, into: writer))
            }
            return trees
        case .snapshot:
            return try await StoredSnapshotRoad(capture: self, collection: name).read(cluster, into: writer)
        }
    }

    private func streamShard(_ shard: UInt32, of name: String, into writer: BlobWriter) async throws -> ShardTree {
        let download = try await client.streamShardSnapshot(shard, of: name)
        var intake = ArchiveIntake(
            writer: writer,
            layout: .shard(shard),
            label: "shard \(shard) of collection '\(name)'"
        )
        for try await buffer in download.body {
            progress(Int64(buffer.readableBytes))
            try await intake.feed(buffer)
        }
        guard let tree = try intake.finish()[shard] else {
            preconditionFailure("a shard's archive gives that shard's tree")
        }
        return tree
    }

    // MARK: After

    private func makeShards(
        _ cluster: CollectionCluster,
        _ trees: [ShardTree],
        _ before: Counts,
        _ after: Counts
    ) throws -> [CollectionManifest.Shard] {
        try trees.sorted { $0.id < $1.id }.map { tree in
            guard let shard = cluster.localShards.first(where: { $0.id == tree.id }) else {
                throw CaptureError(
                    .foreignArchive,
                    "the archive holds shard \(tree.id), which the collection does not have"
                )
            }
            return CollectionManifest.Shard(
                id: tree.id,
                key: shard.key,
                points: CollectionManifest.Count(
                    before: before.shards[tree.id] ?? 0,
                    after: after.shards[tree.id] ?? 0
                ),
                files: tree.files.count,
                byteCount: tree.files.reduce(0) { $0 + $1.content.byteCount },
                dataBytes: tree.files.reduce(0) { $0 + $1.dataBytes }
            )
        }
    }

    private func warnings(_ info: CollectionInfo, stable: Int, asked: Int, points: UInt64) -> [String] {
        var warnings: [String] = []
        if info.status == .red {
            warnings.append("the collection was red: \(info.optimizerError ?? "an optimiser failed")")
        }
        if stable == 0, points > 0 {
            warnings.append(
                asked == 0
                    ? "no golden queries: a restore can be verified by counts only"
                    : "all \(asked) golden queries changed during the capture: a restore can be verified by counts only"
            )
        }
        return warnings
    }
}

extension CollectionCapture.Captured {
    /// Puts the collection's files into a snapshot's tree: `qdrant/<collection>/…`.
    ///
    /// Waits until all content is stored. The tree of a shard depends on its files alone, so that an unchanged shard has the
    /// same id again.
    public func compose(into composer: inout TreeComposer) async throws {
        for shard in shards {
            let root = CollectionManifest.path(ofShard: shard.id, of: manifest.name)
            composer.addFolder(root)
            for folder in shard.folders { composer.addFolder("\(root)/\(folder)") }
            for file in shard.files {
                composer.addFile(
                    "\(root)/\(file.path)",
                    size: file.content.byteCount,
                    blobs: try await file.content.blobs()
                )
            }
        }
    }
}
