internal import ArgumentParser
internal import Foundation
internal import Logging
internal import QdrantClient
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast recover`
struct RecoverCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Bring the whole system back, in order, and prove that it is.",
        discussion: """
            Looks at the live system and the repository, says what is lost and what there is to restore it from, looks whether all
            that is needed is there, asks, and then restores Qdrant, documents, configuration and code in this order, verifies,
            has changed documents ingested again, and reports. Each step is a gate. Interrupted, it goes on when it is run again.
            Ends with 0 when everything is verified, 1 when something failed, 3 when something could not be tested.

              holdfast recover --dry-run
              holdfast recover --yes --report report.html
              holdfast recover --at 2026-03-02T10:00:00Z
              holdfast recover --only documents --target /srv/new
              holdfast recover --qdrant-url http://new-host:6333 --watch 10m
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(
        help: ArgumentHelp(
            "The restore point's id, a beginning of it, or 'latest': the newest that is complete and whole.",
            valueName: "point"
        )
    )
    var point = "latest"

    @Option(help: ArgumentHelp("The newest restore point that was complete at this time or day.", valueName: "time"))
    var at: String?

    @Option(help: ArgumentHelp("Only this component; may be repeated.", valueName: "component"))
    var only: [Component] = []

    @Option(help: ArgumentHelp("The folder that files are restored into.", valueName: "folder"))
    var target: String?

    @Option(
        name: .customLong("qdrant-url"),
        help: ArgumentHelp("The Qdrant server, instead of the configured one.", valueName: "url")
    )
    var qdrantURL: String?

    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp("An age identity file that opens the configuration; may be repeated.", valueName: "file")
    )
    var identities: [String] = []

    @Flag(name: .long, help: "Read every document, instead of those whose length or time of change differs.")
    var thorough = false

    @Flag(name: .long, help: "Read and hash all content of the restore point before anything is restored.")
    var readData = false

    @Flag(name: .long, help: "Replace documents that were changed after they were captured, too.")
    var replaceNewer = false

    @Flag(name: .long, help: "Restore onto a server version for which the data files were not made.")
    var ignoreVersion = false

    @Option(help: ArgumentHelp("When the loss happened, for the report.", valueName: "time"))
    var lostAt: String?

    @Option(
        help: ArgumentHelp("Watch the system so long when all is done; otherwise as configured.", valueName: "time")
    )
    var watch: TimeQuantity?

    @Option(
        help: ArgumentHelp(
            "Write a report; its format goes by the name: .md, .html, .json. May be repeated.",
            valueName: "file"
        )
    )
    var report: [String] = []

    @Flag(name: .long, help: "Forget an interrupted recovery and begin anew.")
    var restart = false

    @Flag(name: .long, help: "Do not ask before anything is changed.")
    var yes = false

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    func validate() throws {
        if at != nil, point != "latest" {
            throw ValidationError("'--at' and a restore point exclude each other: both say which one")
        }
        for (option, text) in [("--at", at), ("--lost-at", lostAt)] {
            if let text, GoTime(argument: text, atEnd: true) == nil {
                throw ValidationError("'\(option)' takes a day or a time as in 2026-03-02T10:00:00Z, not '\(text)'")
            }
        }
        for file in report where RecoveryReport.Format(fileName: file) == nil {
            throw ValidationError("'--report' takes names that end in .md, .html or .json, not '\(file)'")
        }
    }

    func run() async throws {
        var session = try Session(common)
        if let qdrantURL { session = try session.withServer(qdrantURL) }
        if !dryRun { try await common.startAbandonedContainers(isRequired: false) }
        let (final, command) = (session, self)
        let ending = try await session.withRepositoryForReading { repository in
            let wantsQdrant = command.only.isEmpty || command.only.contains(.qdrant)
            return try await final.withOptionalClient(wantsQdrant) { client in
                try await command.recover(final, repository, client)
            }
        }
        guard let ending else { return }
        await record(ending.proof, final)
        try write(ending.report)
        if common.json {
            try Console.json(ending.report)
        } else {
            RecoverRendering.print(ending.report)
        }
        switch ending.report.outcome {
        case .verified: break
        case .failed: throw ExitStatus.failed
        case .untested: throw ExitStatus.partial
        }
    }

    private struct Ending: Sendable {
        let report: RecoveryReport
        let proof: (proof: Proof, point: RestorePoint)?
    }

    /// - Returns: `nil` when only the plan was printed.
    private func recover(_ session: Session, _ repository: IndexedRepository, _ client: QdrantClient?) async throws
        -> Ending?
    {
        let run = RecoverRun(
            session.configuration,
            from: repository,
            client: client,
            options: options,
            store: FileRecoveryStateStore(folder: stateFolder),
            environment: ProcessInfo.processInfo.environment,
            identities: ConfigurationIdentities(
                files: identities,
                sets: session.configuration.sealed,
                ask: { Console.canAsk ? Console.askSecret($0) : nil },
                remark: { [logger = common.logger] in logger.warning("\($0)") }
            ),
            logger: common.logger,
            progress: common.makeProgress(),
            toolVersion: Version.text,
            stopped: common.stoppedContainers
        )
        let assessment = try await run.assess(wish, restarts: restart)
        if !common.json { RecoverRendering.print(assessment, common, toResult: dryRun || assessment.needsNothing) }
        if assessment.needsNothing, !dryRun {
            return Ending(report: run.report(nothingLost: assessment), proof: nil)
        }
        let plan = try await run.prepare(assessment)
        if dryRun {
            try RecoverRendering.print(plan, common)
            if !plan.missing.isEmpty { throw ExitStatus.failed }
            return nil
        }
        if !common.json { RecoverRendering.printPlan(plan) { common.remark($0) } }
        try confirm(plan)
        let report = try await run.run(plan, observer: ConsoleObserver(common: common))
        return Ending(
            report: report,
            proof: run.proof(from: report, of: assessment.point).map { ($0, assessment.point) }
        )
    }

    private var wish: PointChoice.Wish {
        if let at, let time = GoTime(argument: at, atEnd: true) { return .at(time) }
        return point == "latest" ? .latest : .named(point)
    }

    private var options: RecoverOptions {
        var options = RecoverOptions()
        options.components = Set(only)
        options.target = target.map { $0.hasPrefix("/") ? $0 : FileManager.default.currentDirectoryPath + "/" + $0 }
        options.qdrantURL = qdrantURL
        options.isThorough = thorough
        options.readsData = readData
        options.replacesNewer = replaceNewer
        options.ignoresVersion = ignoreVersion
        options.lostAt = lostAt.flatMap { GoTime(argument: $0, atEnd: false) }
        options.watch = watch?.duration
        return options
    }

    private var stateFolder: String {
        let configuration = URL(filePath: common.configurationPath).deletingLastPathComponent().path
        return FileRecoveryStateStore.standardFolder(
            environment: ProcessInfo.processInfo.environment,
            besides: configuration
        )
    }

    private func confirm(_ plan: RecoverPlan) throws {
        guard !yes, plan.missing.isEmpty else { return }
        guard Console.canAsk else {
            throw RecoveryError(
                .refused,
                "the live system would be changed, and nobody is here to be asked",
                hint: "Look at the plan with '--dry-run', and add '--yes' to say that it is meant."
            )
        }
        let question =
            plan.destroys.isEmpty
            ? "Recover now?" : "Recover now, and replace \(plan.destroys.joined(separator: "; "))?"
        guard Console.confirm(question) else { throw CancellationError() }
    }

    /// Keeps in the repository what the recovery has shown. A recovery is none the worse when that cannot be written.
    private func record(_ proof: (proof: Proof, point: RestorePoint)?, _ session: Session) async {
        guard let proof else { return }
        do {
            _ = try await session.withRepository { repository in
                try await RecordWriter(repository, toolVersion: Version.text).record(proof.proof, of: proof.point)
            }
        } catch {
            common.remark("warning: the proof of this recovery could not be recorded in the repository")
            _ = ErrorReport.print(error)
        }
    }

    private func write(_ result: RecoveryReport) throws {
        for file in report {
            guard let format = RecoveryReport.Format(fileName: file) else { continue }
            do {
                try Data(result.rendered(as: format).utf8).write(to: URL(filePath: file), options: .atomic)
            } catch {
                throw RecoveryError(
                    .stateUnusable,
                    "the report '\(file)' cannot be written; the recovery itself ended as \(result.outcome.rawValue)",
                    hint: "Is its folder there, and may this user write to it?",
                    cause: error
                )
            }
        }
    }
}

/// Says on standard error what a recovery does.
struct ConsoleObserver: RecoverObserver {
    let common: CommonOptions

    func stepBegan(_ step: String) async { common.remark("\(step) …") }

    func stepEnded(_ step: RecoveryState.Step) async throws {
        common.remark(
            "\(step.id): \(step.outcome.rawValue) in \(Formatting.duration(.seconds(step.seconds))): \(step.detail)"
        )
    }

    func checked(_ result: CheckResult) async {
        common.remark("  \(result.outcome.rawValue): \(result.name): \(result.detail)")
    }
}
