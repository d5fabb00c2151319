internal import QdrantClient
internal import ResticFormat
internal import ResticRepository

/// Captures the storage of a stopped server as files.
struct ColdCapture: ComponentCapture {
    let component = Component.qdrant
    let storage: ColdStorage
    /// Absolute paths that must not lie in it: that of the repository.
    let leavingOut: [String]

    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart {
        let started = context.clock.now
        let asked = await ServerObservation.ask(storage)
        let ending = try await storage.withStopped("the backup") { site in
            try await read(site, into: writer, context)
        }
        var (summary, tree, changes) = (ending.value.summary, ending.value.tree, ending.value.changes)
        summary.stoppedSeconds = ending.downtime?.seconds
        if ending.downtime == nil { summary.container = nil }
        asked?.add(to: &summary)
        if asked != nil, ending.failure == nil, let again = await ServerObservation.ask(storage) {
            again.addLate(to: &summary)
        }
        let composer = TreeComposer(time: .epoch, host: context.repository.repository.host)
        composer.addTree(RestorePointManifest.storagePath, tree)
        tree = try await composer.store(into: writer)
        var part = RestorePointManifest.Part(
            component: .qdrant,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(context.clock.now)",
            files: summary.files,
            bytes: summary.bytes,
            collections: [],
            folders: []
        )
        part.storage = summary
        part.skipped = ending.value.skipped.isEmpty ? nil : ending.value.skipped
        var captured = CapturedPart(part: part, tree: tree, warnings: summary.warnings, changes: changes)
        captured.problems = Self.vanished(summary, context) + ending.warnings
        captured.failure = ending.failure
        if let version = summary.serverVersion { captured.versions["qdrant"] = version }
        return captured
    }

    /// What was read.
    private struct Captured: Sendable {
        var summary: RestorePointManifest.StorageSummary
        var tree: ResticID
        var changes: FileChanges
        var skipped: [SkippedItem]
    }

    private func read(_ site: ColdStorage.Site, into writer: BlobWriter, _ context: CaptureContext) async throws
        -> Captured
    {
        try checkPlace(site)
        if let mark = RestoreMark.any(in: site.path) {
            throw RecoveryError(
                .refused,
                "\(site.description) is only partly restored: a restore into it was interrupted ('\(mark)')",
                hint: "Restore the same restore point again: that completes it."
            )
        }
        let layout = try StorageLayout.read(site.path)
        let before = try await StorageInventory.take(site.path)
        try checkNotEmptied(site, layout, context)
        context.progress.begin("read the storage", totalBytes: before.files.values.reduce(0) { $0 + $1.size })
        defer { context.progress.end() }
        let digests = FolderInventory(keepsPaths: false)
        var archiver = DirectoryArchiver(root: RawPath(site.path))
        archiver.parent = try await previousTree(context)
        archiver.onFolder = { digests.add($0, $1, $2) }
        archiver.progress = { [progress = context.progress] in progress.advance($0) }
        let (tree, report) = try await archiver.archive(into: writer, of: context.repository)
        let after = try await StorageInventory.take(site.path)
        try check(report, after.changes(since: before), site)
        // A server that was started meanwhile and has written nothing so far is about to.
        try await storage.ensureUnused(site)
        let folder = before.items[""]
        let summary = RestorePointManifest.StorageSummary(
            path: site.path,
            volume: site.volume,
            container: site.container?.name,
            image: site.container?.image,
            collections: layout.collections.map { .init(name: $0.name, shards: $0.shards) },
            aliases: layout.aliases,
            files: report.files,
            directories: report.directories,
            otherItems: report.otherItems,
            bytes: report.totalBytes,
            dataBytes: before.dataBytes,
            mode: (folder?.mode ?? 0o700) & 0o7777,
            uid: folder?.owner ?? 0,
            gid: folder?.group ?? 0,
            contentDigest: digests.digest(of: tree)?.hex,
            warnings: layout.warnings
        )
        return Captured(
            summary: summary,
            tree: tree,
            changes: FileChanges(report),
            skipped: report.skipped
        )
    }

    /// Files of different moments are no storage: nothing that changed, vanished or could not be read may pass.
    private func check(_ report: ArchiveReport, _ changes: [String], _ site: ColdStorage.Site) throws {
        if let item = report.skipped.first(where: { $0.kind == .unreadable }) {
            throw RecoveryError(
                .emptySource,
                "'\(item.path)' in \(site.description) cannot be read: \(item.reason)",
                hint: "The files of a container usually belong to root: run as root, or as the server's user."
            )
        }
        let moved = report.skipped.filter { $0.kind == .changedWhileRead || $0.kind == .vanished }.map(\.path)
        guard let first = moved.first ?? changes.first else { return }
        let count = Set(moved).union(changes).count
        throw RecoveryError(
            .changedWhileRead,
            "\(site.description) changed while it was read: '\(first.isEmpty ? "." : first)'\(count > 1 ? " and \(count - 1) more" : "")",
            hint: "Something writes there: is the server really stopped? Nothing was stored as a restore point."
        )
    }

    private func checkPlace(_ site: ColdStorage.Site) throws {
        guard let inside = leavingOut.first(where: { $0 == site.path || $0.hasPrefix(site.path + "/") }) else { return }
        throw RecoveryError(
            .notConfigured,
            "the repository '\(inside)' lies in the storage that is to be backed up, '\(site.path)'",
            hint: "Move the repository to another place."
        )
    }

    /// A storage without collections is not a backup of them (design, section 6).
    private func checkNotEmptied(_ site: ColdStorage.Site, _ layout: StorageLayout, _ context: CaptureContext) throws {
        guard layout.collections.isEmpty else { return }
        for point in context.previous {
            guard let held = point.manifest[.qdrant]?.collectionNames, !held.isEmpty else { continue }
            throw RecoveryError(
                .emptySource,
                "\(site.description) holds no collection; restore point \(point.manifest.id) has \(held.joined(separator: ", "))",
                hint:
                    "Is it the right folder, and is its disk mounted? To bring them back, run 'holdfast restore \(point.manifest.id) --only qdrant'."
            )
        }
    }

    /// The storage in the newest restore point that has one: what is unchanged is taken over unread.
    private func previousTree(_ context: CaptureContext) async throws -> ResticID? {
        for point in context.previous where point.manifest[.qdrant]?.storage != nil {
            do {
                let tree = try point.tree(of: .qdrant)
                return try await context.repository.node(at: RestorePointManifest.storagePath, in: tree)?.subtree
            } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
                continue  // A damaged one only costs time: an older one is compared with.
            }
        }
        return nil
    }

    /// Collections that the last restore point has and the storage has no more.
    private static func vanished(_ summary: RestorePointManifest.StorageSummary, _ context: CaptureContext) -> [String]
    {
        let last = context.previous.first { $0.manifest[.qdrant].map { $0.chosen == nil } ?? false }
        guard let last, let held = last.manifest[.qdrant]?.collectionNames else { return [] }
        let present = Set(summary.collections.map(\.name))
        return held.filter { !present.contains($0) }.map {
            "collection '\($0)' is gone from the storage; restore point \(last.manifest.id) of \(last.manifest.startedAt) is the last that holds it"
        }
    }
}

/// What a running server says before it is stopped: what its files alone do not tell.
struct ServerObservation: Sendable {
    private let version: String
    private let points: [String: UInt64]

    /// Asks the server, when it answers. A server that does not, or not all, is backed up all the same.
    static func ask(_ storage: ColdStorage) async -> ServerObservation? {
        guard let client = storage.client, storage.settings.container != nil,
            await ServerPulse(url: storage.url).isAnswering(), let info = try? await client.serverInfo()
        else { return nil }
        var points: [String: UInt64] = [:]
        for name in (try? await client.collections()) ?? [] { points[name] = try? await client.count(in: name) }
        return ServerObservation(version: info.version, points: points)
    }

    func add(to summary: inout RestorePointManifest.StorageSummary) {
        summary.serverVersion = version
        for index in summary.collections.indices {
            summary.collections[index].points = points[summary.collections[index].name]
        }
    }

    /// Adds what was counted once it ran again.
    func addLate(to summary: inout RestorePointManifest.StorageSummary) {
        for index in summary.collections.indices where summary.collections[index].points != nil {
            summary.collections[index].pointsAfter = points[summary.collections[index].name]
        }
    }
}

extension RestorePointManifest.Part {
    /// The names of the collections in it, by whichever route they were taken.
    var collectionNames: [String] { collections.map(\.name) + (storage?.collections.map(\.name) ?? []) }

    /// How many points each collection has, by its name; `nil` where nobody counted.
    var knownPoints: [String: UInt64?] {
        let counted = collections.map { ($0.name, UInt64?.some($0.points)) }
        return Dictionary(counted + (storage?.collections.map { ($0.name, $0.fewestPoints) } ?? [])) { first, _ in first
        }
    }
}
