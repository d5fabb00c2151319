internal import ArgumentParser
internal import Logging
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// `holdfast repair-points`
struct RepairPointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair-points",
        abstract: "Bring back single points of a live collection that were lost or altered, and write nothing else.",
        discussion: """
            The stored collection is restored as a copy <name>__rp_<id> (on the same server, or on another one with --copy-on),
            verified, compared with the live one point by point, and deleted again. Points that are missing are written back;
            points that differ are replaced, after a question. Points that only the live collection has are never touched.

            Nobody can tell from a point alone whether it was damaged or ingested again since: --newer-by names a payload field
            that grows when a point is written (a time, a revision); --missing-only leaves all that differ alone. A point that was
            deleted on purpose since the restore point comes back: look at the dry run first.

              holdfast repair-points --dry-run
              holdfast repair-points --collection textbook_knowledge --newer-by updated_at
              holdfast repair-points 4f2a9c01 --ids-only
              holdfast repair-points --dry-run --list differences.json
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp("Only this collection; may be repeated.", valueName: "name")
    )
    var collections: [String] = []

    @Option(help: ArgumentHelp("The live collection or alias, when it is called otherwise now.", valueName: "name"))
    var live: String?

    @Flag(name: .long, help: "Only bring back what is missing; leave points that differ alone.")
    var missingOnly = false

    @Flag(name: .long, help: "Compare ids and no content: faster, finds only what is missing.")
    var idsOnly = false

    @Option(
        help: ArgumentHelp(
            "A payload field that grows when a point is written again: newer points stay.",
            valueName: "field"
        )
    )
    var newerBy: String?

    @Option(help: ArgumentHelp("Another Qdrant server for the copy to compare with.", valueName: "url"))
    var copyOn: String?

    @Option(help: ArgumentHelp("The key of that server: env:NAME, file:PATH or command:LINE.", valueName: "secret"))
    var copyKey: String?

    @Flag(name: .long, help: "Leave the copy on the server.")
    var keepCopy = false

    @Option(help: ArgumentHelp("Write all ids of what differs to this file, as JSON.", valueName: "file"))
    var list: String?

    @Flag(name: .long, help: "Make the copy on a server version for which the data files were not made.")
    var ignoreVersion = false

    @Flag(name: .long, help: "Do not ask before points are replaced.")
    var yes = false

    @Flag(name: .long, help: "Compare and print what would be written, and write nothing to the live collection.")
    var dryRun = false

    func validate() throws {
        if live != nil, collections.count != 1 {
            throw ValidationError("'--live' names one live collection: choose the stored one with '--collection NAME'")
        }
        if idsOnly, newerBy != nil {
            throw ValidationError("'--ids-only' compares no content, and '--newer-by' is about content")
        }
        if copyKey != nil, copyOn == nil {
            throw ValidationError("'--copy-key' is the key of the server that '--copy-on' names")
        }
    }

    func run() async throws {
        let session = try Session(common)
        let (id, command, progress) = (point, self, common.makeProgress())
        let (manifest, reports) = try await session.withRepositoryForReading { repository in
            let point = try await RestorePointCatalog(repository).find(
                id,
                system: id == "latest" ? session.configuration.system : nil
            )
            return try await session.withClient { client in
                try await command.withCopyClient(session) { copyClient in
                    try await command.repair(point, repository, client, copyClient, session, progress)
                }
            }
        }
        if let list { try DifferenceList.write(reports, of: manifest.id, to: list) }
        if common.json {
            try Console.json(RepairPointsRendering.output(manifest.id, reports))
        } else {
            RepairPointsRendering.print(manifest, reports, dryRun: dryRun, common)
        }
        guard !dryRun else { return }
        if !reports.allSatisfy(\.isVerified) { throw ExitStatus.failed }
        if reports.contains(where: { !$0.changedMeanwhile.isEmpty }) { throw ExitStatus.partial }
    }

    private func repair(
        _ point: RestorePoint,
        _ repository: IndexedRepository,
        _ client: QdrantClient,
        _ copyClient: QdrantClient?,
        _ session: Session,
        _ progress: any ProgressSink
    ) async throws -> (RestorePointManifest, [PointRepairReport]) {
        let repair = PartialLossRepair(
            point,
            from: repository,
            to: client,
            copyOn: copyClient,
            options: options(session),
            logger: common.logger,
            progress: progress
        )
        let steps = try repair.plan(collections)
        try await repair.check(steps)
        let outcomes = try await repair.run(steps) { comparison in
            guard !dryRun else { return false }
            try confirm(comparison)
            return true
        }
        return (point.manifest, outcomes.map(\.report))
    }

    private func options(_ session: Session) -> PointRepairOptions {
        var options = PointRepairOptions(restorePointID: "")
        options.restore.ignoresVersion = ignoreVersion
        options.restore.scoreTolerance = Float(session.configuration.restore.scoreTolerance)
        options.restore.greenDeadline = session.configuration.restore.greenWithin
        options.liveName = live
        options.missingOnly = missingOnly
        options.comparison.comparesContent = !idsOnly
        options.comparison.newerField = newerBy
        options.keepsCopy = keepCopy
        return options
    }

    /// Missing points are only added to; what is replaced is gone.
    private func confirm(_ comparison: PartialLossRepair.Comparison) throws {
        let (name, found) = (comparison.preparation.live, comparison.differences)
        guard found.different > 0, !missingOnly, !idsOnly, !yes else { return }
        let what =
            "\(Formatting.count(found.different, "point")) of '\(name)' \(found.different == 1 ? "differs" : "differ")"
        guard Console.canAsk else {
            throw RecoveryError(
                .targetNotEmpty,
                "\(what) and would be replaced",
                hint:
                    "Nothing was written. Add '--yes' to say that this is meant, or '--missing-only' to leave them as they are; '--dry-run --list FILE' lists them."
            )
        }
        Console.note("\(Formatting.count(found.missing, "point")) of '\(name)' would be added")
        guard Console.confirm("\(what). Replace with the stored ones?") else { throw CancellationError() }
    }

    private func withCopyClient<Value>(_ session: Session, _ body: (QdrantClient?) async throws -> Value) async throws
        -> Value
    {
        guard let copyOn else { return try await body(nil) }
        let key = try await copyKey.map { try SecretReference($0, relativeTo: ".") }?.resolve().revealText()
        let endpoint = try QdrantEndpoint(
            url: copyOn,
            apiKey: key.map { QdrantAPIKey($0) },
            tls: QdrantTLS(authorityFile: session.configuration.qdrant?.caCertificate)
        )
        return try await withQdrantClient(endpoint: endpoint, logger: common.logger) { try await body($0) }
    }
}
