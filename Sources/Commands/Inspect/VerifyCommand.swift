internal import ArgumentParser
internal import Recovery
internal import ResticRepository

/// `holdfast verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that a restore point can be read back.",
        discussion: """
            Reads every tree and every blob of the restore point, decrypts and hashes them, and compares the number and size of
            files with what the manifest says. Ends with 1 when anything is damaged, naming the files it hits.

              holdfast verify
              holdfast verify 4f2a9c01 --structure-only
              holdfast verify --all
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Flag(name: .long, help: "Every restore point of the system.")
    var all = false

    @Flag(name: .long, help: "Only the structure: trees, index, and that packs are there; no content is read.")
    var structureOnly = false

    private struct Output: Encodable {
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
        let restorePoint: String
        let verdict: String
        let depth: String
        let parts: [Part]
    }

    func run() async throws {
        let session = try Session(common)
        let (id, all, progress) = (point, all, common.makeProgress())
        let depth: TreeVerifier.Depth = structureOnly ? .structure : .content
        let results = try await session.withRepositoryForReading(provesIndex: true) { repository in
            let catalog = RestorePointCatalog(repository)
            let points =
                all
                ? try await catalog.list(system: session.configuration.system)
                : [try await catalog.find(id, system: id == "latest" ? session.configuration.system : nil)]
            var results: [RestorePointVerification] = []
            for point in points {
                results.append(try await VerificationRun(repository, progress: progress).verify(point, depth: depth))
            }
            return results
        }
        guard !results.isEmpty else {
            throw RecoveryError(
                .noRestorePoint,
                "there is no restore point to verify",
                hint: "Run 'holdfast backup' first."
            )
        }
        if common.json {
            try Console.json(results.map(output))
        } else {
            for result in results { print(result) }
        }
        if !results.allSatisfy(\.isIntact) { throw ExitStatus.failed }
    }

    private func print(_ result: RestorePointVerification) {
        let depth = result.depth == .content ? "content" : "structure"
        Console.result(
            "restore point \(result.restorePoint.manifest.id): \(result.isIntact ? "intact" : "DAMAGED") (\(depth))"
        )
        for part in result.parts {
            let report = part.report
            let read =
                result.depth == .content ? ", \(report.blobsRead) read (\(Formatting.bytes(report.bytesRead)))" : ""
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
    }

    private func output(_ result: RestorePointVerification) -> Output {
        Output(
            restorePoint: result.restorePoint.manifest.id,
            verdict: result.isIntact ? "intact" : "damaged",
            depth: result.depth == .content ? "content" : "structure",
            parts: result.parts.map { part in
                Output.Part(
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
        )
    }
}
