public import Logging
public import QdrantCapture
public import QdrantClient
internal import ResticFormat
public import ResticRepository

/// What is to be backed up: a value that a dry run prints and a run executes.
public struct BackupPlan: Sendable {
    /// A collection and how to read it.
    public struct Collection: Sendable {
        /// Its name or an alias.
        public var name: String
        /// How.
        public var options: CollectionCapture.Options

        /// Makes a collection's plan.
        public init(name: String, options: CollectionCapture.Options) {
            self.name = name
            self.options = options
        }
    }

    /// The protected system's name.
    public var system: String
    /// The collections, in order.
    public var collections: [Collection]
    /// The folders, in order.
    public var folders: [HoldfastConfiguration.Documents]

    /// Makes a plan.
    public init(system: String, collections: [Collection], folders: [HoldfastConfiguration.Documents]) {
        self.system = system
        self.collections = collections
        self.folders = folders
    }
}

/// What a backup did.
public struct BackupReport: Sendable {
    /// The restore point it made.
    public var restorePoint: RestorePointManifest
    /// What it wrote.
    public var written: WriteStatistics
    /// Document files by what happened to them.
    public var newFiles = 0
    /// See ``newFiles``.
    public var changedFiles = 0
    /// See ``newFiles``.
    public var unmodifiedFiles = 0
    /// Remarks that are no reason to fail.
    public var warnings: [String] = []

    /// Whether something was left out or may be inconsistent.
    public var isPartial: Bool { !restorePoint.skipped.isEmpty }
}

/// Makes a restore point: captures every component into one run of writing, then saves the snapshots, the manifest last.
public struct BackupRun: Sendable {
    private let plan: BackupPlan
    private let repository: IndexedRepository
    private let client: QdrantClient?
    private let clock: any WallClock
    private let logger: Logger
    private let progress: any ProgressSink
    private let toolVersion: String

    /// - Parameter client: needed when the plan has collections.
    public init(
        _ plan: BackupPlan,
        into repository: IndexedRepository,
        client: QdrantClient?,
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        progress: any ProgressSink = SilentProgress(),
        toolVersion: String
    ) {
        self.plan = plan
        self.repository = repository
        self.client = client
        self.clock = clock
        self.logger = logger
        self.progress = progress
        self.toolVersion = toolVersion
    }

    /// A captured component before its snapshot is saved.
    private struct CapturedPart: Sendable {
        var part: RestorePointManifest.Part
        var tree: ResticID
    }

    /// Runs the plan.
    ///
    /// - Throws: when any component cannot be captured: no snapshot is saved then.
    public func run() async throws -> BackupReport {
        guard !plan.collections.isEmpty || !plan.folders.isEmpty else {
            throw RecoveryError(
                .nothingToDo,
                "there is nothing to back up",
                hint: "Name collections or documents in the configuration."
            )
        }
        let started = clock.now
        // An old restore point that is damaged must not keep a new one from being made.
        let (previous, unreadable) = try await RestorePointCatalog(repository).survey(system: plan.system)
        for damaged in unreadable {
            logger.warning(
                "a restore point cannot be read; run 'holdfast repo check'",
                metadata: ["restorePoint": "\(damaged.id ?? "?")", "snapshot": "\(damaged.snapshot.short)"]
            )
        }
        let (captured, statistics) = try await repository.write { writer in
            var parts: [CapturedPart] = []
            var folders = FolderChanges()
            if !plan.collections.isEmpty { parts.append(try await captureCollections(into: writer)) }
            if !plan.folders.isEmpty {
                parts.append(try await captureFolders(previous, into: writer, changes: &folders))
            }
            return (try await compose(parts, startedAt: started, into: writer), folders)
        }
        let (point, changes) = captured
        try await save(point)
        var report = BackupReport(restorePoint: point.manifest, written: statistics)
        report.newFiles = changes.new
        report.changedFiles = changes.changed
        report.unmodifiedFiles = changes.unmodified
        report.warnings = changes.warnings + point.manifest.parts.flatMap { $0.collections.flatMap(\.warnings) }
        return report
    }

    // MARK: Qdrant

    private func captureCollections(into writer: BlobWriter) async throws -> CapturedPart {
        guard let client else {
            throw RecoveryError(
                .notConfigured,
                "collections are to be backed up, but no Qdrant server is configured",
                hint: "Add 'qdrant.url' to the configuration."
            )
        }
        let started = clock.now
        var composer = TreeComposer(time: .epoch, host: repository.repository.host)
        var summaries: [RestorePointManifest.CollectionSummary] = []
        for collection in plan.collections {
            progress.begin("capture \(collection.name)", totalBytes: nil)
            defer { progress.end() }
            let capture = CollectionCapture(
                client: client,
                collection: collection.name,
                options: collection.options,
                clock: clock,
                logger: logger,
                progress: { [progress] in progress.advance($0) }
            )
            let captured = try await capture.capture(into: writer)
            try await captured.compose(into: &composer)
            let bytes = try captured.manifest.encode()
            let content = try await writer.store(bytes)
            composer.addFile(
                CollectionManifest.path(of: captured.manifest.name),
                size: Int64(bytes.count),
                blobs: try await content.blobs(),
                modified: clock.now
            )
            summaries.append(RestorePointManifest.CollectionSummary(captured.manifest))
        }
        let tree = try await composer.store(into: writer)
        let part = RestorePointManifest.Part(
            component: .qdrant,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(clock.now)",
            files: summaries.reduce(0) { $0 + $1.files + 1 },
            bytes: composer.fileBytes,
            collections: summaries,
            folders: []
        )
        return CapturedPart(part: part, tree: tree)
    }

    // MARK: Documents

    private struct FolderChanges: Sendable {
        var new = 0
        var changed = 0
        var unmodified = 0
        var warnings: [String] = []
    }

    private func captureFolders(
        _ previous: [RestorePoint],
        into writer: BlobWriter,
        changes: inout FolderChanges
    ) async throws -> CapturedPart {
        let started = clock.now
        let composer = TreeComposer(time: .epoch, host: repository.repository.host)
        var summaries: [RestorePointManifest.FolderSummary] = []
        for folder in plan.folders {
            progress.begin("read \(folder.name)", totalBytes: nil)
            defer { progress.end() }
            let before = try await previousFolder(folder.name, in: previous)
            var archiver = DirectoryArchiver(root: RawPath(folder.path))
            archiver.parent = before?.tree
            archiver.filter = folder.filter
            archiver.dropsEmptiedFolders = !folder.selection.include.isEmpty
            archiver.progress = { [progress] in progress.advance($0) }
            let (tree, report) = try await archiver.archive(into: writer, of: repository)
            try checkNotEmptied(folder, report, before, &changes)
            composer.addTree(RestorePointManifest.path(ofFolder: folder.name), tree)
            changes.new += report.newFiles
            changes.changed += report.changedFiles
            changes.unmodified += report.unmodifiedFiles
            summaries.append(
                RestorePointManifest.FolderSummary(
                    name: folder.name,
                    path: folder.path,
                    files: report.files,
                    directories: report.directories,
                    otherItems: report.otherItems,
                    bytes: report.totalBytes,
                    skipped: report.skipped
                )
            )
        }
        let tree = try await composer.store(into: writer)
        let part = RestorePointManifest.Part(
            component: .documents,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(clock.now)",
            files: summaries.reduce(0) { $0 + $1.files },
            bytes: summaries.reduce(0) { $0 + $1.bytes },
            collections: [],
            folders: summaries
        )
        return CapturedPart(part: part, tree: tree)
    }

    private struct PreviousFolder {
        let tree: ResticID
        let files: Int
        let point: String
    }

    /// The same folder in the newest restore point that has it.
    private func previousFolder(_ name: String, in points: [RestorePoint]) async throws -> PreviousFolder? {
        for point in points {
            guard let summary = point.manifest[.documents]?.folders.first(where: { $0.name == name }) else { continue }
            let path = RestorePointManifest.path(ofFolder: name)
            let node: Node?
            do {
                node = try await repository.node(at: path, in: point.tree(of: .documents))
            } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
                continue  // A damaged one only costs time: an older one is compared with.
            }
            guard let tree = node?.subtree else { continue }
            return PreviousFolder(tree: tree, files: summary.files, point: point.manifest.id)
        }
        return nil
    }

    /// An empty mount is not a backup (design, section 6).
    private func checkNotEmptied(
        _ folder: HoldfastConfiguration.Documents,
        _ report: ArchiveReport,
        _ before: PreviousFolder?,
        _ changes: inout FolderChanges
    ) throws {
        guard report.files == 0 else { return }
        if let before, before.files > 0 {
            throw RecoveryError(
                .emptySource,
                "the folder '\(folder.path)' holds no files to back up; restore point \(before.point) has \(before.files)",
                hint:
                    "Is its disk mounted, and do the patterns still match? To start anew, give the folder another name."
            )
        }
        changes.warnings.append("the folder '\(folder.path)' holds no files to back up")
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
            parts: []
        )
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
            manifest.parts.append(named)
            snapshots.append(snapshot)
        }
        let bytes = try manifest.encode()
        let content = try await writer.store(bytes)
        var composer = TreeComposer(time: clock.now, host: repository.repository.host)
        composer.addFile(RestorePointManifest.path, size: Int64(bytes.count), blobs: try await content.blobs())
        return ComposedPoint(
            manifest: manifest,
            manifestTree: try await composer.store(into: writer),
            startedAt: started,
            partSnapshots: snapshots
        )
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

extension HoldfastConfiguration.Documents {
    /// The patterns as the archiver asks for them.
    var filter: @Sendable ([UInt8], Bool) -> DirectoryArchiver.Decision {
        { [selection] path, isFolder in
            let isTaken = isFolder ? selection.decision(forFolder: path) == .enter : selection.selects(path)
            return isTaken ? .include : .exclude
        }
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

extension ResticID {
    /// Eight random hex digits.
    static func randomShort() -> String {
        var generator = SystemRandomNumberGenerator()
        return ResticID.random(using: &generator).short
    }
}
