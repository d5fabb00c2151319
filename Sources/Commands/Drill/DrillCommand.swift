internal import ArgumentParser
internal import Foundation
internal import Recovery
internal import ResticRepository

/// `holdfast drill`
struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Restore into a scratch place, compare, and record that it works.",
        discussion: """
            Nothing of the live system is touched. A restore point that stands the drill is proven: 'holdfast points' says so, and
            'holdfast forget' keeps the newest one. Ends with 0 when everything was verified, with 1 when something failed, and with 3
            when something could not be tested.

              holdfast drill documents            (monthly)
              holdfast drill qdrant               (quarterly)
              holdfast drill full                 (twice a year)
              holdfast drill qdrant 4f2a9c01 --qdrant-url http://127.0.0.1:16333
              holdfast drill full --dry-run
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: "What is rehearsed: documents, qdrant or full.")
    var kind: DrillPlan.Kind

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Option(help: ArgumentHelp("Where the scratch folder is made.", valueName: "folder"))
    var folder: String?

    @Option(
        name: .customLong("qdrant-url"),
        help: ArgumentHelp("A scratch Qdrant that runs already, in place of the configured one.", valueName: "url")
    )
    var qdrantURL: String?

    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp(
            "A file of age identities that opens sealed configuration; may be repeated.",
            valueName: "file"
        )
    )
    var identities: [String] = []

    @Flag(name: .long, help: "Leave the scratch folder behind.")
    var keep = false

    @Flag(name: .long, help: "Record nothing in the repository.")
    var noRecord = false

    @Flag(name: .long, help: "Print what would be restored where, and do nothing.")
    var dryRun = false

    func run() async throws {
        let session = try Session(common)
        let settings = try settings(session.configuration)
        let (command, progress) = (self, common.makeProgress())
        // A shared lock, since a record is written in the end: what is drilled must not be pruned meanwhile.
        let report = try await session.withRepository { repository in
            try await command.drill(session, settings, repository, progress)
        }
        guard let report else { return }
        if common.json { try Console.json(DrillRendering.output(report)) } else { DrillRendering.print(report) }
        for leftover in report.leftovers { common.remark("left behind: \(leftover)") }
        switch report.outcome {
        case .verified: break
        case .failed: throw ExitStatus.failed
        case .untested: throw ExitStatus.partial
        }
    }

    private func settings(_ configuration: HoldfastConfiguration) throws -> DrillSettings {
        var settings = configuration.drill
        if let folder { settings.folder = URL(filePath: folder).standardizedFileURL.path }
        if let qdrantURL {
            guard let url = URL(string: qdrantURL), ["http", "https"].contains(url.scheme ?? ""), url.host != nil else {
                throw ValidationError("'--qdrant-url' must be an address that begins with http:// or https://")
            }
            settings.server = .running(url, apiKey: nil, restart: nil)
        }
        return settings
    }

    /// - Returns: `nil` when nothing was to be done but to print the plan.
    private func drill(
        _ session: Session,
        _ settings: DrillSettings,
        _ repository: IndexedRepository,
        _ progress: any ProgressSink
    ) async throws -> DrillReport? {
        let point = try await RestorePointCatalog(repository).find(
            point,
            system: point == "latest" ? session.configuration.system : nil
        )
        let plan = try DrillPlan(kind, point)
        if dryRun {
            try DrillRendering.printPlan(plan, settings, common)
            return nil
        }
        var options = DrillRun.Options(settings, embedded: (try? DemoPlaces.find())?.embeddedPlace)
        options.keepsFolder = keep
        let common = common
        options.identities = ConfigurationIdentities(
            files: identities,
            sets: session.configuration.sealed,
            ask: { Console.canAsk ? Console.askSecret($0) : nil },
            remark: { common.remark("warning: \($0)") }
        )
        let run = DrillRun(
            plan,
            from: repository,
            session.configuration,
            options: options,
            logger: common.logger,
            progress: progress,
            onCheck: { check in
                if check.outcome != .verified {
                    common.remark("\(check.outcome.rawValue): \(check.name): \(check.detail)")
                }
            }
        )
        let report = try await run.run()
        guard !noRecord else { return report }
        let writer = RecordWriter(repository, toolVersion: Version.text)
        for proof in report.proofs(tool: Version.text, host: repository.repository.host.name) {
            try await writer.record(proof, of: point)
        }
        return report
    }
}

extension DemoPlaces {
    /// The embedded Qdrant of the checkout.
    var embeddedPlace: EmbeddedQdrantPlace { EmbeddedQdrantPlace(python: python, folder: embeddedQdrant) }
}
