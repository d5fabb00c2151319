internal import ResticFormat
public import ResticRepository

/// Compares the folders of documents of the live system with a restore point, and changes nothing.
public struct DocumentsComparison: Sendable {
    /// One folder.
    public struct Folder: Sendable {
        /// As it was backed up.
        public let summary: RestorePointManifest.FolderSummary
        /// Where it is now.
        public let path: String
        /// What was found, file by file; `nil` when the folder cannot be read.
        public let report: DirectoryComparison.Report?
        /// Files that differ and were changed after the capture began: newer work, not a loss.
        public let newer: [DirectoryComparison.Item]
        /// Files that differ otherwise.
        public let damaged: [DirectoryComparison.Item]
        /// What that means.
        public let finding: LiveFinding
    }

    private let point: RestorePoint
    private let repository: IndexedRepository
    private let configuration: [HoldfastConfiguration.Documents]
    private let target: String?
    private let depth: DirectoryComparison.Depth

    /// - Parameters:
    ///   - documents: the configured folders: one of the same name says where it is now and what belongs to it.
    ///   - target: a folder in which each has one of its own name, instead.
    ///   - isThorough: reads every file, instead of those whose length or time of change differs.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        documents: [HoldfastConfiguration.Documents],
        target: String? = nil,
        isThorough: Bool = false
    ) {
        self.point = point
        self.repository = repository
        configuration = documents
        self.target = target
        depth = isThorough ? .content : .metadata
    }

    /// Where a folder is, or will be.
    public func path(of folder: RestorePointManifest.FolderSummary) -> String {
        if let target { return "\(target)/\(folder.name)" }
        return configuration.first { $0.name == folder.name }?.path ?? folder.path
    }

    /// Compares all folders.
    public func findings() async throws -> [LiveFinding] { try await folders().map(\.finding) }

    /// Compares all folders, file by file.
    public func folders() async throws -> [Folder] {
        var folders: [Folder] = []
        for summary in point.manifest[.documents]?.folders ?? [] { folders.append(try await compare(summary)) }
        return folders
    }

    private func compare(_ summary: RestorePointManifest.FolderSummary) async throws -> Folder {
        let path = path(of: summary)
        let node = try await repository.node(
            at: RestorePointManifest.path(ofFolder: summary.name),
            in: point.tree(of: .documents)
        )
        guard let tree = node?.subtree else {
            throw RecoveryError(
                .damagedRestorePoint,
                "restore point \(point.manifest.id) lacks the tree of documents '\(summary.name)'"
            )
        }
        var comparison = DirectoryComparison(root: RawPath(path))
        comparison.depth = depth
        if let filter = configuration.first(where: { $0.name == summary.name })?.filter { comparison.filter = filter }
        do {
            let report = try await comparison.compare(tree, with: repository)
            let began = point.manifest[.documents].flatMap { GoTime(rfc3339: $0.startedAt) } ?? point.time
            let newer = report.different.filter { $0.modified.map { $0 > began } ?? false }
            let damaged = report.different.filter { !($0.modified.map { $0 > began } ?? false) }
            return Folder(
                summary: summary,
                path: path,
                report: report,
                newer: newer,
                damaged: damaged,
                finding: Self.finding(summary, path, report, newer.count, damaged.count)
            )
        } catch let error as RepositoryError where error.code == .source {
            return Folder(
                summary: summary,
                path: path,
                report: nil,
                newer: [],
                damaged: [],
                finding: LiveFinding(.documents, summary.name, .unreadable, error.message)
            )
        }
    }

    private static func finding(
        _ summary: RestorePointManifest.FolderSummary,
        _ path: String,
        _ report: DirectoryComparison.Report,
        _ newer: Int,
        _ damaged: Int
    ) -> LiveFinding {
        let total = report.same + report.missing.count + report.different.count + report.unreadable.count
        func make(_ state: LiveFinding.State, _ detail: String) -> LiveFinding {
            LiveFinding(
                .documents,
                summary.name,
                state,
                detail,
                missing: report.missing.count,
                different: report.different.count,
                extra: report.extra.count
            )
        }
        var parts: [String] = []
        if !report.missing.isEmpty { parts.append("\(report.missing.count) of \(total) files are missing") }
        if damaged > 0 { parts.append("\(damaged) differ") }
        if !report.unreadable.isEmpty { parts.append("\(report.unreadable.count) cannot be read") }
        if newer > 0 { parts.append("\(newer) were changed after the capture") }
        if !report.extra.isEmpty { parts.append("\(report.extra.count) were added since") }
        let detail = parts.joined(separator: ", ")
        if report.lacksFolder { return make(.missing, "there is no folder '\(path)'; it had \(total) files") }
        if total > 0, report.missing.count == total { return make(.missing, detail) }
        if !report.missing.isEmpty { return make(.smaller, detail) }
        if damaged > 0 { return make(.different, detail) }
        if !report.unreadable.isEmpty { return make(.unreadable, detail) }
        if newer > 0 || !report.extra.isEmpty { return make(.larger, detail) }
        return make(.same, "\(total) files as captured")
    }
}
