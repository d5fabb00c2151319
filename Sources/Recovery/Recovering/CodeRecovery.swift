internal import ResticRepository

/// Recovers checkouts: one that is missing is made anew, one that is there is brought to the restore point's state; its own commits stay.
struct CodeRecovery: ComponentRecovery {
    let component = Component.code
    let context: RecoveryContext
    let environment: [String: String]

    private var checkouts: [RestorePointManifest.CheckoutSummary] {
        context.point.manifest[.code]?.checkouts ?? []
    }

    /// Where a checkout is, or will be.
    private func path(of name: String) -> String? { context.options.target.map { "\($0)/\(name)" } }

    private func restore() -> CodeRestore {
        CodeRestore(
            context.point,
            from: context.repository,
            to: context.options.target.map { .folder($0) } ?? .inPlace,
            progress: context.progress
        )
    }

    func assess() async throws -> [LiveFinding] {
        var leavingOut: [String] = []
        if case .folder(let path) = context.configuration.repository.location { leavingOut = [path] }
        let target = context.options.target
        return try await CodeComparison(context.point, from: context.repository, leavingOut: leavingOut)
            .compare { name in target.map { "\($0)/\(name)" } }
    }

    func plan(_ findings: [LiveFinding]) async throws -> [RecoveryAction] {
        findings.filter(\.isLoss).compactMap { finding in
            guard let checkout = checkouts.first(where: { $0.name == finding.name }) else { return nil }
            return RecoveryAction(
                component: .code,
                name: checkout.name,
                kind: finding.state == .missing ? .create : .repair,
                target: path(of: checkout.name) ?? checkout.path,
                detail:
                    "\(finding.state == .missing ? "make" : "bring back") the checkout at \(checkout.describe ?? checkout.commit.map { String($0.prefix(12)) } ?? "no commit")",
                bytes: checkout.bundleBytes,
                destroys: finding.state == .missing ? nil : "what differs in the checkout; its own commits stay"
            )
        }
    }

    func check(_ actions: [RecoveryAction]) async throws -> [Requirement] {
        guard !actions.isEmpty else { return [] }
        guard let git = ProgramSearch.find("git", environment) else {
            return [
                Requirement(
                    "git",
                    .missing,
                    "there is no program 'git'",
                    remedy: "Install git; checkouts are made with it."
                )
            ]
        }
        var requirements = [Requirement("git", .present, git)]
        for action in actions {
            // The bundles, what they hold, and the files that are checked out of them.
            requirements.append(FreeSpace.requirement(for: action.bytes * 3, at: action.target))
            do {
                try await restore().check(try restore().plan([action.name]))
                requirements.append(Requirement("code \(action.name)", .present, "can be restored"))
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                guard let parts = FailureText.parts(error) else { throw error }
                requirements.append(Requirement("code \(action.name)", .missing, parts.message, remedy: parts.hint))
            }
        }
        return requirements
    }

    func run(_ action: RecoveryAction) async throws -> RecoveryOutcome {
        let outcomes = try await restore().run(try restore().plan([action.name]))
        return RecoveryOutcome(
            component: .code,
            name: action.name,
            detail: outcomes.map {
                "\($0.action.rawValue), \($0.changedFiles) changed and \($0.untrackedFiles) untracked files put back"
            }
            .joined(separator: "; "),
            bytes: action.bytes,
            differences: outcomes.flatMap(\.differences),
            warnings: outcomes.flatMap { $0.warnings + $0.kept.map { "kept: \($0)" } + $0.submodules }
        )
    }

    func verify() async throws -> [CheckResult] {
        try await assess().map { finding in
            CheckResult(
                "code \(finding.name)",
                kind: "code",
                finding.isLoss ? .failed : finding.isOpen ? .untested : .verified,
                finding.detail
            )
        }
    }
}
