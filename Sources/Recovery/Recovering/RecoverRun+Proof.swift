internal import ResticFormat
internal import ResticRepository

extension RecoverRun {
    /// What a recovery has shown about its restore point; `nil` when nothing was restored.
    ///
    /// It is about the data: a probe that fails, or documents that wait to be ingested, say nothing against the restore point.
    public func proof(from report: RecoveryReport, of point: RestorePoint) -> Proof? {
        let components = Component.allCases.filter { component in
            point.manifest[component] != nil && report.restored.contains { $0.component == component }
        }
        guard !components.isEmpty, let started = report.startedAt.flatMap({ GoTime(rfc3339: $0) }) else { return nil }
        let steps = report.steps.compactMap { step -> Proof.Check? in
            guard let component = Component(rawValue: step.id), components.contains(component) else { return nil }
            return Proof.Check(
                name: RecoverStep.proofName(of: component),
                outcome: Proof.Outcome(step.outcome),
                detail: step.detail,
                seconds: step.seconds
            )
        }
        let names = Set(components.map(\.rawValue))
        let checks = report.checks.filter { names.contains($0.kind) }.map {
            Proof.Check(name: $0.name, outcome: Proof.Outcome($0.outcome), detail: $0.detail, seconds: $0.seconds)
        }
        let probes = report.checks.filter { !names.contains($0.kind) }.map {
            Proof.Check(
                name: "probe \($0.name)",
                outcome: Proof.Outcome($0.outcome),
                detail: $0.detail,
                seconds: $0.seconds
            )
        }
        // A step that never came to its end shows nothing.
        guard steps.count == components.count else { return nil }
        let outcomes = (steps + checks).map(\.outcome)
        return Proof(
            restorePoint: point.manifest.id,
            kind: .recovery,
            components: components,
            outcome: outcomes.contains(.failed) ? .failed : outcomes.contains(.untested) ? .untested : .verified,
            startedAt: started,
            finishedAt: GoTime(rfc3339: report.finishedAt) ?? clock.now,
            tool: toolVersion,
            host: report.host,
            checks: steps + checks + probes
        )
    }
}

extension Proof.Outcome {
    /// The same in the words of proofs.
    init(_ outcome: CheckOutcome) {
        self =
            switch outcome {
            case .verified: .verified
            case .failed: .failed
            case .untested: .untested
            }
    }
}
