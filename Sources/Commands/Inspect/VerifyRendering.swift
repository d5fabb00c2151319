internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// What `verify` prints.
enum VerifyRendering {
    /// A restore point's result, and how the live system stands when that was compared.
    struct Result: Sendable {
        let verification: RestorePointVerification
        var depth: String
        var coverage: DataCoverage?
        var source: [LiveFinding]?

        /// What is wrong with packs counts for every restore point that the share was drawn from.
        var isIntact: Bool { verification.isIntact && coverage?.problems.isEmpty ?? true }
        var outcome: CheckOutcome {
            CheckOutcome.overall([isIntact ? .verified : .failed] + (source ?? []).map(\.sourceOutcome))
        }
    }

    /// See docs/reference/json.md.
    struct Output: Encodable {
        struct Part: Encodable {
            let component: Component
            let files: Int
            let bytes: Int64
            let blobs: Int
            let blobsRead: Int
            let bytesRead: Int64
            let problems: [VerificationProblem]
            let differences: [String]
        }
        struct Source: Encodable {
            let outcome: CheckOutcome
            let findings: [LiveFinding]
        }
        let restorePoint: String
        let verdict: String
        let outcome: CheckOutcome
        let depth: String
        let parts: [Part]
        let coverage: DataCoverage?
        let source: Source?
        /// With `--all`, in the newest restore point's entry alone: it is about the system.
        var expectations: [BackupExpectations.Line]?

        init(_ result: Result) {
            restorePoint = result.verification.restorePoint.manifest.id
            verdict = result.isIntact ? "intact" : "damaged"
            outcome = result.outcome
            depth = result.depth
            parts = result.verification.parts.map { part in
                Part(
                    component: part.component,
                    files: part.report.files,
                    bytes: part.report.totalBytes,
                    blobs: part.report.blobs,
                    blobsRead: part.report.blobsRead,
                    bytesRead: part.report.bytesRead,
                    problems: part.report.problems,
                    differences: part.differences
                )
            }
            coverage = result.coverage
            source = result.source.map {
                Source(outcome: CheckOutcome.overall($0.map(\.sourceOutcome)), findings: $0)
            }
        }
    }

    static func print(_ results: [Result]) {
        for result in results { print(result) }
        if let coverage = results.first?.coverage { print(coverage) }
    }

    private static func print(_ result: Result) {
        let verification = result.verification
        Console.result(
            "restore point \(verification.restorePoint.manifest.id): \(result.isIntact ? "intact" : "DAMAGED") (\(result.depth))"
        )
        for part in verification.parts {
            let report = part.report
            let read =
                result.depth == "content" ? ", \(report.blobsRead) read (\(Formatting.bytes(report.bytesRead)))" : ""
            Console.result(
                "  \(part.component.rawValue): \(Formatting.count(report.files, "file")), \(Formatting.bytes(report.totalBytes)), "
                    + "\(Formatting.count(report.blobs, "blob"))\(read)"
            )
            for difference in part.differences { Console.result("    differs: \(difference)") }
            for problem in report.problems {
                Console.result("    damaged: \(problem.message)")
                for path in problem.paths.prefix(20) { Console.result("      \(path)") }
                if problem.paths.count > 20 {
                    Console.result("      and \(problem.paths.count - 20) more (--json lists all)")
                }
            }
        }
        guard let source = result.source else { return }
        Console.result("  live system: \(CheckOutcome.overall(source.map(\.sourceOutcome)).rawValue)")
        for finding in source {
            Console.result(
                "    \(finding.state.rawValue): \(finding.component.rawValue) \(finding.name): \(finding.detail)"
            )
        }
    }

    private static func print(_ coverage: DataCoverage) {
        for problem in coverage.problems { Console.result("damaged: \(problem)") }
        Console.result(
            "read \(coverage.packsRead) of \(Formatting.count(coverage.packs, "pack")) (\(Formatting.bytes(coverage.bytesRead)) of "
                + "\(Formatting.bytes(coverage.bytes))), first what was read longest ago"
        )
        guard let age = coverage.oldestReadingAge, coverage.packs > 0 else { return }
        let share =
            coverage.packsCovered == coverage.packs
            ? "all of it" : "\(coverage.packsCovered) of \(Formatting.count(coverage.packs, "pack"))"
        let days = Formatting.count(age / 86_400, "day")
        Console.result("\(share) was read within \(days); the oldest reading is \(days) old")
    }
}
