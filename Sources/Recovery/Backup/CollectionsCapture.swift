internal import QdrantCapture
internal import QdrantClient
internal import ResticFormat
internal import ResticRepository

/// Captures collections from a running server.
struct CollectionsCapture: ComponentCapture {
    let component = Component.qdrant
    let selection: CollectionSelection
    /// The entries of `documents` that are captured in the same run, with which lineage can be compared.
    let folders: Set<String>
    let client: QdrantClient

    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart {
        let started = context.clock.now
        let resolved = try await selection.resolve(client)
        let history = CollectionsHistory(previous: context.previous.map(\.manifest))
        try checkNotEmptied(resolved, history)
        var result = CollectedCollections(warnings: resolved.warnings)
        var composer = TreeComposer(time: .epoch, host: context.repository.repository.host)
        for item in resolved.items {
            try await capture(item, into: writer, &composer, &result, context)
        }
        let tree = try await composer.store(into: writer)
        var part = RestorePointManifest.Part(
            component: .qdrant,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(context.clock.now)",
            files: result.summaries.reduce(0) { $0 + $1.files + 1 },
            bytes: composer.fileBytes,
            collections: result.summaries,
            folders: []
        )
        if resolved.items.isEmpty { result.warnings.append("there are no collections to back up") }
        if selection.only.isEmpty {
            let changes = history.changes(resolved, at: "\(started)")
            part.appeared = changes.appeared
            part.vanished = changes.vanished
            result.problems += changes.problems
            result.warnings += changes.warnings
        } else {
            part.chosen = selection.only
        }
        var captured = CapturedPart(part: part, tree: tree, warnings: result.warnings)
        captured.problems = result.problems
        captured.sources = result.sources
        captured.versions = Dictionary(result.summaries.map { ("qdrant", $0.serverVersion) }) { first, _ in first }
        return captured
    }

    /// What has been captured so far.
    private struct CollectedCollections {
        var summaries: [RestorePointManifest.CollectionSummary] = []
        var warnings: [String]
        var problems: [String] = []
        var sources: [String: CapturedSources] = [:]
    }

    private func capture(
        _ item: ResolvedCollections.Item,
        into writer: BlobWriter,
        _ composer: inout TreeComposer,
        _ result: inout CollectedCollections,
        _ context: CaptureContext
    ) async throws {
        context.progress.begin("capture \(item.name)", totalBytes: nil)
        defer { context.progress.end() }
        var options = CollectionCapture.Options()
        options.method = item.entry.method
        options.goldenQueries = item.entry.goldenQueries
        let capture = CollectionCapture(
            client: client,
            collection: item.name,
            options: options,
            clock: context.clock,
            logger: context.logger,
            progress: { [progress = context.progress] in progress.advance($0) }
        )
        let before = try await sources(of: item, &result)
        let captured = try await capture.capture(into: writer)
        if let before, let after = try await sources(of: item, &result) {
            let changed =
                before.found != after.found || captured.manifest.points.before != captured.manifest.points.after
            result.sources[item.name] = CapturedSources(
                source: after.source,
                found: after.found,
                changedMeanwhile: changed
            )
        }
        try await captured.compose(into: &composer)
        let bytes = try captured.manifest.encode()
        let content = try await writer.store(bytes)
        composer.addFile(
            CollectionManifest.path(of: captured.manifest.name),
            size: Int64(bytes.count),
            blobs: try await content.blobs(),
            modified: context.clock.now
        )
        var summary = RestorePointManifest.CollectionSummary(captured.manifest)
        if let contract = item.entry.embedding {
            let violations = contract.violations(by: captured.manifest.info.vectors)
            summary.embedding = EmbeddingRecord(contract: contract, violations: violations)
            result.problems += violations.map { "collection '\(item.name)' breaks its embedding contract: \($0)" }
        }
        result.warnings += summary.warnings
        result.summaries.append(summary)
    }

    /// What the points are made from, asked right before and right after their capture: only when both are the same it is certain that the
    /// restore point holds just that.
    ///
    /// - Returns: `nil` when there is nothing to compare with, or it cannot be.
    private func sources(
        of item: ResolvedCollections.Item,
        _ result: inout CollectedCollections
    ) async throws -> CapturedSources? {
        guard let lineage = item.entry.lineage else { return nil }
        let collection = item.name
        guard folders.contains(lineage.documents) else {
            result.warnings.append(
                "the lineage of collection '\(collection)' was not compared: documents '\(lineage.documents)' are not part of this run"
            )
            return nil
        }
        do {
            let sources = try await LineageCheck(client: client, collection: collection, source: lineage).sources()
            return CapturedSources(source: lineage, found: sources)
        } catch let error as RecoveryError where error.code == .refused {
            result.problems.append("the lineage of collection '\(collection)' cannot be compared: \(error.message)")
            return nil
        }
    }

    /// A server without collections is not a backup of them (design, section 6).
    private func checkNotEmptied(_ resolved: ResolvedCollections, _ history: CollectionsHistory) throws {
        guard resolved.items.isEmpty, let before = history.newestWithCollections else { return }
        let held = before[.qdrant]?.collections.map(\.name) ?? []
        throw RecoveryError(
            .emptySource,
            "the server has none of the collections to back up; restore point \(before.id) has \(held.joined(separator: ", "))",
            hint:
                "Is it the right server, and is its storage mounted? If they were deleted on purpose, remove 'qdrant' from the configuration; to bring them back, run 'holdfast restore \(before.id) --only qdrant'."
        )
    }
}

/// What the points of a collection say they were made from, until the documents are captured, too.
struct CapturedSources: Sendable {
    let source: LineageSource
    let found: LineageSources
    /// Whether points were written while they were captured.
    var changedMeanwhile = false
}

extension RestorePointManifest.CollectionSummary {
    init(_ manifest: CollectionManifest) {
        self.init(
            name: manifest.name,
            points: manifest.points.after,
            shards: manifest.shards.count,
            method: manifest.method.rawValue,
            serverVersion: manifest.server.version,
            goldenQueries: manifest.goldenQueries.count,
            aliases: manifest.aliases,
            files: manifest.shards.reduce(0) { $0 + $1.files },
            bytes: manifest.shards.reduce(0) { $0 + $1.byteCount },
            dataBytes: manifest.shards.reduce(0) { $0 + $1.dataBytes },
            warnings: manifest.warnings,
            startedAt: manifest.startedAt,
            finishedAt: manifest.finishedAt
        )
    }
}
