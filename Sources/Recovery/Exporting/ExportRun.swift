internal import Foundation
internal import NIOCore
internal import QdrantCapture
internal import ResticFormat
public import ResticRepository

/// Writes a restore point as plain files, under the names that handbooks of operators expect.
public struct ExportRun: Sendable {
    /// How it is done.
    public struct Options: Sendable {
        /// The folder; it is made when it is missing.
        public var folder: String
        /// Only this component; `nil` for all.
        public var component: Component?
        /// Whether files that are there already are replaced.
        public var replaces = false
        /// Whose calendar the date in the names is of.
        public var timeZone = RetentionTimeZone.own
        /// What opens sealed configuration; what it does not open is exported as it is stored.
        public var identities = ConfigurationIdentities()

        /// Makes options; see the properties.
        public init(folder: String, component: Component? = nil) {
            self.folder = folder
            self.component = component
        }
    }

    let point: RestorePoint
    let repository: IndexedRepository
    let options: Options
    let progress: any ProgressSink
    /// The absolute path of the folder: programs that are run have another working folder.
    let folder: String

    /// Makes a run.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        options: Options,
        progress: any ProgressSink = SilentProgress()
    ) {
        self.point = point
        self.repository = repository
        self.options = options
        self.progress = progress
        folder = URL(filePath: options.folder).standardizedFileURL.path
    }

    // MARK: Planning

    /// What will be written. Reads trees and manifests, and looks up every blob of the collections.
    ///
    /// - Throws: ``RecoveryError/Code/notInRestorePoint`` when the one component that was asked for is not there.
    public func plan() async throws -> ExportPlan {
        var plan = ExportPlan(restorePoint: point, folder: folder)
        for component in Component.allCases where options.component ?? component == component {
            guard let part = point.manifest[component] else { continue }
            switch component {
            case .qdrant: try await addCollections(part, to: &plan)
            case .documents: addDocuments(part, to: &plan)
            case .configuration: try await addConfiguration(part, to: &plan)
            case .code: try await addCode(part, to: &plan)
            }
        }
        if plan.items.isEmpty, plan.leftOut.isEmpty {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds no \(options.component?.rawValue ?? "component")",
                hint: "Run 'holdfast points' to find one that does."
            )
        }
        return plan
    }

    /// The restore point's day as eight digits.
    var stamp: String {
        RetentionCalendar(options.timeZone).place(of: point.time).name(.daily).replacing("-", with: "")
    }

    private func addCollections(_ part: RestorePointManifest.Part, to plan: inout ExportPlan) async throws {
        if let storage = part.storage {
            plan.leftOut.append(
                ExportPlan.Omission(
                    component: .qdrant,
                    name: "storage of \(storage.collections.map(\.name).joined(separator: ", "))",
                    reason:
                        "is the storage of a stopped server and no collection snapshot: 'holdfast restore --only qdrant --target DIR' writes it to a folder"
                )
            )
        }
        for collection in part.collections {
            let stored = try await StoredCollection(collection.name, in: point.tree(of: .qdrant), of: repository)
            let archive = try await CollectionSnapshotArchive(of: stored)
            plan.items.append(
                ExportPlan.Item(
                    name: "\(collection.name)-\(stamp).snapshot",
                    component: .qdrant,
                    content:
                        "collection \(collection.name), \(collection.points) points, of Qdrant \(collection.serverVersion)",
                    maximumBytes: archive.byteCount,
                    source: .collection(collection.name)
                )
            )
            if !collection.aliases.isEmpty {
                plan.remarks.append(
                    "collection snapshots hold no aliases: after recovering '\(collection.name)', make \(collection.aliases.joined(separator: ", ")) with 'POST /collections/aliases'"
                )
            }
            if !stored.manifest.shardKeys.isEmpty {
                plan.remarks.append(
                    "'\(collection.name)' is custom-sharded: make the collection and its shard keys before recovering it, else the server answers 200 and restores nothing (qdrant issue 10135)"
                )
            }
        }
    }

    private func addDocuments(_ part: RestorePointManifest.Part, to plan: inout ExportPlan) {
        guard !part.folders.isEmpty else { return }
        let items = part.folders.reduce(0) { $0 + Int64($1.files + $1.directories) }
        plan.items.append(
            ExportPlan.Item(
                name: "docs-backup-\(stamp).tar.gz",
                component: .documents,
                content: "documents \(part.folders.map(\.name).joined(separator: ", "))",
                // As if nothing could be compressed; a header, its padding and a long name for each item.
                maximumBytes: part.folders.reduce(0) { $0 + $1.bytes } + items * 2048 + 65_536,
                source: .folders(part.folders)
            )
        )
    }

    // MARK: Checking

    /// Refuses what can be refused before anything is written: files that are there, and a disk without the space.
    ///
    /// - Throws: ``RecoveryError/Code/targetNotEmpty``, ``RecoveryError/Code/refused``.
    public func check(_ plan: ExportPlan) async throws {
        let names = plan.items.flatMap { [$0.name, $0.name + ".sha256"] }
        let present = names.filter { GitLayout.type("\(folder)/\($0)") != nil }
        if let first = present.first, !options.replaces {
            throw RecoveryError(
                .targetNotEmpty,
                "\(folder)/\(first) exists already" + (present.count > 1 ? ", and \(present.count - 1) more" : ""),
                hint: "Choose another folder, move the files away, or replace them with '--force'."
            )
        }
        guard let free = FreeSpace.available(at: folder), free < plan.maximumBytes else { return }
        throw RecoveryError(
            .refused,
            "the disk of \(folder) has \(free) bytes free; the export may take up to \(plan.maximumBytes)",
            hint: "Free some space, choose a folder on another disk, or export one component at a time with '--only'."
        )
    }

    // MARK: Running

    /// Writes the files, each whole or not at all, and reads each back.
    public func run(_ plan: ExportPlan) async throws -> ExportReport {
        var report = ExportReport(
            restorePoint: point,
            folder: folder,
            leftOut: plan.leftOut,
            remarks: plan.remarks
        )
        guard !plan.items.isEmpty else { return report }
        try CheckoutRestore.attempt("the folder '\(folder)' cannot be made") {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        }
        let writer = ExportFileWriter(folder: folder, replaces: options.replaces, progress: progress)
        for item in plan.items {
            progress.begin("export \(item.name)", totalBytes: nil)
            defer { progress.end() }
            switch item.source {
            case .collection(let name):
                let stored = try await StoredCollection(name, in: point.tree(of: .qdrant), of: repository)
                let archive = try await CollectionSnapshotArchive(of: stored)
                report.files.append(try await writer.write(item) { try await archive.write($0) })
            case .folders(let folders):
                try await writeDocuments(folders, item, writer, &report)
            case .sealed(let sets):
                try await writeSealed(sets, item, writer, &report)
            case .configuration(let archive):
                try await writeConfiguration(archive, item, writer, &report)
            case .bundle(let name):
                try await writeBundle(name, item, writer, &report)
            case .patch(let name):
                let content = try await checkout(name).content(at: CodeManifest.patchPath(name))
                report.files.append(
                    try await writer.write(item) { output in
                        for try await buffer in content { try await output(buffer) }
                    }
                )
            case .untracked(let name):
                let path = CodeManifest.untrackedPath(name)
                let node = try await folderNode(at: path, of: .code)
                try await writeTar([(node, nil)], item, writer, &report)
            }
        }
        return report
    }

    private func writeDocuments(
        _ folders: [RestorePointManifest.FolderSummary],
        _ item: ExportPlan.Item,
        _ writer: ExportFileWriter,
        _ report: inout ExportReport
    ) async throws {
        var nodes: [(Node, String?)] = []
        for folder in folders {
            let node = try await folderNode(at: RestorePointManifest.path(ofFolder: folder.name), of: .documents)
            // Every byte is authenticated as it is read; that the tree is what was captured is what the digest says.
            if let expected = folder.contentDigest, let tree = node.subtree,
                case let found = try await ContentDigest.of(tree, in: repository).hex, found != expected
            {
                report.differences.append(
                    "the stored content of documents '\(folder.name)' has the digest \(found), the manifest says \(expected)"
                )
            }
            nodes.append((node, folder.name))
        }
        let files = try await writeTar(nodes, item, writer, &report)
        let expected = folders.reduce(0) { $0 + $1.files }
        if files != expected {
            report.differences.append("\(item.name) holds \(files) files, the manifest says \(expected)")
        }
    }

    @discardableResult
    private func writeTar(
        _ folders: [(Node, String?)],
        _ item: ExportPlan.Item,
        _ writer: ExportFileWriter,
        _ report: inout ExportReport
    ) async throws -> Int {
        var tar = TreeTar(repository)
        let gzip = GzipEncoder()
        let file = try await writer.write(item) { output in
            for (node, name) in folders { try await tar.add(node, as: name) { try await output(gzip.add($0)) } }
            try await tar.finish { try await output(gzip.add($0)) }
            try await output(gzip.finish())
        }
        report.files.append(file)
        report.leftOut += tar.skipped.map {
            ExportPlan.Omission(
                component: item.component,
                name: $0.path,
                reason: "is a \($0.type), which \(item.name) does not hold"
            )
        }
        return tar.files
    }

    func folderNode(at path: String, of component: Component) async throws -> Node {
        guard let node = try await repository.node(at: path, in: point.tree(of: component)), node.type == .dir else {
            throw RecoveryError(
                .damagedRestorePoint,
                "restore point \(point.manifest.id) lacks the folder /\(path)",
                hint: "Run 'holdfast repo check', and try an older restore point."
            )
        }
        return node
    }
}
