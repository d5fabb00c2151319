internal import ResticFormat
internal import ResticRepository

/// Hears what a recovery does, step by step.
public protocol RecoverObserver: Sendable {
    /// A step begins.
    func stepBegan(_ step: String) async
    /// A step has ended, and that is recorded.
    ///
    /// - Throws: to end the recovery here, as an interruption would.
    func stepEnded(_ step: RecoveryState.Step) async throws
    /// Something was checked.
    func checked(_ result: CheckResult) async
}

extension RecoverRun {
    /// Does what was planned, and reports. A step that does not end well is in the report, and so is where it stopped.
    ///
    /// - Throws: `CancellationError`; ``RecoveryError/Code/refused`` when something is missing or another process recovers the same;
    ///   ``RecoveryError/Code/stateUnusable``. The next run goes on from the last step that has ended.
    public func run(_ plan: RecoverPlan, observer: any RecoverObserver) async throws -> RecoveryReport {
        if let missing = plan.missing.first {
            throw RecoveryError(
                .refused,
                "the recovery cannot begin: \(missing.name): \(missing.detail)",
                hint: missing.remedy
            )
        }
        let key = stateKey
        let claim = try store.claim(key)
        defer { withExtendedLifetime(claim) {} }
        var execution = RecoverExecution(run: self, plan: plan, key: key, observer: observer, state: begin(plan))
        try execution.save()
        let report = try await execution.execute()
        if report.stoppedAt == nil { try store.remove(key) }
        return report
    }

    /// The report when nothing is to be done.
    public func report(nothingLost assessment: RecoverAssessment) -> RecoveryReport {
        var report = RecoveryReport(assessment, tool: toolVersion, host: repository.repository.host.name, at: clock.now)
        report.warnings = assessment.remarks
        return report
    }

    private func begin(_ plan: RecoverPlan) -> RecoveryState {
        let assessment = plan.assessment
        let wanted = Set(plan.actions.map(\.component))
        guard var state = assessment.resumed else {
            return RecoveryState(
                repository: repository.repository.id,
                system: configuration.system,
                point: assessment.point.manifest.id,
                assessedAt: "\(assessment.time)",
                startedAt: "\(clock.now)",
                scenario: assessment.scenario,
                findings: assessment.findings,
                components: wanted
            )
        }
        state.attempts += 1
        state.components.formUnion(wanted)
        // A component that is lost again, or was never whole, has no finished steps.
        for component in wanted {
            let steps = [component.rawValue] + HookPoint.Moment.allCases.map { HookPoint($0, component).key }
            let wasFinished = state.hasFinished(component.rawValue)
            state.steps.removeAll { step in
                // What was made before an interrupted restore need not be made again.
                steps.contains(step.id) && (wasFinished || step.id != HookPoint(.before, component).key)
            }
            state.outcomes.removeAll { outcome in
                plan.actions.contains { $0.component == outcome.component && $0.name == outcome.name }
            }
            if component == .qdrant {
                state.reingest = nil
                state.steps.removeAll { $0.id == RecoverStep.reingest }
            }
        }
        state.steps.removeAll { $0.outcome == .failed || $0.id == RecoverStep.verify || $0.id == RecoverStep.watch }
        return state
    }
}

/// A recovery while it is executed. One task owns it.
struct RecoverExecution {
    let run: RecoverRun
    let plan: RecoverPlan
    let key: String
    let observer: any RecoverObserver
    var state: RecoveryState
    var checks: [CheckResult] = []
    var watch: WatchReport?

    /// A step did not end well: nothing comes after it.
    private struct GateClosed: Error {
        let step: String
    }

    func save() throws { try run.store.save(state, for: key) }

    mutating func execute() async throws -> RecoveryReport {
        var stoppedAt: String?
        do {
            for component in state.components.sorted() where run.options.chooses(component) {
                try await hook(HookPoint(.before, component))
                try await restore(component)
                try await hook(HookPoint(.after, component))
            }
            try await verify()
            if state.components.contains(.qdrant) { try await reingest() }
            try await watchSystem()
        } catch let gate as GateClosed {
            stoppedAt = gate.step
        }
        return makeReport(stoppedAt)
    }

    // MARK: Steps

    /// Makes a step unless it has ended well already, and records how it ends.
    private mutating func step(
        _ id: String,
        _ body: (inout RecoverExecution) async throws -> (CheckOutcome, String)
    ) async throws {
        guard !state.hasFinished(id) else { return }
        try Task.checkCancellation()
        await observer.stepBegan(id)
        let began = run.clock.now
        let start = ContinuousClock.now
        var ending: (outcome: CheckOutcome, detail: String)
        do {
            ending = try await body(&self)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // Whatever it looks like: a cancelled call is no failure.
            try Task.checkCancellation()
            ending = (.failed, FailureText.of(error))
        }
        let step = RecoveryState.Step(
            id: id,
            startedAt: "\(began)",
            seconds: (ContinuousClock.now - start).seconds,
            outcome: ending.outcome,
            detail: ending.detail
        )
        state.steps.removeAll { $0.id == id }
        state.steps.append(step)
        try save()
        try await observer.stepEnded(step)
        if step.outcome == .failed { throw GateClosed(step: id) }
    }

    private mutating func hook(_ point: HookPoint) async throws {
        guard let hook = run.configuration.recovery.hooks[point] else { return }
        // A component that was whole already needs no restart before it.
        let (run, plan, scenario) = (run, plan, state.scenario)
        try await step(point.key) { _ in
            var environment = run.environment
            environment["HOLDFAST_HOOK"] = point.key
            environment["HOLDFAST_COMPONENT"] = point.component.rawValue
            environment["HOLDFAST_SYSTEM"] = run.configuration.system
            environment["HOLDFAST_RESTORE_POINT"] = plan.assessment.point.manifest.id
            environment["HOLDFAST_SCENARIO"] = scenario.rawValue
            if let target = run.options.target { environment["HOLDFAST_TARGET"] = target }
            let ending = try await hook.command.run(
                environment: environment,
                timeout: hook.timeout,
                showsOutput: true
            )
            if let failure = ending.failure(within: hook.timeout) {
                return (.failed, "'\(hook.command.program)' \(failure)")
            }
            return (.verified, "'\(hook.command.program)' ended with exit status 0")
        }
    }

    private mutating func restore(_ component: Component) async throws {
        try await step(component.rawValue) { execution in try await execution.restoreStep(component) }
    }

    private mutating func restoreStep(_ component: Component) async throws -> (CheckOutcome, String) {
        let recoveries = run.makeRecoveries(plan.assessment.point, state)
        guard let recovery = recoveries.first(where: { $0.component == component }) else {
            return (.untested, "it is not in the restore point, or was not chosen")
        }
        // Looked at again: a hook may have changed the system, and time has passed since the plan was agreed to.
        var findings = try await recovery.assess()
        findings = RecoverRun.admittingReingestion(findings, state, plan.assessment.point.manifest)
        if let open = findings.first(where: \.isOpen) { return (.failed, "\(open.name): \(open.detail)") }
        let actions = try await recovery.plan(findings)
        for action in actions where action.destroys != nil {
            guard plan.actions.contains(where: { $0.agrees(with: action) }) else {
                return (
                    .failed,
                    "\(action.name) has changed since the plan was made: \(action.destroys ?? "") would be replaced; run the command again to see the new plan"
                )
            }
        }
        var differences: [String] = []
        for action in actions {
            state.unfinished[action.name] = component == .qdrant ? action.kind : nil
            try save()
            let outcome = try await recovery.run(action)
            state.unfinished[action.name] = nil
            state.outcomes.append(outcome)
            try save()
            differences += outcome.differences.map { "\(outcome.name): \($0)" }
        }
        if let first = differences.first {
            let rest = differences.count > 1 ? " and \(differences.count - 1) more" : ""
            return (.failed, "what was restored differs from what was captured: \(first)\(rest)")
        }
        let done = state.outcomes.filter { $0.component == component }.map { "\($0.name): \($0.detail)" }
        return (.verified, done.isEmpty ? "as captured; nothing was done" : done.joined(separator: "; "))
    }

    private mutating func verify() async throws {
        guard !state.components.isEmpty else { return }
        try await step(RecoverStep.verify) { execution in
            let (run, observer) = (execution.run, execution.observer)
            var results: [CheckResult] = []
            for recovery in run.makeRecoveries(execution.plan.assessment.point, execution.state) {
                let start = ContinuousClock.now
                var found = try await recovery.verify()
                let seconds = (ContinuousClock.now - start).seconds / Double(max(1, found.count))
                for index in found.indices { found[index].seconds = seconds }
                // After a re-ingestion the collections are another generation.
                if recovery.component == .qdrant, execution.state.reingest?.changes.isEmpty == false {
                    for index in found.indices where found[index].outcome == .failed {
                        found[index].outcome = .untested
                        found[index].detail += "; documents were ingested since"
                    }
                }
                for result in found { await observer.checked(result) }
                results += found
            }
            let probes = try await ProbeRun(
                run.configuration.probes,
                environment: run.environment,
                clock: run.clock
            ).run()
            for result in probes { await observer.checked(result) }
            execution.checks = results + probes
            return Self.summary(of: execution.checks)
        }
    }

    private static func summary(of checks: [CheckResult]) -> (CheckOutcome, String) {
        let failed = checks.filter { $0.outcome == .failed }
        let untested = checks.filter { $0.outcome == .untested }
        let passed = checks.count - failed.count - untested.count
        var text = "\(passed) of \(checks.count) checks passed"
        if let first = failed.first { text += "; \(first.name): \(first.detail)" }
        if let first = untested.first { text += "; \(untested.count) could not be made: \(first.name)" }
        return (CheckOutcome.overall(checks.map(\.outcome)), text)
    }

    private mutating func reingest() async throws {
        try await step(RecoverStep.reingest) { execution in
            let run = execution.run
            let changes = try await DocumentChanges(context: run.makeContext(execution.plan.assessment.point)).find()
            guard !changes.isEmpty else {
                return (.verified, "no document was changed since the collections were captured")
            }
            var report = ReingestReport(changes: changes, outcome: .untested, detail: "", seconds: 0)
            guard let settings = run.configuration.recovery.reingest else {
                report.detail =
                    "\(changes.count) documents were changed since the collections were captured; 'recovery.reingest' does not say how to ingest them"
                execution.state.reingest = report
                return (.untested, report.detail)
            }
            // Noted before: an interruption may leave some of them ingested.
            execution.state.reingest = report
            try execution.save()
            var environment = run.environment
            environment["HOLDFAST_SYSTEM"] = run.configuration.system
            environment["HOLDFAST_RESTORE_POINT"] = execution.plan.assessment.point.manifest.id
            report = try await ReingestRun(settings: settings, environment: environment, clock: run.clock).run(changes)
            execution.state.reingest = report
            guard report.outcome == .verified, let client = run.client else { return (report.outcome, report.detail) }
            let context = run.makeContext(execution.plan.assessment.point)
            let lineage = try await LineageVerification(context: context, client: client).checkIngested(changes)
            for result in lineage { await execution.observer.checked(result) }
            execution.checks += lineage
            // Without lineage in the configuration, only the application can say that it has ingested them.
            guard !lineage.isEmpty else {
                return (.verified, report.detail + "; no lineage is configured to compare with")
            }
            return (
                CheckOutcome.overall(lineage.map(\.outcome)),
                "\(report.detail); " + lineage.map(\.detail).joined(separator: "; ")
            )
        }
    }

    private mutating func watchSystem() async throws {
        guard !state.components.isEmpty, let watch = run.watch else { return }
        try await step(RecoverStep.watch) { execution in
            let run = execution.run
            let report = try await WatchRun(
                watch: watch,
                probes: run.configuration.probes,
                environment: run.environment,
                clock: run.clock
            ).run()
            execution.watch = report
            guard !report.counts.isEmpty else { return (.untested, "no probe is configured that could be asked") }
            let failures = report.counts.reduce(0) { $0 + $1.failed }
            let asked = report.counts.reduce(0) { $0 + $1.failed + $1.passed }
            return (report.outcome, "\(report.rounds) rounds; \(failures) of \(asked) answers were failures")
        }
    }

    // MARK: Report

    private func makeReport(_ stoppedAt: String?) -> RecoveryReport {
        let now = run.clock.now
        var report = RecoveryReport(
            plan.assessment,
            tool: run.toolVersion,
            host: run.repository.repository.host.name,
            at: now
        )
        report.outcome = stoppedAt != nil ? .failed : CheckOutcome.overall(state.steps.map(\.outcome))
        report.scenario = state.scenario
        report.assessedAt = state.assessedAt
        report.startedAt = state.startedAt
        report.attempts = state.attempts
        report.findings = state.findings
        report.steps = state.steps
        report.restored = state.outcomes
        report.checks = checks
        report.reingest = state.reingest
        report.watch = watch
        report.differences =
            state.outcomes.flatMap { outcome in
                outcome.differences.map { "\(outcome.component.rawValue) \(outcome.name): \($0)" }
            }
            + checks.filter { $0.outcome == .failed }.map { "\($0.name): \($0.detail)" }
        report.warnings = plan.assessment.remarks + state.outcomes.flatMap(\.warnings)
        report.stoppedAt = stoppedAt
        let reference = run.options.lostAt ?? GoTime(rfc3339: state.assessedAt) ?? now
        report.rpoReference = run.options.lostAt == nil ? "assessment" : "loss"
        report.rpoSeconds = state.components.compactMap { component in
            plan.assessment.parts.first { $0.component == component }.flatMap { GoTime(rfc3339: $0.capturedAt) }
                .map { $0.duration(to: reference).seconds }
        }.max()
        // The time of watching is not a time of being away.
        let watched = state.steps.first { $0.id == RecoverStep.watch }?.seconds ?? 0
        if stoppedAt == nil, let assessed = GoTime(rfc3339: state.assessedAt) {
            report.rtoSeconds = max(0, assessed.duration(to: now).seconds - watched)
        }
        return report
    }
}

extension RecoveryAction {
    /// Whether it is what was agreed to: the same is replaced in the same way.
    func agrees(with other: RecoveryAction) -> Bool {
        component == other.component && name == other.name && kind == other.kind && target == other.target
    }
}

extension RecoveryReport {
    /// What an assessment says, before anything is done.
    init(_ assessment: RecoverAssessment, tool: String, host: String, at time: GoTime) {
        let manifest = assessment.point.manifest
        self.init(
            system: manifest.system,
            tool: tool,
            host: host,
            outcome: CheckOutcome.verified,
            scenario: assessment.scenario,
            assessedAt: "\(assessment.time)",
            startedAt: nil,
            finishedAt: "\(time)",
            attempts: 1,
            point: Point(
                id: manifest.id,
                startedAt: manifest.startedAt,
                finishedAt: manifest.finishedAt,
                distanceSeconds: assessment.choice.distance?.seconds,
                passed: assessment.choice.passed,
                doubts: assessment.choice.doubts
            ),
            findings: assessment.findings,
            available: assessment.parts,
            steps: [],
            restored: [],
            checks: [],
            reingest: nil,
            watch: nil,
            differences: [],
            warnings: assessment.remarks,
            rpoReference: "assessment",
            rpoSeconds: nil,
            rtoSeconds: nil,
            stoppedAt: nil
        )
    }
}

/// An error in one sentence, for a report: message, hint and nothing of its causes.
enum FailureText {
    static func of(_ error: any Error) -> String {
        guard let parts = parts(error) else { return "\(type(of: error))" }
        return parts.hint.map { "\(parts.message). \($0)" } ?? parts.message
    }
}
