public import Logging
public import QdrantClient
public import ResticRepository

/// Brings back the points of a live collection that are missing or differ from what was captured, and writes nothing else.
///
/// The stored form is a shard's files, so the collection is restored as a copy first (`<name>__rp_<id>`, beside the live one or on
/// another server), verified, compared with the live one point by point, and deleted again, whatever happens. Nothing is ever deleted
/// from the live collection. An interrupted repair leaves whole points only; the next one finds the rest.
public struct PointRepair: Sendable {
    /// What is known before anything is changed.
    public struct Preparation: Sendable {
        /// The collection that was captured.
        public let collection: String
        /// The live collection or alias.
        public let live: String
        /// The copy.
        public let copy: String
        /// Whether the copy is there already.
        public var copyIsThere: Bool { plan == nil }
        /// How many bytes will be sent to make the copy.
        public var copyBytes: Int64 { plan?.byteCount ?? 0 }
        /// The exact number of live points.
        public let livePoints: UInt64
        /// How many points were captured.
        public let storedPoints: CollectionManifest.Count
        /// What the operator should know before.
        public let warnings: [String]
        let plan: CollectionRestore.Plan?
        let liveKeys: [ShardKey]
    }

    private let stored: StoredCollection
    private let client: QdrantClient
    private let copyClient: QdrantClient
    private let options: PointRepairOptions
    private let clock: any WallClock
    private let logger: Logger
    private let onPhase: @Sendable (PointRepairPhase) -> Void
    private let restore: CollectionRestore

    /// - Parameters:
    ///   - client: the server of the live collection.
    ///   - copyClient: the server for the copy; the same when `nil`.
    ///   - progress: called with bytes of the copy as they are sent.
    ///   - onPhase: called when something new begins.
    public init(
        _ stored: StoredCollection,
        to client: QdrantClient,
        copyOn copyClient: QdrantClient? = nil,
        options: PointRepairOptions,
        clock: any WallClock = SystemWallClock(),
        logger: Logger = Logger(label: "holdfast.repair", factory: { _ in SwiftLogNoOpLogHandler() }),
        progress: @escaping @Sendable (Int64) -> Void = { _ in },
        onPhase: @escaping @Sendable (PointRepairPhase) -> Void = { _ in }
    ) {
        var options = options
        if !options.comparison.comparesContent { options.missingOnly = true }
        options.restore.switchesAliases = false
        options.restore.destination = .named(Self.copyName(stored, options))
        self.stored = stored
        self.client = client
        self.copyClient = copyClient ?? client
        self.options = options
        self.clock = clock
        self.logger = logger
        self.onPhase = onPhase
        restore = CollectionRestore(
            stored,
            to: copyClient ?? client,
            options: options.restore,
            clock: clock,
            logger: logger,
            progress: progress
        )
    }

    private static func copyName(_ stored: StoredCollection, _ options: PointRepairOptions) -> String {
        "\(stored.manifest.name)__rp_\(options.restore.restorePointID)"
    }

    private var manifest: CollectionManifest { stored.manifest }
    private var liveName: String { options.liveName ?? manifest.name }
    private var copyName: String { Self.copyName(stored, options) }

    private var copy: ReferenceCopy {
        ReferenceCopy(
            name: copyName,
            client: copyClient,
            manifest: manifest,
            options: options.restore,
            clock: clock,
            logger: logger
        )
    }

    // MARK: Before

    /// Checks everything that can be checked without changing anything.
    ///
    /// - Throws: ``CaptureError`` with `collectionMissing` when the whole live collection is gone, `incompatible` when its vectors
    ///   are others or the copy's server cannot take the data files.
    public func check() async throws -> Preparation {
        let aliases = try await client.aliases()
        let live = aliases.first { $0.alias == liveName }?.collection ?? liveName
        guard try await client.collections().contains(live) else {
            throw CaptureError(
                .collectionMissing,
                "the server has no collection '\(liveName)': all of it is gone, not single points",
                hint: "Run 'holdfast restore --collection \(manifest.name)' to bring the whole collection back."
            )
        }
        guard live != copyName || client.endpoint.url != copyClient.endpoint.url else {
            throw CaptureError(
                .incompatible,
                "'\(liveName)' is the collection '\(copyName)', which is the restored copy itself",
                hint: "There is nothing to repair from this restore point."
            )
        }
        try checkCompatible(try await client.collection(live))
        let isThere = try await copyClient.collections().contains(copyName)
        let plan = isThere ? nil : try await restore.plan()
        let liveKeys = isCustomSharded ? try await client.shardKeys(of: live) : []
        var warnings = plan?.warnings ?? []
        if manifest.points.before != manifest.points.after {
            warnings.append(
                "points were written while the restore point was made: some may be in it that were deleted since"
            )
        }
        return Preparation(
            collection: manifest.name,
            live: liveName,
            copy: copyName,
            livePoints: try await client.count(in: live),
            storedPoints: manifest.points,
            warnings: warnings,
            plan: plan,
            liveKeys: liveKeys
        )
    }

    private var isCustomSharded: Bool { manifest.info.isCustomSharded }

    private func checkCompatible(_ live: CollectionInfo) throws {
        let wanted = Self.shapes(manifest.info), found = Self.shapes(live)
        guard wanted == found else {
            throw CaptureError(
                .incompatible,
                "the vectors of the live collection '\(liveName)' are others than those that were captured: \(found) instead of \(wanted)",
                hint:
                    "Points cannot be carried over. Restore the whole collection beside it with 'holdfast restore --collection \(manifest.name)'."
            )
        }
        guard manifest.info.isCustomSharded == live.isCustomSharded else {
            throw CaptureError(
                .incompatible,
                "only one of the live collection '\(liveName)' and the captured one is custom-sharded",
                hint: "Restore the whole collection beside it with 'holdfast restore --collection \(manifest.name)'."
            )
        }
    }

    /// The vectors of a collection as far as they decide what a point of it can hold.
    private static func shapes(_ info: CollectionInfo) -> [String] {
        info.vectors.map { field in
            let size = field.size.map { " \($0)" } ?? ""
            let distance = field.distance.map { " \($0)" } ?? ""
            // A sparse vector's type is that of its index; what is answered is exact.
            let type = field.kind == .sparse ? "" : " \(field.dataType)"
            return "\(field.name ?? "unnamed") (\(field.kind)\(size)\(distance)\(type))"
        }.sorted()
    }

    // MARK: Repair

    /// Makes the copy, compares, and repairs if `decide` says so.
    ///
    /// - Parameter decide: is shown what differs before anything is written to the live collection.
    /// - Throws: ``CaptureError`` with `unverified` when the copy is not what was captured, `tooDifferent` when more points differ than
    ///   ids are kept; what `decide` throws.
    public func run(
        _ preparation: Preparation,
        decide: (CollectionDifferences) async throws -> Bool
    ) async throws -> PointRepairReport {
        if preparation.plan != nil { onPhase(.copying(preparation.copyBytes)) }
        try await copy.provide(restore, preparation.plan)
        let isOurs = preparation.plan != nil && !options.keepsCopy
        do {
            var report = try await repair(preparation, decide)
            if isOurs {
                report.copyStays = await !copy.delete()
                if report.copyStays {
                    report.warnings.append("the copy '\(copyName)' could not be deleted: delete it by hand")
                }
            }
            return report
        } catch {
            if isOurs { _ = await copy.delete() }
            throw error
        }
    }

    private func repair(
        _ preparation: Preparation,
        _ decide: (CollectionDifferences) async throws -> Bool
    ) async throws -> PointRepairReport {
        onPhase(.comparing)
        let found = try await compare(preparation.liveKeys, options.comparison)
        var report = PointRepairReport(
            collection: preparation.collection,
            live: preparation.live,
            copy: preparation.copy,
            copyWasThere: preparation.copyIsThere,
            copyStays: true,
            copyBytes: preparation.copyBytes,
            found: found,
            warnings: preparation.warnings
        )
        if try await client.count(in: liveName) != UInt64(found.livePoints)
            || found.livePoints != preparation.livePoints
        {
            report.warnings.append(
                "'\(liveName)' was written to meanwhile: a point that was deleted on purpose may have been taken for a lost one"
            )
        }
        guard try await decide(found) else { return report }
        try checkExtent(found)
        report.wasRun = true
        try await write(found, preparation, &report)
        try await verify(preparation, &report)
        return report
    }

    private func checkExtent(_ found: CollectionDifferences) throws {
        let areListed = found.parts.allSatisfy {
            $0.missing.isComplete && (options.missingOnly || $0.different.isComplete)
        }
        guard !areListed else { return }
        throw CaptureError(
            .tooDifferent,
            "\(found.missing) points of '\(liveName)' are missing and \(found.different) differ: that is more than \(options.comparison.idLimit), and no partial loss",
            hint:
                "Restore the whole collection with 'holdfast restore --collection \(manifest.name)' and switch its alias."
        )
    }

    private func write(
        _ found: CollectionDifferences,
        _ preparation: Preparation,
        _ report: inout PointRepairReport
    ) async throws {
        let replaces = !options.missingOnly
        let count = found.missing + (replaces ? found.different : 0)
        guard count > 0 else { return }
        onPhase(.writing(count))
        let comparison = comparison([], options.comparison)
        let writer = PointWriter(
            live: ServerPoints(client: client, collection: liveName),
            reference: ServerPoints(client: copyClient, collection: copyName),
            rule: comparison.rule,
            batchLimit: comparison.pageLimit
        )
        var outcome = PointWriter.Outcome()
        for part in found.parts where part.missing.count > 0 {
            if let key = part.shardKey, !preparation.liveKeys.contains(key) {
                let shards = manifest.shards.count { $0.key == key }
                try await client.createShardKey(key, of: liveName, shardCount: shards)
                report.warnings.append("the shard key '\(key)' was gone and was made again")
            }
            try await writer.restoreMissing(of: part, into: &outcome)
        }
        for part in found.parts where replaces { try await writer.replaceDifferent(of: part, into: &outcome) }
        report.restored = outcome.restored
        report.replaced = outcome.replaced
        report.changedMeanwhile = outcome.changedMeanwhile
        if !outcome.changedMeanwhile.isEmpty {
            report.warnings.append(
                "points were changed by somebody else during the repair and left alone: \(outcome.changedMeanwhile.examples)"
            )
        }
        if !outcome.unconfirmed.isEmpty {
            report.differences.append("points do not read as they were written: \(outcome.unconfirmed.examples)")
        }
    }

    // MARK: Comparison and proof

    private func comparison(_ absent: Set<ShardKey>, _ options: CollectionComparison.Options) -> CollectionComparison {
        CollectionComparison(
            ServerPoints(client: client, collection: liveName, absentKeys: absent),
            with: ServerPoints(client: copyClient, collection: copyName),
            fields: manifest.info.vectors,
            shardKeys: isCustomSharded ? manifest.shardKeys : [],
            options: options
        )
    }

    private func compare(_ liveKeys: [ShardKey], _ options: CollectionComparison.Options) async throws
        -> CollectionDifferences
    {
        let absent = isCustomSharded ? Set(manifest.shardKeys).subtracting(liveKeys) : []
        var differences = try await comparison(absent, options).run()
        for key in liveKeys where !manifest.shardKeys.contains(key) {
            var part = CollectionDifferences.Part(shardKey: key)
            part.extra.count = Int(clamping: try await client.count(in: liveName, shardKeys: [key]))
            differences.parts.append(part)
        }
        return differences
    }

    private func verify(_ preparation: Preparation, _ report: inout PointRepairReport) async throws {
        var now = report.found
        if report.restored + report.replaced + report.changedMeanwhile.count > 0 {
            onPhase(.verifying)
            let keys = isCustomSharded ? try await client.shardKeys(of: liveName) : []
            now = try await compare(keys, options.comparison)
        }
        let ignored = Set(report.changedMeanwhile)
        func still(_ list: KeyPath<CollectionDifferences.Part, PointIDList>) -> [PointID] {
            now.parts.flatMap { $0[keyPath: list].ids }.filter { !ignored.contains($0) }
        }
        let missing = still(\.missing)
        if !missing.isEmpty { report.differences.append("points are still missing: \(missing.examples)") }
        let different = still(\.different)
        if !options.missingOnly, !different.isEmpty {
            report.differences.append("points still differ: \(different.examples)")
        }
        // Its answers are only the recorded ones when it holds what was captured and nothing else.
        guard now.comparedContent, now.isEmpty, now.extra == 0, now.newer == 0 else { return }
        let verifier = CollectionVerifier(client: client, manifest: manifest, options: options.restore, clock: clock)
        var findings = CollectionVerifier.Findings()
        try await verifier.compareAnswers(liveName, &findings)
        report.goldenQueries = findings.goldenQueries
        report.differences += findings.differences
    }
}

extension [PointID] {
    /// How many, and the first of them.
    var examples: String {
        let first = prefix(5).map(\.description).joined(separator: ", ")
        return "\(count) (\(first)\(count > 5 ? ", …" : ""))"
    }
}
