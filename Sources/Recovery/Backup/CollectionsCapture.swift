internal import QdrantCapture
internal import QdrantClient
internal import ResticFormat
internal import ResticRepository

/// Captures collections from a running server.
struct CollectionsCapture: ComponentCapture {
    let component = Component.qdrant
    let collections: [BackupPlan.Collection]
    let client: QdrantClient

    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart {
        let started = context.clock.now
        var composer = TreeComposer(time: .epoch, host: context.repository.repository.host)
        var summaries: [RestorePointManifest.CollectionSummary] = []
        for collection in collections {
            context.progress.begin("capture \(collection.name)", totalBytes: nil)
            defer { context.progress.end() }
            let capture = CollectionCapture(
                client: client,
                collection: collection.name,
                options: collection.options,
                clock: context.clock,
                logger: context.logger,
                progress: { [progress = context.progress] in progress.advance($0) }
            )
            let captured = try await capture.capture(into: writer)
            try await captured.compose(into: &composer)
            let bytes = try captured.manifest.encode()
            let content = try await writer.store(bytes)
            composer.addFile(
                CollectionManifest.path(of: captured.manifest.name),
                size: Int64(bytes.count),
                blobs: try await content.blobs(),
                modified: context.clock.now
            )
            summaries.append(RestorePointManifest.CollectionSummary(captured.manifest))
        }
        let tree = try await composer.store(into: writer)
        let part = RestorePointManifest.Part(
            component: .qdrant,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(context.clock.now)",
            files: summaries.reduce(0) { $0 + $1.files + 1 },
            bytes: composer.fileBytes,
            collections: summaries,
            folders: []
        )
        return CapturedPart(part: part, tree: tree, warnings: summaries.flatMap(\.warnings))
    }
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
            warnings: manifest.warnings
        )
    }
}
