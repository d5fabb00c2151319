internal import Foundation
internal import ResticFormat
public import ResticRepository

/// Restores checkouts from their bundles: commits, branches, tags, remotes, the checked-out files, and what was not committed. No remote
/// is asked for anything.
public struct CodeRestore: Sendable {
    /// Where to.
    public enum Destination: Sendable, Hashable {
        /// Where the checkout was: only when nothing is there.
        case original
        /// Where the checkout was: a repository that is there is brought to the restore point's state; its own commits stay.
        case inPlace
        /// Another folder, in which each checkout gets one of its own name.
        case folder(String)
    }

    /// One checkout's part of the plan.
    public struct Step: Sendable {
        /// The checkout as it was backed up.
        public let checkout: RestorePointManifest.CheckoutSummary
        /// Where it goes.
        public let target: String
        let mayUpdate: Bool
    }

    /// What a checkout's restore did.
    public struct Outcome: Sendable {
        /// How it came about.
        public enum Action: String, Sendable, Hashable, Codable {
            /// It was made anew.
            case rebuilt
            /// The repository that was there was changed.
            case updated
            /// It was as it should be.
            case unchanged
        }

        /// The checkout.
        public let checkout: RestorePointManifest.CheckoutSummary
        /// Where it went.
        public let target: String
        /// How.
        public let action: Action
        /// Files whose uncommitted changes were put back; they are staged.
        public internal(set) var changedFiles = 0
        /// Untracked files that were put back.
        public internal(set) var untrackedFiles = 0
        /// Branches and tags that keep commits that only the live repository had, and files that keep changes.
        public internal(set) var kept: [String] = []
        /// Submodules, which are not restored, with the command that fetches each.
        public internal(set) var submodules: [String] = []
        /// What a comparison of the restored checkout with the repository found wrong.
        public internal(set) var differences: [String] = []
        /// What is left to do.
        public internal(set) var warnings: [String] = []
    }

    private let point: RestorePoint
    private let repository: IndexedRepository
    private let destination: Destination
    private let appliesChanges: Bool
    private let progress: any ProgressSink

    /// - Parameter appliesChanges: whether what was not committed is put back too; without it, the checkout is that of the commit.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        to destination: Destination,
        appliesChanges: Bool = true,
        progress: any ProgressSink = SilentProgress()
    ) {
        self.point = point
        self.repository = repository
        self.destination = destination
        self.appliesChanges = appliesChanges
        self.progress = progress
    }

    /// What will be restored where.
    ///
    /// - Parameter names: the checkouts to restore; empty for all.
    public func plan(_ names: [String]) throws -> [Step] {
        let checkouts = point.manifest[.code]?.checkouts ?? []
        for name in names where !checkouts.contains(where: { $0.name == name }) {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds no code '\(name)'",
                hint: "It holds: \(checkouts.map(\.name).joined(separator: ", "))."
            )
        }
        return checkouts.filter { names.isEmpty || names.contains($0.name) }.map { checkout in
            switch destination {
            case .original: Step(checkout: checkout, target: checkout.path, mayUpdate: false)
            case .inPlace: Step(checkout: checkout, target: checkout.path, mayUpdate: true)
            case .folder(let path):
                // Whole: git is not run in this process's folder.
                Step(
                    checkout: checkout,
                    target: URL(filePath: "\(path)/\(checkout.name)").standardizedFileURL.path,
                    mayUpdate: false
                )
            }
        }
    }

    /// Makes sure that every target may be written to and nothing in it would be lost, before anything is changed anywhere.
    ///
    /// - Throws: ``RecoveryError/Code/targetNotEmpty``, ``RecoveryError/Code/refused``.
    public func check(_ steps: [Step]) async throws {
        for step in steps { _ = try await decide(step, try await stored(step)) }
    }

    /// Restores, then compares what is there with the restore point.
    public func run(_ steps: [Step]) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for step in steps {
            let stored = try await stored(step)
            progress.begin("restore \(step.checkout.name)", totalBytes: step.checkout.bundleBytes)
            defer { progress.end() }
            let action = try await decide(step, stored)
            var outcome = Outcome(checkout: step.checkout, target: step.target, action: action)
            let work = CheckoutRestore(
                stored: stored,
                target: step.target,
                point: point.manifest.id,
                appliesChanges: appliesChanges,
                progress: { [progress] in progress.advance($0) }
            )
            switch action {
            case .unchanged: break
            case .rebuilt: try await work.rebuild(&outcome)
            case .updated: try await work.update(&outcome)
            }
            outcome.submodules = stored.manifest.submodules.map { Self.advice($0, in: step.target) }
            outcomes.append(outcome)
        }
        return outcomes
    }

    private func stored(_ step: Step) async throws -> StoredCheckout {
        try await StoredCheckout(step.checkout.name, in: point.tree(of: .code), of: repository)
    }

    /// What has to be done, or why it must not be.
    private func decide(_ step: Step, _ stored: StoredCheckout) async throws -> Outcome.Action {
        let manifest = stored.manifest
        guard manifest.commit == nil || !manifest.bundles.isEmpty else { throw withoutBundle(manifest) }
        guard GitLayout.type(step.target) != nil else { return .rebuilt }
        if let names = try? FileManager.default.contentsOfDirectory(atPath: step.target), names.isEmpty {
            return .rebuilt
        }
        let comparison = try await CodeComparison.compare(stored, at: step.target)
        // What the user asked for without changes is not the same as with them.
        if comparison.hasSameContent, appliesChanges || manifest.dirty?.isClean ?? true { return .unchanged }
        guard step.mayUpdate else { throw notEmpty(step, comparison.finding.detail) }
        guard comparison.finding.state != .unreadable else { throw notEmpty(step, comparison.finding.detail) }
        try await CheckoutRestore(
            stored: stored,
            target: step.target,
            point: point.manifest.id,
            appliesChanges: appliesChanges,
            progress: { _ in }
        ).checkUpdate()
        return .updated
    }

    private func notEmpty(_ step: Step, _ detail: String) -> RecoveryError {
        RecoveryError(
            .targetNotEmpty,
            "there is something at '\(step.target)', where the checkout '\(step.checkout.name)' is to be restored: \(detail)",
            hint:
                "Bring the repository that is there to this state with '--in-place', restore into another folder with '--target DIR', or move it away."
        )
    }

    private func withoutBundle(_ manifest: CodeManifest) -> RecoveryError {
        let commit = manifest.commit ?? "?"
        let remote = manifest.remotes.first?.urls.first
        return RecoveryError(
            .notInRestorePoint,
            "restore point \(point.manifest.id) holds no commits of '\(manifest.name)': "
                + (manifest.bundleMissing ?? "its entry had 'bundle: false'"),
            hint: remote.map { "Run 'git clone \($0)' and 'git checkout \(commit)'." }
                ?? "Find commit \(commit) in another clone."
        )
    }

    private static func advice(_ module: CodeManifest.Submodule, in target: String) -> String {
        let source = module.url.map { " from \($0)" } ?? ""
        return "\(module.path) at \(module.commit)\(source): git -C \(target) submodule update --init -- \(module.path)"
    }
}
