internal import ResticFormat
public import ResticRepository

/// Restores folders of documents.
public struct DocumentsRestore: Sendable {
    /// Where to.
    public enum Destination: Sendable, Hashable {
        /// Where the folder was: only when nothing is there.
        case original
        /// Where the folder was: what differs is replaced, everything else is left alone.
        case inPlace
        /// Another folder, in which each restored folder gets one of its own name.
        case folder(String)
        /// The folders that are named here by the restored folders' names: what differs is replaced, everything else is left
        /// alone. A folder that is not named here goes where it was.
        case places([String: String])
    }

    /// One folder's part of the plan.
    public struct Step: Sendable {
        /// The folder as it was backed up.
        public let folder: RestorePointManifest.FolderSummary
        /// Where it goes.
        public let target: String
        let existing: DirectoryRestorer.Existing
    }

    /// What a folder's restore did.
    public struct Outcome: Sendable {
        /// The folder.
        public let folder: RestorePointManifest.FolderSummary
        /// Where it went.
        public let target: String
        /// What was written.
        public let report: RestoreReport
        /// What a comparison of the restored folder with the repository found wrong.
        public let differences: [String]
    }

    private let point: RestorePoint
    private let repository: IndexedRepository
    private let destination: Destination
    private let selection: PathSelection
    private let progress: any ProgressSink
    /// Files that are left as they are, by the name of their folder and their path in it.
    public var keeping: [String: Set<RawPath>] = [:]

    /// - Parameter selection: which files, by their path in the folder.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        to destination: Destination,
        selection: PathSelection = .everything,
        progress: any ProgressSink = SilentProgress()
    ) {
        self.point = point
        self.repository = repository
        self.destination = destination
        self.selection = selection
        self.progress = progress
    }

    /// What will be restored where.
    ///
    /// - Parameter names: the folders to restore; empty for all.
    public func plan(_ names: [String]) throws -> [Step] {
        let folders = point.manifest[.documents]?.folders ?? []
        for name in names where !folders.contains(where: { $0.name == name }) {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds no documents '\(name)'",
                hint: "It holds: \(folders.map(\.name).joined(separator: ", "))."
            )
        }
        return folders.filter { names.isEmpty || names.contains($0.name) }.map { folder in
            switch destination {
            case .original: Step(folder: folder, target: folder.path, existing: .refuse)
            case .inPlace: Step(folder: folder, target: folder.path, existing: .replaceDifferent)
            case .folder(let path): Step(folder: folder, target: "\(path)/\(folder.name)", existing: .refuse)
            case .places(let places):
                Step(folder: folder, target: places[folder.name] ?? folder.path, existing: .replaceDifferent)
            }
        }
    }

    /// Makes sure that every target may be written to, before anything is changed anywhere.
    ///
    /// - Throws: ``RecoveryError/Code/targetNotEmpty``.
    public func check(_ steps: [Step]) async throws {
        for step in steps {
            do {
                try await makeRestorer(step).checkTarget()
            } catch let error as RepositoryError where error.code == .targetNotEmpty {
                throw notEmpty(step)
            }
        }
    }

    /// Restores and then compares what is on the disk with the repository.
    public func run(_ steps: [Step]) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for step in steps {
            let path = RestorePointManifest.path(ofFolder: step.folder.name)
            guard let tree = try await repository.node(at: path, in: point.tree(of: .documents))?.subtree else {
                throw RecoveryError(
                    .damagedRestorePoint,
                    "restore point \(point.manifest.id) lacks the tree of documents '\(step.folder.name)'"
                )
            }
            progress.begin(
                "restore \(step.folder.name)",
                totalBytes: selection == .everything ? step.folder.bytes : nil
            )
            defer { progress.end() }
            let restorer = makeRestorer(step)
            let report = try await run(restorer, tree, step)
            var differences = try await restorer.compare(tree, with: repository)
            // What is on the disk equals the tree; that the tree is what was captured is what the digest says.
            if let expected = step.folder.contentDigest,
                case let found = try await ContentDigest.of(tree, in: repository),
                found.hex != expected
            {
                differences.append("the stored content has the digest \(found.hex), the manifest says \(expected)")
            }
            outcomes.append(Outcome(folder: step.folder, target: step.target, report: report, differences: differences))
        }
        return outcomes
    }

    private func makeRestorer(_ step: Step) -> DirectoryRestorer {
        var restorer = DirectoryRestorer(target: RawPath(step.target))
        restorer.existing = step.existing
        // With a pattern, only the folders that hold a chosen file are made.
        restorer.filter = { [selection, kept = keeping[step.folder.name] ?? []] path, isFolder in
            isFolder ? selection == .everything : selection.selects(path) && !kept.contains(RawPath(path))
        }
        restorer.progress = { [progress] in progress.advance($0) }
        return restorer
    }

    private func run(_ restorer: DirectoryRestorer, _ tree: ResticID, _ step: Step) async throws -> RestoreReport {
        do {
            return try await restorer.restore(tree, from: repository)
        } catch let error as RepositoryError where error.code == .targetNotEmpty {
            throw notEmpty(step)
        }
    }

    private func notEmpty(_ step: Step) -> RecoveryError {
        RecoveryError(
            .targetNotEmpty,
            "the folder '\(step.target)' is not empty",
            hint:
                "Replace what differs with '--in-place', restore into another folder with '--target DIR', or leave the documents out with '--only qdrant'."
        )
    }
}
