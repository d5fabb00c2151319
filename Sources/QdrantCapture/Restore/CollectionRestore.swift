public import Logging
internal import NIOCore
public import QdrantClient
public import ResticRepository

/// Writes a stored collection back to a running server and proves that it is what was captured.
///
/// The physical road (design D5): a collection is made from the saved configuration, its payload indexes and shard keys are
/// declared, and each shard's archive is streamed up. By default the live collection is not touched.
public struct CollectionRestore: Sendable {
    private let stored: StoredCollection
    private let client: QdrantClient
    private let options: CollectionRestoreOptions
    private let clock: any WallClock
    private let logger: Logger
    private let progress: @Sendable (Int64) -> Void

    /// - Parameter progress: called with bytes as they are sent.
    public init(
        _ stored: StoredCollection,
        to client: QdrantClient,
        options: CollectionRestoreOptions,
        clock: any WallClock = SystemWallClock(),
        logger: Logger = Logger(label: "holdfast.restore", factory: { _ in SwiftLogNoOpLogHandler() }),
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) {
        self.stored = stored
        self.client = client
        self.options = options
        self.clock = clock
        self.logger = logger
        self.progress = progress
    }

    private var manifest: CollectionManifest { stored.manifest }

    /// What the restore would do, after all checks that change nothing.
    public struct Plan: Sendable {
        /// The name under which the collection will be restored.
        public let name: String
        /// Whether a live collection's data will be replaced.
        public let replacesLive: Bool
        /// How many bytes will be sent, those of the trial copy included.
        public let byteCount: Int64
        /// What the operator should know before.
        public let warnings: [String]
        let archives: [UInt32: ShardArchive]
        let blueprint: CollectionBlueprint
    }

    /// Checks everything that can be checked without changing anything.
    ///
    /// - Throws: ``CaptureError`` when the server's version, the name or the live collection forbid it; `RepositoryError` when
    ///   stored data is missing.
    public func plan() async throws -> Plan {
        var warnings: [String] = []
        try await checkVersion(&warnings)
        let (name, replacesLive) = try await chooseName()
        if replacesLive { try await checkCompatible(name, &warnings) }
        let blueprint = CollectionBlueprint(config: manifest.info.config)
        for field in blueprint.unknownFields {
            warnings.append("the setting '\(field)' is unknown to this version and is left out")
        }
        let archives = try await stored.archives()
        return Plan(
            name: name,
            replacesLive: replacesLive,
            // In place, everything is sent twice: to the trial copy, then to the live collection.
            byteCount: archives.values.reduce(0) { $0 + $1.byteCount } * (replacesLive ? 2 : 1),
            warnings: warnings,
            archives: archives,
            blueprint: blueprint
        )
    }

    /// Restores, verifies and, when asked to and verified, switches the aliases.
    ///
    /// Everything is read and hashed before the server is touched: damaged data must not get as far as a half-made collection.
    /// When something fails on the way, a collection that this run made is deleted again. A collection that does not verify
    /// stays for inspection; its differences are in the report.
    public func run(_ plan: Plan) async throws -> CollectionRestoreReport {
        try await stored.checkContent()
        var report: CollectionRestoreReport
        if plan.replacesLive {
            report = try await replaceLive(plan)
        } else {
            try await writeNew(plan.name, plan)
            report = try await verify(plan.name, plan)
        }
        if report.isVerified, report.restoredAs != copyName || options.switchesAliases {
            report.aliases = try await setAliases(to: report.restoredAs, warnings: &report.warnings)
        }
        return report
    }

    /// The same archives go into a copy first: data that cannot be restored must not reach the live collection.
    private func replaceLive(_ plan: Plan) async throws -> CollectionRestoreReport {
        try await writeNew(copyName, plan)
        var trial = try await verify(copyName, plan)
        guard trial.isVerified else {
            trial.warnings.append("the live collection was not touched, since a trial restore beside it did not verify")
            return trial
        }
        _ = try await client.deleteCollection(copyName)
        do {
            try await uploadShards(plan, to: plan.name)
            try await client.addPayloadIndexes(of: manifest, to: plan.name)
        } catch {
            // Whatever it was, a cancellation included: the operator must not believe that the collection is as it was.
            throw CaptureError(
                .interrupted,
                "the replacement of the live collection '\(plan.name)' did not finish: it may be incomplete",
                hint:
                    "Run the same command again, or restore beside it with '--as NAME'; the stored data verified in a trial.",
                cause: error
            )
        }
        return try await verify(plan.name, plan)
    }

    private var copyName: String { "\(manifest.name)__rp_\(options.restorePointID)" }

    // MARK: Checks

    private func checkVersion(_ warnings: inout [String]) async throws {
        let server = try await client.serverInfo()
        guard let from = ServerVersion(manifest.server.version), let to = ServerVersion(server.version) else {
            warnings.append("the versions '\(manifest.server.version)' and '\(server.version)' cannot be compared")
            return
        }
        guard !from.isRestorable(on: to) else { return }
        let message =
            "data files of Qdrant \(manifest.server.version) are made for \(from) and the next minor version, the server is \(server.version)"
        guard options.ignoresVersion else {
            throw CaptureError(
                .incompatible,
                message,
                hint:
                    "Restore onto a server of version \(from) and upgrade it step by step, or try with '--ignore-version'."
            )
        }
        warnings.append(message)
    }

    private func chooseName() async throws -> (String, replacesLive: Bool) {
        let existing = Set(try await client.collections())
        switch options.destination {
        case .automatic:
            guard existing.contains(manifest.name) else { return (manifest.name, false) }
            guard !existing.contains(copyName) else { throw occupied(copyName) }
            return (copyName, false)
        case .named(let name):
            guard !existing.contains(name) else { throw occupied(name) }
            if try await client.aliases().contains(where: { $0.alias == name }) {
                throw CaptureError(
                    .targetExists,
                    "'\(name)' is an alias on the server",
                    hint: "Choose a name that is neither collection nor alias."
                )
            }
            return (name, false)
        case .inPlace:
            let replacesLive = existing.contains(manifest.name)
            guard !replacesLive || !existing.contains(copyName) else { throw occupied(copyName) }
            return (manifest.name, replacesLive)
        }
    }

    private func occupied(_ name: String) -> CaptureError {
        CaptureError(
            .targetExists,
            "the server has a collection '\(name)' already",
            hint: "Choose another name with '--as NAME', or delete that collection when it is not needed."
        )
    }

    /// What Qdrant does not check itself when a shard is uploaded (reference, section 1.8).
    private func checkCompatible(_ name: String, _ warnings: inout [String]) async throws {
        let live = try await client.collection(name)
        let wanted = CollectionBlueprint(config: manifest.info.config).creation
        let found = CollectionBlueprint(config: live.config).creation
        for key in ["vectors", "sparse_vectors", "shard_number", "sharding_method"] where wanted[key] != found[key] {
            throw CaptureError(
                .incompatible,
                "the live collection '\(name)' differs from the stored one in '\(key)'",
                hint: "Restore beside it (without '--in-place') and switch the alias."
            )
        }
        let cluster = try await client.collectionCluster(name)
        try checkShardIDs(cluster, of: name)
        try checkIndexes(live, of: name, &warnings)
    }

    /// Uploaded shards bring no payload indexes: missing ones are made, one of another type would be a difference at the end.
    private func checkIndexes(_ live: CollectionInfo, of name: String, _ warnings: inout [String]) throws {
        let verifier = CollectionVerifier(client: client, manifest: manifest, options: options, clock: clock)
        let present = Set(live.payloadSchema.map(\.field))
        for (field, difference) in verifier.indexDifferences(live) {
            guard present.contains(field) else {
                warnings.append("the live collection '\(name)' lacks the payload index on '\(field)': it is made again")
                continue
            }
            throw CaptureError(
                .incompatible,
                "in the live collection '\(name)' \(difference)",
                hint:
                    "Drop that index ('DELETE /collections/\(name)/index/\(field)'), or restore beside it (without '--in-place')."
            )
        }
    }

    private func checkShardIDs(_ cluster: CollectionCluster, of name: String) throws {
        let wanted = manifest.shards.map { ShardIdentity(id: $0.id, key: $0.key) }
        let found = cluster.localShards.map { ShardIdentity(id: $0.id, key: $0.key) }
        guard wanted == found else {
            throw CaptureError(
                .incompatible,
                "collection '\(name)' has shards \(found.map(\.description)), the stored one \(wanted.map(\.description))",
                hint: "This version restores a collection onto one node, with the same shards and shard keys."
            )
        }
    }

    private struct ShardIdentity: Equatable, CustomStringConvertible {
        let id: UInt32
        let key: ShardKey?
        var description: String { key.map { "\(id) (\($0))" } ?? "\(id)" }
    }

    // MARK: Writing

    private func writeNew(_ name: String, _ plan: Plan) async throws {
        try await client.createCollection(name, plan.blueprint.creation)
        do {
            try await prepare(name, plan)
            try await uploadShards(plan, to: name)
        } catch {
            await deleteCopy(name)
            throw error
        }
    }

    /// Everything that an upload does not bring: settings that only an update takes, shard keys, payload indexes.
    private func prepare(_ name: String, _ plan: Plan) async throws {
        if let update = plan.blueprint.update { try await client.updateCollection(name, update) }
        // In the order of the shards, so that the new ones get the same ids (qdrant/qdrant issue 10135: without their keys a
        // custom-sharded collection is restored empty, with HTTP 200).
        var known: Set<ShardKey> = []
        for shard in manifest.shards {
            guard let key = shard.key, known.insert(key).inserted else { continue }
            let count = manifest.shards.count { $0.key == key }
            try await client.createShardKey(key, of: name, shardCount: count)
        }
        try checkShardIDs(try await client.collectionCluster(name), of: name)
        try await client.addPayloadIndexes(of: manifest, to: name)
    }

    private func uploadShards(_ plan: Plan, to name: String) async throws {
        for shard in manifest.shards {
            guard let archive = plan.archives[shard.id] else { continue }
            try await client.uploadSnapshot(
                archive.reporting(to: progress),
                byteCount: archive.byteCount,
                fileName: "\(manifest.name)-shard-\(shard.id)-rp-\(options.restorePointID).snapshot",
                to: .shard(shard.id, collection: name),
                priority: .snapshot
            )
        }
    }

    private func deleteCopy(_ name: String) async {
        let (client, logger) = (client, logger)
        await shielded {
            do {
                try await client.deleteCollection(name)
                logger.notice("deleted the unfinished copy", metadata: ["collection": "\(name)"])
            } catch {
                logger.warning(
                    "the unfinished copy could not be deleted: delete it by hand",
                    metadata: ["collection": "\(name)", "error": "\(error)"]
                )
            }
        }
    }

    // MARK: Proof

    private func verify(_ name: String, _ plan: Plan) async throws -> CollectionRestoreReport {
        let verifier = CollectionVerifier(client: client, manifest: manifest, options: options, clock: clock)
        let findings = try await verifier.verify(name)
        return CollectionRestoreReport(
            collection: manifest.name,
            restoredAs: name,
            sentBytes: plan.byteCount,
            points: findings.points,
            goldenQueries: findings.goldenQueries,
            payloadIndexes: findings.payloadIndexes,
            status: findings.status,
            aliases: [],
            differences: lossDifferences + findings.differences,
            warnings: plan.warnings + manifest.warnings
        )
    }

    private var lossDifferences: [String] {
        guard let first = options.losses.first else { return [] }
        let more = options.losses.count - 1
        return [
            "its stored data is not whole: \(first)\(more > 0 ? " and \(more) more" : "") is damaged in the repository"
        ]
    }

    /// Points the saved aliases to `name`, all in one step. One that points to another collection is only moved on request.
    private func setAliases(to name: String, warnings: inout [String]) async throws -> [String] {
        let current = Dictionary(
            try await client.aliases().map { ($0.alias, $0.collection) },
            uniquingKeysWith: { first, _ in first }
        )
        var actions: [AliasAction] = []
        var set: [String] = []
        for alias in manifest.aliases {
            switch current[alias] {
            case name:
                set.append(alias)
            case let other? where !options.switchesAliases:
                warnings.append("alias '\(alias)' points to '\(other)' and was left alone; '--switch-alias' moves it")
            case let other:
                if other != nil { actions.append(.delete(alias: alias)) }
                actions.append(.create(alias: alias, collection: name))
                set.append(alias)
            }
        }
        if !actions.isEmpty { try await client.updateAliases(actions) }
        return set
    }
}

extension QdrantClient {
    /// Gives a collection the payload indexes that were recorded and that it lacks.
    func addPayloadIndexes(of manifest: CollectionManifest, to name: String) async throws {
        let present = Set(try await collection(name).payloadSchema.map(\.field))
        for field in manifest.info.payloadSchema where !present.contains(field.field) {
            guard let schema = field.creationSchema else { continue }
            _ = try await createPayloadIndex(field.field, schema, in: name)
        }
    }
}

extension ShardArchive {
    /// The same bytes, counted as they are taken.
    func reporting(to progress: @escaping @Sendable (Int64) -> Void) -> AsyncMapSequence<ShardArchive, Element> {
        map { buffer in
            progress(Int64(buffer.readableBytes))
            return buffer
        }
    }
}
