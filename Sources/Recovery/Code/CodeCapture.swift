internal import Foundation
internal import Logging
internal import NIOCore
internal import ResticFormat
internal import ResticRepository

/// Captures checkouts of `git`: what is committed as bundles, what is not as a patch and files.
struct CodeCapture: ComponentCapture {
    let component = Component.code
    let checkouts: [HoldfastConfiguration.Code]
    /// Folders that never belong to a checkout: the repository that is written to.
    var leavingOut: [String] = []

    func capture(into writer: BlobWriter, _ context: CaptureContext) async throws -> CapturedPart {
        let started = context.clock.now
        var composer = TreeComposer(time: .epoch, host: context.repository.repository.host)
        var summaries: [RestorePointManifest.CheckoutSummary] = []
        var size = CapturedSize()
        for checkout in checkouts {
            context.progress.begin("read \(checkout.name)", totalBytes: nil)
            defer { context.progress.end() }
            let capture = CheckoutCapture(checkout: checkout, leavingOut: leavingOut, writer: writer, context: context)
            summaries.append(try await capture.run(into: &composer, &size))
        }
        let tree = try await composer.store(into: writer)
        var part = RestorePointManifest.Part(
            component: .code,
            snapshot: "",
            tree: tree.hex,
            startedAt: "\(started)",
            finishedAt: "\(context.clock.now)",
            files: size.files,
            bytes: composer.fileBytes + size.archivedBytes,
            collections: [],
            folders: []
        )
        part.checkouts = summaries
        return CapturedPart(part: part, tree: tree, warnings: summaries.flatMap(\.warnings))
    }
}

/// What a part holds, beside the bytes that the composer counts.
struct CapturedSize {
    var files = 0
    var archivedBytes: Int64 = 0
}

/// Captures one checkout.
struct CheckoutCapture {
    let checkout: HoldfastConfiguration.Code
    let leavingOut: [String]
    let writer: BlobWriter
    let context: CaptureContext

    private var name: String { checkout.name }

    func run(into composer: inout TreeComposer, _ size: inout CapturedSize) async throws
        -> RestorePointManifest.CheckoutSummary
    {
        try await GitView.with(checkout.path) { view in
            var manifest = try await makeManifest(view)
            var skipped: [SkippedItem] = []
            try await addBundles(of: view, to: &manifest, into: &composer, &skipped)
            try await addDirty(of: view, to: &manifest, into: &composer, &size, &skipped)
            let bytes = try manifest.encode()
            composer.addFile(
                CodeManifest.path(name),
                size: Int64(bytes.count),
                blobs: try await writer.store(bytes).blobs()
            )
            size.files += 1 + manifest.bundles.count + ((manifest.dirty?.patchBytes ?? 0) > 0 ? 1 : 0)
            return RestorePointManifest.CheckoutSummary(manifest, skipped: skipped, warnings: warnings(manifest))
        }
    }

    private func makeManifest(_ view: GitView) async throws -> CodeManifest {
        CodeManifest(
            format: CodeManifest.formatVersion,
            name: name,
            path: checkout.path,
            isBare: view.layout.isBare,
            objectFormat: view.objectFormat,
            commit: view.commit,
            branch: view.branch,
            describe: try await view.describe(),
            commits: try await view.countCommits(),
            refs: view.refs,
            shallow: view.shallow,
            remotes: view.remotes,
            upstreams: view.upstreams,
            submodules: try await view.submodules(),
            stashes: view.stashes,
            dirty: nil,
            bundles: [],
            bundleMissing: nil,
            settings: view.settings.harmless,
            gitVersion: try await view.version()
        )
    }

    // MARK: Bundles

    private func addBundles(
        of view: GitView,
        to manifest: inout CodeManifest,
        into composer: inout TreeComposer,
        _ skipped: inout [SkippedItem]
    ) async throws {
        guard checkout.bundle else { return }
        guard !view.isPartialClone else {
            let reason = "a partial clone has not all objects, and its remote is not asked for them: no bundle was made"
            manifest.bundleMissing = reason
            skipped.append(SkippedItem(kind: .unsupported, path: name, reason: reason))
            return
        }
        let chain = try await BundleChain.newest(of: name, in: context, writer)
        let maker = BundleMaker(view: view, writer: writer) { [progress = context.progress] in progress.advance($0) }
        for stored in try await maker.bundles(after: chain) {
            manifest.bundles.append(stored.bundle)
            composer.addFile(
                CodeManifest.bundlePath(name, stored.bundle.number),
                size: stored.bundle.bytes,
                blobs: stored.blobs
            )
        }
    }

    // MARK: What is not committed

    private func addDirty(
        of view: GitView,
        to manifest: inout CodeManifest,
        into composer: inout TreeComposer,
        _ size: inout CapturedSize,
        _ skipped: inout [SkippedItem]
    ) async throws {
        guard !view.layout.isBare else { return }
        let state = try await view.dirtyState(includesUntracked: checkout.untracked, leavingOut: leavingOut)
        var fingerprint = PatchFingerprint()
        if !state.changed.isEmpty {
            var content = writer.makeContent()
            try await view.patch(of: state) { buffer in
                fingerprint.take(buffer)
                try await content.feed(buffer)
            }
            let stored = try await content.finish()
            // Files whose time changed and whose content did not are listed, and give no patch.
            if stored.byteCount > 0 {
                composer.addFile(
                    CodeManifest.patchPath(name),
                    size: stored.byteCount,
                    blobs: try await stored.blobs()
                )
            }
        }
        if !state.untracked.isEmpty {
            let report = try await archive(state.untracked, into: &composer)
            size.files += report.files
            size.archivedBytes += report.totalBytes
            skipped += report.skipped
        }
        manifest.dirty = CodeManifest.Dirty(
            changedFiles: state.changed.count,
            addedFiles: state.added,
            untrackedFiles: state.untracked.count,
            patchBytes: fingerprint.byteCount,
            fingerprint: fingerprint.finish(),
            leftOut: state.leftOut,
            operation: view.operation
        )
    }

    private func archive(_ paths: [String], into composer: inout TreeComposer) async throws -> ArchiveReport {
        let files = Set(paths)
        var folders: Set<String> = []
        for path in paths {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                folders.insert(String(rest))
            }
        }
        var archiver = DirectoryArchiver(root: RawPath(checkout.path))
        archiver.parent = try await previousUntracked()
        archiver.dropsEmptiedFolders = true
        archiver.filter = { [folders] path, isFolder in
            let path = String(decoding: path, as: UTF8.self)
            return (isFolder ? folders.contains(path) : files.contains(path)) ? .include : .exclude
        }
        let (tree, report) = try await archiver.archive(into: writer, of: context.repository)
        composer.addTree(CodeManifest.untrackedPath(name), tree)
        return report
    }

    private func previousUntracked() async throws -> ResticID? {
        guard let point = context.previous.first(where: { $0.manifest[.code] != nil }) else { return nil }
        do {
            return try await context.repository.node(
                at: CodeManifest.untrackedPath(name),
                in: point.tree(of: .code)
            )?.subtree
        } catch let error as RepositoryError where error.code == .damaged || error.code == .missing {
            return nil  // The files are read again then.
        }
    }

    // MARK: Remarks

    private func warnings(_ manifest: CodeManifest) -> [String] {
        var warnings: [String] = []
        func warn(_ text: String) { warnings.append("checkout '\(name)': \(text)") }
        if manifest.commit == nil { warn("there is no commit yet on \(manifest.shortBranch ?? "HEAD")") }
        if !manifest.shallow.isEmpty {
            warn("a shallow clone: the bundle holds no more history than it does, and only Holdfast can rebuild it")
        }
        for item in manifest.dirty?.leftOut.prefix(20) ?? [] { warn("'\(item.path)' \(item.reason): it was left out") }
        let hidden = (manifest.dirty?.leftOut.count ?? 0) - 20
        if hidden > 0 { warn("\(hidden) more files were left out; 'code.json' lists them") }
        if let operation = manifest.dirty?.operation { warn("a \(operation) is under way") }
        if manifest.stashes > 0 { warn("stashes are not backed up; it has \(manifest.stashes)") }
        for module in manifest.submodules where module.checkedOut != nil && module.checkedOut != module.commit {
            warn("submodule '\(module.path)' has another commit checked out than is recorded")
        }
        return warnings
    }
}

extension RestorePointManifest.CheckoutSummary {
    init(_ manifest: CodeManifest, skipped: [SkippedItem], warnings: [String]) {
        self.init(
            name: manifest.name,
            path: manifest.path,
            commit: manifest.commit,
            branch: manifest.shortBranch,
            describe: manifest.describe,
            commits: manifest.commits,
            changedFiles: manifest.dirty?.changedFiles ?? 0,
            untrackedFiles: manifest.dirty?.untrackedFiles ?? 0,
            leftOut: manifest.dirty?.leftOut.count ?? 0,
            submodules: manifest.submodules.count,
            bundles: manifest.bundles.count,
            bundleBytes: manifest.bundles.reduce(0) { $0 + $1.bytes },
            skipped: skipped,
            warnings: warnings
        )
    }
}
