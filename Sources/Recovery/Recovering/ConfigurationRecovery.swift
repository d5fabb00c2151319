internal import ResticRepository

/// Recovers sealed files: those that are missing or differ are written again, with the permissions they had.
struct ConfigurationRecovery: ComponentRecovery {
    let component = Component.configuration
    let context: RecoveryContext
    let identities: ConfigurationIdentities

    private var sets: [SealedSetSummary] { context.point.manifest[.configuration]?.sets ?? [] }

    /// Where a set is, or will be.
    private func path(of set: SealedSetSummary) -> String {
        context.options.target.map { "\($0)/configuration/\(set.name)" } ?? set.path
    }

    private var restore: ConfigurationRestore {
        ConfigurationRestore(
            context.point,
            from: context.repository,
            to: context.options.target.map { .folder($0) } ?? .inPlace,
            identities: identities,
            progress: context.progress
        )
    }

    func assess() async throws -> [LiveFinding] {
        try await ConfigurationComparison(
            context.point,
            from: context.repository,
            folders: Dictionary(sets.map { ($0.name, path(of: $0)) }, uniquingKeysWith: { first, _ in first })
        ).run()
    }

    func plan(_ findings: [LiveFinding]) async throws -> [RecoveryAction] {
        sets.compactMap { set in
            let lost = findings.filter { $0.isLoss && $0.name.hasPrefix(set.name + "/") }
            guard !lost.isEmpty else { return nil }
            let replaced = lost.count { $0.state != .missing }
            return RecoveryAction(
                component: .configuration,
                name: set.name,
                kind: lost.count == set.files && replaced == 0 ? .create : .repair,
                target: path(of: set),
                detail: "write \(lost.count) of \(set.files) files",
                bytes: set.bytes,
                destroys: replaced == 0 ? nil : "\(replaced) files that differ from the stored ones"
            )
        }
    }

    func check(_ actions: [RecoveryAction]) async throws -> [Requirement] {
        var requirements: [Requirement] = []
        for action in actions {
            requirements.append(FreeSpace.requirement(for: action.bytes, at: action.target))
            do {
                try await restore.check(try restore.plan([action.name]))
                requirements.append(Requirement("identity for \(action.name)", .present, "it opens"))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                guard let parts = FailureText.parts(error) else { throw error }
                requirements.append(
                    Requirement("configuration \(action.name)", .missing, parts.message, remedy: parts.hint)
                )
            }
        }
        return requirements
    }

    func run(_ action: RecoveryAction) async throws -> RecoveryOutcome {
        let outcomes = try await restore.run(try restore.plan([action.name]))
        return RecoveryOutcome(
            component: .configuration,
            name: action.name,
            detail:
                "\(outcomes.reduce(0) { $0 + $1.restoredFiles }) files written, \(outcomes.reduce(0) { $0 + $1.unchangedFiles }) equal already",
            bytes: outcomes.reduce(0) { $0 + $1.restoredBytes },
            differences: outcomes.flatMap(\.differences),
            warnings: outcomes.flatMap(\.warnings)
        )
    }

    func verify() async throws -> [CheckResult] {
        try await assess().map { finding in
            CheckResult(
                "configuration \(finding.name)",
                kind: "configuration",
                finding.isLoss ? .failed : finding.isOpen ? .untested : .verified,
                finding.detail
            )
        }
    }
}
