internal import Glibc

/// What a recovery will do: printed by `--dry-run`, then executed.
public struct RecoverPlan: Sendable {
    /// How long it will probably take.
    public struct Estimate: Sendable, Hashable, Codable {
        /// In seconds; `nil` when no earlier run tells.
        public var seconds: Double?
        /// From what that was told, or why it was not.
        public var detail: String
    }

    /// What was found.
    public let assessment: RecoverAssessment
    /// What will be done to which component, in order.
    public let actions: [RecoveryAction]
    /// What that needs.
    public let requirements: [Requirement]
    /// The steps that will be made, in order.
    public let steps: [String]
    /// How long it will probably take.
    public let estimate: Estimate

    /// What is missing: the recovery cannot begin.
    public var missing: [Requirement] { requirements.filter { $0.state == .missing } }
    /// How many bytes will be written or sent, at most.
    public var bytes: Int64 { actions.reduce(0) { $0 + $1.bytes } }
    /// What of the live system will not be there any more.
    public var destroys: [String] {
        actions.compactMap { action in action.destroys.map { "\(action.component.rawValue) \(action.name): \($0)" } }
    }
}

extension RecoverRun {
    /// Plans what will be done about what was found, and looks whether everything for it is there. Changes nothing.
    ///
    /// - Throws: ``RecoveryError/Code/undetermined`` when a part of the live system does not answer: what is lost there is for the
    ///   operator to say.
    public func prepare(_ assessment: RecoverAssessment) async throws -> RecoverPlan {
        if let open = assessment.open.first { throw Self.undetermined(open, assessment.open) }
        var actions: [RecoveryAction] = []
        var requirements: [Requirement] = []
        for recovery in makeRecoveries(assessment.point, assessment.resumed) {
            let findings = assessment.findings.filter { $0.component == recovery.component }
            let planned = try await recovery.plan(findings)
            requirements += try await recovery.check(planned)
            actions += planned
        }
        let components = Set(actions.map(\.component)).union(assessment.resumed?.components ?? [])
        requirements += programs(for: components)
        for part in assessment.parts where part.integrity == .failed && components.contains(part.component) {
            requirements.append(
                Requirement(
                    "restore point \(assessment.point.manifest.id)",
                    .missing,
                    "its \(part.component.rawValue) is damaged: \(part.detail)",
                    remedy: "Name another restore point, or none: the newest that is whole is taken then."
                )
            )
        }
        return RecoverPlan(
            assessment: assessment,
            actions: actions,
            requirements: requirements,
            steps: steps(for: components, assessment.resumed),
            estimate: try await estimate(for: actions, assessment.point)
        )
    }

    private static func undetermined(_ first: LiveFinding, _ all: [LiveFinding]) -> RecoveryError {
        let isUnreachable = first.state == .unreachable
        return RecoveryError(
            .undetermined,
            "\(first.component.rawValue) '\(first.name)' \(isUnreachable ? "cannot be reached, which does not mean that it is lost" : "cannot be compared"): \(first.detail)",
            hint:
                "Start the server, or name the one that takes its place with '--qdrant-url URL'; '--only documents' recovers the rest without it."
        )
    }

    /// The steps of a recovery of these components: hooks around each, then the checks.
    func steps(for components: Set<Component>, _ state: RecoveryState?) -> [String] {
        var steps: [String] = []
        for component in components.sorted() {
            let before = HookPoint(.before, component)
            let after = HookPoint(.after, component)
            if configuration.recovery.hooks[before] != nil { steps.append(before.key) }
            steps.append(component.rawValue)
            if configuration.recovery.hooks[after] != nil { steps.append(after.key) }
        }
        if !components.isEmpty { steps.append(RecoverStep.verify) }
        if components.contains(.qdrant) { steps.append(RecoverStep.reingest) }
        if !components.isEmpty, watch != nil { steps.append(RecoverStep.watch) }
        return steps.filter { step in
            step == RecoverStep.verify || Component(rawValue: step) != nil || !(state?.hasFinished(step) ?? false)
        }
    }

    /// How the system is watched at the end, if it is.
    var watch: Watch? {
        let interval = configuration.recovery.watch?.interval ?? Watch.defaultInterval
        return options.watch.map { Watch(length: $0, interval: interval) } ?? configuration.recovery.watch
    }

    /// The programs that hooks and the re-ingestion run.
    private func programs(for components: Set<Component>) -> [Requirement] {
        var commands: [(use: String, command: ConfiguredCommand)] = []
        for point in HookPoint.all where components.contains(point.component) {
            if let hook = configuration.recovery.hooks[point] { commands.append(("hook \(point.key)", hook.command)) }
        }
        if components.contains(.qdrant), case .command(let command)? = configuration.recovery.reingest?.recipient {
            commands.append(("reingest", command))
        }
        return commands.map { use, command in
            guard let path = ProgramSearch.find(command.program, environment) else {
                return Requirement(
                    "program of \(use)",
                    .missing,
                    "there is no program '\(command.program)' that this user may run",
                    remedy: "Install it, or correct 'recovery' in the configuration."
                )
            }
            return Requirement("program of \(use)", .present, path)
        }
    }

    /// Scales what the newest proofs say that restoring each component took.
    private func estimate(for actions: [RecoveryAction], _ point: RestorePoint) async throws -> RecoverPlan.Estimate {
        guard !actions.isEmpty else { return RecoverPlan.Estimate(seconds: nil, detail: "nothing is restored") }
        var total = 0.0
        var sources: [String] = []
        for component in Set(actions.map(\.component)).sorted() {
            guard let known = try await duration(of: component) else {
                return RecoverPlan.Estimate(
                    seconds: nil,
                    detail: "no earlier recovery or drill of \(component.rawValue) is recorded"
                )
            }
            let bytes = actions.filter { $0.component == component }.reduce(0) { $0 + $1.bytes }
            total += known.seconds * max(1, Double(bytes)) / max(1, Double(known.bytes))
            sources.append("\(component.rawValue) as at \(known.time)")
        }
        return RecoverPlan.Estimate(seconds: total, detail: sources.joined(separator: ", "))
    }

    private struct KnownDuration {
        var seconds: Double
        var bytes: Int64
        var time: String
    }

    /// How long the newest recorded recovery or drill took for a component, and for how many bytes.
    private func duration(of component: Component) async throws -> KnownDuration? {
        let catalog = RecordCatalog(repository)
        let (points, _) = try await RestorePointCatalog(repository).survey(system: configuration.system)
        for point in points.prefix(50) {
            guard let part = point.manifest[component] else { continue }
            let proofs = try await catalog.records(of: point.manifest.id).records.compactMap(\.proof)
            for proof in proofs.reversed() where proof.outcome == .verified {
                guard let check = proof.checks.first(where: { $0.name == RecoverStep.proofName(of: component) }) else {
                    continue
                }
                // As actions count them: without holes.
                let warm = part.collections.isEmpty ? part.bytes : part.collections.reduce(0) { $0 + $1.dataBytes }
                let bytes = part.storage?.dataBytes ?? warm
                return KnownDuration(seconds: check.seconds, bytes: bytes, time: proof.finishedAt)
            }
        }
        return nil
    }
}

/// The names of the steps that are not about one component.
enum RecoverStep {
    static let verify = "verify"
    static let reingest = "reingest"
    static let watch = "watch"

    /// How a proof calls the restore of a component.
    static func proofName(of component: Component) -> String { "restore \(component.rawValue)" }
}

/// Finds programs as a shell does.
enum ProgramSearch {
    /// - Returns: the program's path, or `nil` when there is none that this user may run.
    static func find(_ program: String, _ environment: [String: String]) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        let folders = (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        return folders.lazy.map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
