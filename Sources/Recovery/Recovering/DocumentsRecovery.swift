internal import ResticRepository

/// Recovers folders of documents: what is missing comes back, what differs is replaced, what was changed after the capture stays.
struct DocumentsRecovery: ComponentRecovery {
    let component = Component.documents
    let context: RecoveryContext

    private func comparison(isThorough: Bool) -> DocumentsComparison {
        DocumentsComparison(
            context.point,
            from: context.repository,
            documents: context.configuration.documents,
            target: context.options.target,
            isThorough: isThorough
        )
    }

    func assess() async throws -> [LiveFinding] {
        try await comparison(isThorough: context.options.isThorough).findings()
    }

    func plan(_ findings: [LiveFinding]) async throws -> [RecoveryAction] {
        guard findings.contains(where: \.isLoss) || context.options.replacesNewer else { return [] }
        let folders = try await comparison(isThorough: context.options.isThorough).folders()
        return folders.compactMap { action(for: $0) }
    }

    private func action(for folder: DocumentsComparison.Folder) -> RecoveryAction? {
        let replaced = folder.damaged + (context.options.replacesNewer ? folder.newer : [])
        let report = folder.report
        guard folder.finding.isLoss || !replaced.isEmpty else { return nil }
        let written = (report?.missing ?? []) + replaced + (report?.unreadable ?? [])
        let bytes =
            report == nil ? folder.summary.bytes : written.reduce(0) { $0 + Int64(clamping: $1.storedSize) }
        var warnings: [String] = []
        if !folder.newer.isEmpty, !context.options.replacesNewer {
            warnings.append(
                "\(folder.newer.count) files were changed after the capture and are kept; '--replace-newer' replaces them too"
            )
        }
        let isGone = report?.lacksFolder ?? false
        return RecoveryAction(
            component: .documents,
            name: folder.summary.name,
            kind: isGone ? .create : .repair,
            target: folder.path,
            detail: isGone
                ? "write \(folder.summary.files) files"
                : "write \(report?.missing.count ?? 0) missing and \(replaced.count) different files",
            bytes: bytes,
            destroys: replaced.isEmpty ? nil : "\(replaced.count) files that differ from the stored ones",
            warnings: warnings
        )
    }

    func check(_ actions: [RecoveryAction]) async throws -> [Requirement] {
        actions.map { FreeSpace.requirement(for: $0.bytes, at: $0.target) }
    }

    func run(_ action: RecoveryAction) async throws -> RecoveryOutcome {
        let folders = try await comparison(isThorough: context.options.isThorough).folders()
        let newer = folders.first { $0.summary.name == action.name }?.newer ?? []
        var restore = DocumentsRestore(
            context.point,
            from: context.repository,
            to: .places([action.name: action.target]),
            progress: context.progress
        )
        if !context.options.replacesNewer { restore.keeping = [action.name: Set(newer.map(\.path))] }
        let steps = try restore.plan([action.name])
        try await restore.check(steps)
        let outcomes = try await restore.run(steps)
        let report = outcomes.reduce(into: RestoreReport()) { sum, outcome in
            sum.restoredFiles += outcome.report.restoredFiles
            sum.unchangedFiles += outcome.report.unchangedFiles
            sum.restoredBytes += outcome.report.restoredBytes
            sum.warnings += outcome.report.warnings
        }
        let kept = newer.isEmpty || context.options.replacesNewer ? "" : ", \(newer.count) newer ones kept"
        return RecoveryOutcome(
            component: .documents,
            name: action.name,
            detail: "\(report.restoredFiles) files written, \(report.unchangedFiles) equal already\(kept)",
            bytes: report.restoredBytes,
            differences: outcomes.flatMap(\.differences),
            warnings: report.warnings
        )
    }

    /// Reads every document and compares it with the stored one.
    func verify() async throws -> [CheckResult] {
        try await comparison(isThorough: true).findings().map { finding in
            CheckResult(
                "documents \(finding.name)",
                kind: "documents",
                finding.isLoss ? .failed : finding.isOpen ? .untested : .verified,
                finding.detail
            )
        }
    }
}
