internal import ArgumentParser
internal import Logging
internal import Recovery
internal import ResticRepository

/// `holdfast export`
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a restore point as plain files: archives, Qdrant's snapshots, git bundles.",
        discussion: """
            docs-backup-DATE.tar.gz, COLLECTION-DATE.snapshot for Qdrant's own 'snapshots/upload' and 'snapshots/recover',
            code-NAME-DATE.bundle for 'git clone', and beside each a .sha256 for 'sha256sum --check'. DATE is the day of the
            restore point. config-backup-DATE.age or .gpg is one tar.gz of the configuration, sealed to its recipients again,
            which needs an identity that opens it; without one, the files are exported sealed, one by one.
            Nothing that is there is overwritten without --force. Ends with 3 when something could not be put
            into such files, and names it.

              holdfast export --to /mnt/handover --dry-run
              holdfast export --to /mnt/handover
              holdfast export --to /mnt/handover --only configuration --identity /media/key/identity.txt
              holdfast export 4f2a9c01 --only qdrant --to /tmp/snapshots
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Option(help: ArgumentHelp("The folder for the files; it is made when it is missing.", valueName: "folder"))
    var to: String

    @Option(help: ArgumentHelp("Only this component.", valueName: "component"))
    var only: Component?

    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp("An age identity file that opens the configuration; may be repeated.", valueName: "file")
    )
    var identities: [String] = []

    @Flag(name: .long, help: "Replace files of the same names.")
    var force = false

    @Flag(name: .long, help: "Print what would be written, and write nothing.")
    var dryRun = false

    func validate() throws {
        if to.isEmpty { throw ValidationError("'--to' names no folder") }
        if let only, only != .configuration, !identities.isEmpty {
            throw ValidationError("'--identity' is about the configuration; '--only \(only.rawValue)' leaves it out")
        }
    }

    func run() async throws {
        let session = try Session(common)
        var options = ExportRun.Options(folder: to, component: only)
        options.replaces = force
        options.timeZone = session.configuration.retention.general.timeZone
        let logger = session.logger
        options.identities = ConfigurationIdentities(
            files: identities,
            sets: session.configuration.sealed,
            ask: { Console.canAsk ? Console.askSecret($0) : nil },
            remark: { logger.warning("\($0)") }
        )
        let (id, settings, isDry, progress) = (point, options, dryRun, common.makeProgress())
        let (plan, report) = try await session.withRepositoryForReading {
            repository -> (ExportPlan, ExportReport?) in
            let point = try await RestorePointCatalog(repository).find(
                id,
                system: id == "latest" ? session.configuration.system : nil
            )
            let run = ExportRun(point, from: repository, options: settings, progress: progress)
            let plan = try await run.plan()
            try await run.check(plan)
            return (plan, isDry ? nil : try await run.run(plan))
        }
        guard let report else { return try ExportRendering.show(plan, common) }
        try ExportRendering.show(report, common)
        if !report.isVerified { throw ExitStatus.failed }
        if !report.leftOut.isEmpty || plan.restorePoint.manifest.isIncomplete { throw ExitStatus.partial }
    }
}
