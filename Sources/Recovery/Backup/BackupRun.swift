internal import Locks
public import Logging
public import QdrantClient
internal import ResticFormat
public import ResticRepository

/// Makes a restore point: captures every component into one run of writing, then saves the snapshots, the manifest last.
public struct BackupRun: Sendable {
    private let plan: BackupPlan
    private let repository: IndexedRepository
    private let client: QdrantClient?
    private let clock: any WallClock
    private let logger: Logger
    private let progress: any ProgressSink
    private let toolVersion: String
    private let environment: [String: String]
    private let stopped: StoppedContainers

    /// - Parameters:
    ///   - client: needed when the plan has collections.
    ///   - environment: where the socket of a container engine is looked for.
    ///   - stopped: where stopped containers are noted; `nil` for the user's folder for state.
    public init(
        _ plan: BackupPlan,
        into repository: IndexedRepository,
        client: QdrantClient?,
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        progress: any ProgressSink = SilentProgress(),
        toolVersion: String,
        environment: [String: String] = [:],
        stopped: StoppedContainers? = nil
    ) {
        self.plan = plan
        self.repository = repository
        self.client = client
        self.clock = clock
        self.logger = logger
        self.progress = progress
        self.toolVersion = toolVersion
        self.environment = environment
        self.stopped = stopped ?? StoppedContainers(environment: environment)
    }

    /// Runs the plan.
    ///
    /// - Throws: when any component cannot be captured: no snapshot is saved then. When a container was left stopped before, that is
    ///   the error, with the other as its cause.
    public func run() async throws -> BackupReport {
        let left = Mutex<RecoveryError?>(nil)
        do {
            return try await run { failure in left.withLock { $0 = $0 ?? failure } }
        } catch {
            guard var failure = left.withLock({ $0 }) else { throw error }
            failure.message += "; and the backup failed then: \(FailureText.of(error))"
            failure.cause = error
            throw failure
        }
    }

    /// - Parameter onFailure: told at once what went wrong after a component was captured: what follows may throw.
    private func run(onFailure: @escaping @Sendable (RecoveryError) -> Void) async throws -> BackupReport {
        let captures = try makeCaptures()
        guard !captures.isEmpty else {
            throw RecoveryError(
                .nothingToDo,
                "there is nothing to back up",
                hint: "Name collections, documents, files to seal or code in the configuration."
            )
        }
        let started = clock.now
        let context = try await makeContext()
        let (captured, statistics) = try await repository.write { writer in
            var parts: [CapturedPart] = []
            for capture in captures {
                let part = try await capture.capture(into: writer, context)
                if let failure = part.failure { onFailure(failure) }
                parts.append(part)
            }
            return (try await compose(parts, startedAt: started, into: writer), parts)
        }
        let (point, parts) = captured
        try await save(point)
        var report = BackupReport(restorePoint: point.manifest, written: statistics)
        for part in parts where part.part.component == .documents { report.documents.add(part.changes) }
        for part in parts where part.part.component == .configuration { report.configuration.add(part.changes) }
        report.warnings = parts.flatMap(\.warnings)
        if let warning = point.manifest.skewWarning { report.warnings.append(warning) }
        report.problems = parts.flatMap(\.problems)
        report.failure = parts.lazy.compactMap(\.failure).first
        return report
    }

    /// In the order of restoring (see ``Component``).
    private func makeCaptures() throws -> [any ComponentCapture] {
        var captures: [any ComponentCapture] = []
        if let selection = plan.collections {
            guard let client else {
                throw RecoveryError(
                    .notConfigured,
                    "collections are to be backed up, but no Qdrant server is configured",
                    hint: "Add 'qdrant.url' to the configuration."
                )
            }
            captures.append(
                CollectionsCapture(selection: selection, folders: Set(plan.folders.map(\.name)), client: client)
            )
        }
        if let qdrant = plan.cold, let settings = qdrant.cold {
            let storage = ColdStorage(
                settings: settings,
                url: qdrant.url,
                client: client,
                environment: environment,
                notes: stopped,
                clock: clock,
                logger: logger
            )
            captures.append(ColdCapture(storage: storage, leavingOut: plan.leavingOut))
        }
        if !plan.folders.isEmpty {
            let wanted = (plan.collections?.entries ?? []).compactMap(\.lineage?.documents)
            captures.append(DocumentsCapture(folders: plan.folders, wantedPaths: Set(wanted)))
        }
        if !plan.sealed.isEmpty { captures.append(ConfigurationCapture(system: plan.system, sets: plan.sealed)) }
        if !plan.checkouts.isEmpty {
            captures.append(CodeCapture(checkouts: plan.checkouts, leavingOut: plan.leavingOut))
        }
        return captures
    }

    private func makeContext() async throws -> CaptureContext {
        // An old restore point that is damaged must not keep a new one from being made.
        let (previous, unreadable) = try await RestorePointCatalog(repository).survey(system: plan.system)
        for damaged in unreadable {
            logger.warning(
                "a restore point cannot be read; run 'holdfast repo check'",
                metadata: ["restorePoint": "\(damaged.id ?? "?")", "snapshot": "\(damaged.snapshot.short)"]
            )
        }
        return CaptureContext(
            repository: repository,
            previous: previous,
            clock: clock,
            logger: logger,
            progress: progress
        )
    }

    // MARK: Saving

    /// A restore point whose content is in the writer's hands, and whose snapshots are made but not stored.
    private struct ComposedPoint: Sendable {
        let manifest: RestorePointManifest
        let manifestTree: ResticID
        let startedAt: GoTime
        let partSnapshots: [Repository.SealedFile]
    }

    /// Seals the parts' snapshots, so that the manifest, which names them, can go into the same packs as what they refer to:
    /// one index and a round of syncs less.
    private func compose(_ captured: [CapturedPart], startedAt started: GoTime, into writer: BlobWriter) async throws
        -> ComposedPoint
    {
        let id = ResticID.randomShort()
        var manifest = RestorePointManifest(
            format: RestorePointManifest.formatVersion,
            id: id,
            system: plan.system,
            startedAt: "\(started)",
            finishedAt: "\(clock.now)",
            tool: toolVersion,
            parts: [],
            versions: ["holdfast": toolVersion]
        )
        var composer = TreeComposer(time: clock.now, host: repository.repository.host)
        let lineage = try await storeLineage(captured, into: writer, &composer)
        var snapshots: [Repository.SealedFile] = []
        for part in captured {
            let snapshot = try repository.repository.seal(
                makeSnapshot(
                    part.tree,
                    path: "/\(part.part.component.rawValue)",
                    time: started,
                    tags: [RestorePoint.Tag.point(id), RestorePoint.Tag.component(part.part.component)]
                )
            )
            var named = part.part
            named.snapshot = snapshot.id.hex
            for index in named.collections.indices {
                named.collections[index].lineage = lineage[named.collections[index].name]
            }
            manifest.versions = (manifest.versions ?? [:]).merging(part.versions) { first, _ in first }
            manifest.parts.append(named)
            snapshots.append(snapshot)
        }
        manifest.skewSeconds = manifest.measuredSkew
        try await add(manifest.encode(), as: RestorePointManifest.path, into: writer, &composer)
        if let configuration = plan.configuration {
            try await add(configuration.effective.encode(), as: EffectiveConfiguration.path, into: writer, &composer)
        }
        return ComposedPoint(
            manifest: manifest,
            manifestTree: try await composer.store(into: writer),
            startedAt: started,
            partSnapshots: snapshots
        )
    }

    private func add(
        _ bytes: [UInt8],
        as path: String,
        into writer: BlobWriter,
        _ composer: inout TreeComposer
    ) async throws {
        let content = try await writer.store(bytes)
        composer.addFile(path, size: Int64(bytes.count), blobs: try await content.blobs())
    }

    /// Compares points with documents, now that both are captured, and stores the whole lists.
    ///
    /// - Returns: for each collection what fits the manifest.
    private func storeLineage(
        _ captured: [CapturedPart],
        into writer: BlobWriter,
        _ composer: inout TreeComposer
    ) async throws -> [String: LineageReport] {
        var reports: [String: LineageReport] = [:]
        let paths = captured.reduce(into: [:]) { $0.merge($1.paths) { first, _ in first } }
        for (name, sources) in captured.flatMap(\.sources).sorted(by: { $0.key < $1.key }) {
            guard let files = paths[sources.source.documents] else { continue }
            var report = LineageReport(sources.source, sources.found, paths: files)
            if sources.changedMeanwhile { report.changedMeanwhile = true }
            try await add(report.encode(), as: LineageReport.path(of: name), into: writer, &composer)
            reports[name] = report.bounded
        }
        return reports
    }

    /// Stores the snapshots, once all that they refer to is stored and indexed: the parts', then the manifest's, which makes
    /// them a restore point.
    private func save(_ point: ComposedPoint) async throws {
        try await withThrowingTaskGroup(of: Void.self) { [repository] group in
            for snapshot in point.partSnapshots { group.addTask { try await repository.repository.store(snapshot) } }
            try await group.waitForAll()
        }
        _ = try await repository.repository.save(
            makeSnapshot(
                point.manifestTree,
                path: "/holdfast",
                time: point.startedAt,
                tags: [RestorePoint.Tag.point(point.manifest.id), RestorePoint.Tag.manifest]
            )
        )
    }

    private func makeSnapshot(_ tree: ResticID, path: String, time: GoTime, tags: [String]) -> SnapshotRecord {
        let host = repository.repository.host
        var record = SnapshotRecord(time: time, tree: tree, paths: [path])
        record.hostname = plan.system
        record.username = host.userName
        record.uid = host.userID
        record.gid = host.groupID
        record.tags = [RestorePoint.Tag.tool] + tags
        record.programVersion = toolVersion
        return record
    }
}

extension ResticID {
    /// Eight random hex digits.
    static func randomShort() -> String {
        var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
        return ResticID.random(using: &generator).short
    }
}
