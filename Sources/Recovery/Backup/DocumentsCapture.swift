internal import ResticFormat
internal import ResticRepository

/// Captures folders of documents.
struct DocumentsCapture: ComponentCapture {
    let component = Component.documents
    let folders: [HoldfastConfiguration.Documents]
    /// The folders whose paths are to be kept, for lineage.
    let wantedPaths: Set<String>

    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart {
        let started = context.clock.now
        var changes = FileChanges()
        var warnings: [String] = []
        var paths: [String: Set<String>] = [:]
        let composer = TreeComposer(time: .epoch, host: context.repository.repository.host)
        var summaries: [RestorePointManifest.FolderSummary] = []
        for folder in folders {
            context.progress.begin("read \(folder.name)", totalBytes: nil)
            defer { context.progress.end() }
            let began = context.clock.now
            let inventory = FolderInventory(keepsPaths: wantedPaths.contains(folder.name))
            let before = try await previousFolder(folder.name, context)
            var archiver = DirectoryArchiver(root: RawPath(folder.path))
            archiver.parent = before?.tree
            archiver.filter = folder.filter
            archiver.dropsEmptiedFolders = !folder.selection.include.isEmpty
            archiver.onFolder = { inventory.add($0, $1, $2) }
            archiver.progress = { [progress = context.progress] in progress.advance($0) }
            let (tree, report) = try await archiver.archive(into: writer, of: context.repository)
            try checkNotEmptied(folder, report, before, &warnings)
            composer.addTree(RestorePointManifest.path(ofFolder: folder.name), tree)
            changes.add(FileChanges(report))
            if wantedPaths.contains(folder.name) { paths[folder.name] = inventory.paths }
            summaries.append(
                RestorePointManifest.FolderSummary(
                    name: folder.name,
                    path: folder.path,
                    files: report.files,
                    directories: report.directories,
                    otherItems: report.otherItems,
                    bytes: report.totalBytes,
                    skipped: report.skipped,
                    startedAt: "\(began)",
                    finishedAt: "\(context.clock.now)",
                    extensions: inventory.extensions,
                    contentDigest: inventory.digest(of: tree)?.hex
                )
            )
        }
        let tree = try await composer.store(into: writer)
        let part = RestorePointManifest.Part(
            component: .documents,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(context.clock.now)",
            files: summaries.reduce(0) { $0 + $1.files },
            bytes: summaries.reduce(0) { $0 + $1.bytes },
            collections: [],
            folders: summaries
        )
        var captured = CapturedPart(part: part, tree: tree, warnings: warnings, changes: changes)
        captured.paths = paths
        return captured
    }

    private struct PreviousFolder {
        let tree: ResticID
        let files: Int
        let point: String
    }

    /// The same folder in the newest restore point that has it.
    private func previousFolder(_ name: String, _ context: CaptureContext) async throws -> PreviousFolder? {
        for point in context.previous {
            guard let summary = point.manifest[.documents]?.folders.first(where: { $0.name == name }) else { continue }
            let path = RestorePointManifest.path(ofFolder: name)
            let node: Node?
            do {
                node = try await context.repository.node(at: path, in: point.tree(of: .documents))
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
        _ warnings: inout [String]
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
        warnings.append("the folder '\(folder.path)' holds no files to back up")
    }
}

extension FileChanges {
    /// Those that an archiver counted.
    init(_ report: ArchiveReport) {
        new = report.newFiles
        changed = report.changedFiles
        unmodified = report.unmodifiedFiles
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
