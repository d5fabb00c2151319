internal import ResticRepository

/// Restores documents into a scratch folder and compares them with the restore point.
struct DocumentsDrill {
    let point: RestorePoint
    let repository: IndexedRepository
    let plausibility: Plausibility
    /// The folder in which each restored one gets one of its own name.
    let target: String
    let progress: any ProgressSink

    func run(_ checks: inout CheckList) async throws {
        for folder in point.manifest[.documents]?.folders ?? [] {
            try await checks.check("documents \(folder.name): restored and compared", .documents) {
                let restore = DocumentsRestore(point, from: repository, to: .folder(target), progress: progress)
                var problems: [String] = []
                var restored = 0
                for outcome in try await restore.run(try restore.plan([folder.name])) {
                    problems += outcome.differences
                    restored += outcome.report.restoredFiles + outcome.report.unchangedFiles
                }
                if restored != folder.files {
                    problems.insert("\(restored) files were restored, the manifest says \(folder.files)", at: 0)
                }
                return Self.verdict(problems, "\(restored) files, each as it was captured")
            }
            try await checks.check("documents \(folder.name): plausible", .documents) {
                let problem = plausibility.problem(ofFolder: folder.name)
                return Self.verdict(problem.map { [$0] } ?? [], "\(folder.files) files")
            }
        }
    }

    /// The first problems, and how many there are.
    static func verdict(_ problems: [String], _ success: String) -> CheckList.Verdict {
        guard !problems.isEmpty else { return (.verified, success) }
        let shown = problems.prefix(3).joined(separator: "; ")
        return (.failed, problems.count > 3 ? "\(shown); and \(problems.count - 3) more" : shown)
    }
}
