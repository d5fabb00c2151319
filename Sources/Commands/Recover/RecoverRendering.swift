internal import Recovery

/// What `recover` says: the assessment, the plan and the end.
enum RecoverRendering {
    // MARK: Assessment

    static func print(_ assessment: RecoverAssessment, _ common: CommonOptions, toResult: Bool) {
        for line in lines(assessment) { if toResult { Console.result(line) } else { common.remark(line) } }
    }

    static func lines(_ assessment: RecoverAssessment) -> [String] {
        let manifest = assessment.point.manifest
        var lines = ["assessment of '\(manifest.system)': \(assessment.scenario.summary)"]
        for finding in assessment.findings {
            lines.append("  \(pad(finding.component)) \(finding.name): \(finding.state.rawValue): \(finding.detail)")
        }
        lines.append("available: restore point \(manifest.id) of \(manifest.startedAt)")
        for part in assessment.parts {
            let proven = part.provenAt.map { "proven \($0)" } ?? "not proven yet"
            lines.append(
                "  \(pad(part.component)) \(Formatting.count(part.files, "file")), \(Formatting.bytes(part.bytes)), "
                    + "\(Formatting.duration(.seconds(part.ageSeconds))) old, \(part.detail), \(proven)"
            )
        }
        if let distance = assessment.choice.distance {
            lines.append("  its captures ended \(Formatting.duration(distance)) before the wished moment")
        }
        for passed in assessment.choice.passed {
            lines.append("  passed over: \(passed.id) of \(passed.startedAt) \(passed.reason)")
        }
        for doubt in assessment.choice.doubts { lines.append("  doubt: \(doubt)") }
        for remark in assessment.remarks { lines.append("  remark: \(remark)") }
        if let resumed = assessment.resumed {
            let done = resumed.steps.filter { $0.outcome != .failed }.map(\.id)
            lines.append(
                "an interrupted recovery, begun \(resumed.startedAt), is continued"
                    + (done.isEmpty ? "" : " after: \(done.joined(separator: ", "))")
            )
        }
        if assessment.needsNothing { lines.append("nothing is lost: nothing is done") }
        return lines
    }

    // MARK: Plan

    struct PlanOutput: Encodable {
        let system: String
        let restorePoint: String
        let scenario: RecoveryScenario
        let findings: [LiveFinding]
        let available: [RecoverAssessment.Part]
        let actions: [RecoveryAction]
        let requirements: [Requirement]
        let steps: [String]
        let bytes: Int64
        let estimate: RecoverPlan.Estimate
        let passed: [PointChoice.Passed]
        let doubts: [String]
        let distanceSeconds: Double?
        let resumes: Bool
    }

    static func print(_ plan: RecoverPlan, _ common: CommonOptions) throws {
        guard common.json else { return printPlan(plan) { Console.result($0) } }
        let assessment = plan.assessment
        try Console.json(
            PlanOutput(
                system: assessment.point.manifest.system,
                restorePoint: assessment.point.manifest.id,
                scenario: assessment.scenario,
                findings: assessment.findings,
                available: assessment.parts,
                actions: plan.actions,
                requirements: plan.requirements,
                steps: plan.steps,
                bytes: plan.bytes,
                estimate: plan.estimate,
                passed: assessment.choice.passed,
                doubts: assessment.choice.doubts,
                distanceSeconds: assessment.choice.distance?.inSeconds,
                resumes: assessment.resumed != nil
            )
        )
    }

    static func printPlan(_ plan: RecoverPlan, _ say: (String) -> Void) {
        for line in lines(plan) { say(line) }
    }

    static func lines(_ plan: RecoverPlan) -> [String] {
        guard !plan.actions.isEmpty || !plan.steps.isEmpty else { return [] }
        var lines = ["preparation:"]
        for requirement in plan.requirements {
            lines.append("  \(requirement.state.rawValue): \(requirement.name): \(requirement.detail)")
            if requirement.state == .missing, let remedy = requirement.remedy { lines.append("    \(remedy)") }
        }
        lines.append("plan, \(Formatting.bytes(plan.bytes)) to be written:")
        for step in plan.steps {
            guard let component = Component(rawValue: step) else {
                lines.append("  \(step)")
                continue
            }
            let actions = plan.actions.filter { $0.component == component }
            lines.append("  \(step)\(actions.isEmpty ? ": as captured; nothing to do" : "")")
            for action in actions {
                lines.append(
                    "    \(action.name) in \(action.target): \(action.detail), \(Formatting.bytes(action.bytes))"
                )
                if let destroys = action.destroys { lines.append("      replaces \(destroys)") }
                for warning in action.warnings { lines.append("      note: \(warning)") }
            }
        }
        let estimate = plan.estimate.seconds.map { "about \(Formatting.duration(.seconds($0)))" } ?? "unknown"
        lines.append("time: \(estimate) (\(plan.estimate.detail))")
        return lines
    }

    // MARK: End

    static func print(_ report: RecoveryReport) {
        guard !report.steps.isEmpty else { return }
        Console.result(
            "recovery of '\(report.system)': \(report.outcome == .failed ? "FAILED" : report.outcome.rawValue)"
        )
        Console.result("  lost       \(report.scenario.summary)")
        Console.result("  from       restore point \(report.point.id) of \(report.point.startedAt)")
        for step in report.steps {
            Console.result(
                "  \(step.outcome == .failed ? "FAILED" : step.outcome.rawValue): \(step.id), \(Formatting.duration(.seconds(step.seconds))): \(step.detail)"
            )
        }
        for difference in report.differences { Console.result("    differs: \(difference)") }
        if let rpo = report.rpoSeconds {
            Console.result("  RPO        \(Formatting.duration(.seconds(rpo))) before the \(report.rpoReference)")
        }
        if let rto = report.rtoSeconds { Console.result("  RTO        \(Formatting.duration(.seconds(rto)))") }
        for warning in report.warnings { Console.note("warning: \(warning)") }
        if let step = report.stoppedAt {
            Console.note("stopped at '\(step)': run the command again when the cause is removed; it goes on from there")
        }
    }

    private static func pad(_ component: Component) -> String {
        component.rawValue + String(repeating: " ", count: max(0, 13 - component.rawValue.count))
    }
}
