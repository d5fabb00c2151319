internal import FoundationEssentials
internal import Recovery

/// The plan and the result of a drill, for people and for programs.
enum DrillRendering {
    struct Output: Encodable {
        let drill: DrillPlan.Kind
        let restorePoint: String
        let outcome: CheckOutcome
        let components: [String: CheckOutcome]
        let startedAt: String
        let finishedAt: String
        let seconds: Double
        let bytes: Int64
        let checks: [CheckResult]
        let leftovers: [String]
    }

    static func output(_ report: DrillReport) -> Output {
        Output(
            drill: report.plan.kind,
            restorePoint: report.plan.point.manifest.id,
            outcome: report.outcome,
            components: Dictionary(
                report.plan.components.map { ($0.rawValue, report.outcome(of: $0)) },
                uniquingKeysWith: { first, _ in first }
            ),
            startedAt: "\(report.startedAt)",
            finishedAt: "\(report.finishedAt)",
            seconds: report.took.inSeconds,
            bytes: report.plan.byteCount,
            checks: report.checks,
            leftovers: report.leftovers
        )
    }

    static func print(_ report: DrillReport) {
        let point = report.plan.point.manifest
        Console.result(
            "drill \(report.plan.kind.rawValue) of restore point \(point.id) (\(point.startedAt)): \(verdict(report.outcome)) in \(Formatting.duration(report.took))"
        )
        for check in report.checks {
            let mark = check.outcome.rawValue + String(repeating: " ", count: 8 - check.outcome.rawValue.count)
            Console.result(
                "  \(mark)  \(check.name) (\(Formatting.duration(.seconds(check.seconds)))): \(check.detail)"
            )
        }
        for component in report.plan.components where report.proof(of: component) == .verified {
            Console.result("  proven    \(component.rawValue)")
        }
    }

    private static func verdict(_ outcome: CheckOutcome) -> String {
        switch outcome {
        case .verified: "verified"
        case .failed: "FAILED"
        case .untested: "could not be tested in full"
        }
    }

    private struct PlanOutput: Encodable {
        let drill: DrillPlan.Kind
        let restorePoint: String
        let components: [Component]
        let bytes: Int64
        let folder: String?
        let qdrant: String?
        let application: String?
    }

    static func printPlan(_ plan: DrillPlan, _ settings: DrillSettings, _ common: CommonOptions) throws {
        let needsServer = plan.components.contains(.qdrant)
        if common.json {
            return try Console.json(
                PlanOutput(
                    drill: plan.kind,
                    restorePoint: plan.point.manifest.id,
                    components: plan.components,
                    bytes: plan.byteCount,
                    folder: settings.folder,
                    qdrant: needsServer ? settings.server.map(describe) : nil,
                    application: plan.kind == .full ? settings.application?.command.program : nil
                )
            )
        }
        Console.result(
            "would restore \(Formatting.bytes(plan.byteCount)) of restore point \(plan.point.manifest.id) (\(plan.point.manifest.startedAt)):"
        )
        let folder = settings.folder ?? "the system's temporary folder"
        for component in plan.components {
            let place =
                component == .qdrant
                ? settings.server.map(describe) ?? "nowhere: no scratch Qdrant is configured ('drill.qdrant')"
                : "a folder in \(folder)"
            Console.result("  \(component.rawValue) into \(place)")
        }
        if plan.kind == .full {
            Console.result(
                settings.application.map {
                    "  then '\($0.command.program)' over it, asked by \(Formatting.count($0.probes.count, "probe"))"
                } ?? "  no application: no staging copy is configured ('drill.application')"
            )
        }
    }

    private static func describe(_ server: DrillSettings.Server) -> String {
        switch server {
        case .program(let name): "a Qdrant of its own ('\(name)')"
        case .container(let image): "a container of '\(image)'"
        case .command(let command): "a Qdrant of its own ('\(command.program)')"
        case .embedded: "the embedded Qdrant"
        case .running(let url, _, _): "the scratch Qdrant at \(url.absoluteString), under names of its own"
        }
    }
}
