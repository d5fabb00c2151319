internal import ArgumentParser
internal import Foundation
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// `holdfast verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Prove that a restore point can be read back.",
        discussion: """
            Reads every tree and every blob of the restore point, decrypts and hashes them, and compares the number and size of
            files with what the manifest says. Ends with 1 when anything is damaged, naming the files it hits, or when the live system
            lacks what was stored; with 3 when something could not be tested.

            With --all, also says whether the backups are what is expected: each configured component is there, complete, not older
            than --max-age, about as large as before, and readable. Ends with 3 when some of that could not be tested.

              holdfast verify
              holdfast verify 4f2a9c01 --structure-only
              holdfast verify --all
              holdfast verify --read-data-subset 5% --against-source
              holdfast verify --all --max-age 8d
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Flag(name: .long, help: "Every restore point of the system.")
    var all = false

    @Option(
        help: ArgumentHelp("With --all: how old the newest backup of each component may be (26h).", valueName: "age")
    )
    var maxAge: TimeQuantity?

    @Flag(name: .long, help: "Only the structure: trees, index, and that packs are there; no content is read.")
    var structureOnly = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Read a share of the packs, first what was read longest ago: '5%', '500M', or '3/7' for a fixed group.",
            valueName: "subset"
        )
    )
    var readDataSubset: DataSubset?

    @Flag(name: .long, help: "Compare the restore point with the live system, too.")
    var againstSource = false

    func validate() throws {
        if structureOnly, readDataSubset != nil {
            throw ValidationError("'--structure-only' reads no data, and '--read-data-subset' says how much to read")
        }
        if all, againstSource {
            throw ValidationError("'--against-source' compares one restore point with the live system, not '--all'")
        }
        if maxAge != nil, !all { throw ValidationError("'--max-age' is about all backups of the system: add '--all'") }
    }

    func run() async throws {
        let session = try Session(common)
        let (id, all, command) = (point, all, self)
        let results = try await session.withRepositoryForReading(provesIndex: true) { repository in
            let catalog = RestorePointCatalog(repository)
            let points =
                all
                ? try await catalog.list(system: session.configuration.system)
                : [try await catalog.find(id, system: id == "latest" ? session.configuration.system : nil)]
            var results = try await command.verify(points, repository)
            guard command.againstSource else { return results }
            for index in results.indices {
                results[index].source = try await command.compare(points[index], repository, session)
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
        let lines = all ? expectations(results.map(\.verification), session.configuration) : []
        if common.json {
            var entries = results.map { VerifyRendering.Output($0) }
            if all { entries[0].expectations = lines }
            try Console.json(entries)
        } else {
            VerifyRendering.print(results)
            if all { ExpectationRendering.print(lines, of: session.configuration.system) }
        }
        let outcome = CheckOutcome.overall(results.map(\.outcome))
        if outcome == .failed { throw ExitStatus.failed }
        try ExpectationRendering.check(lines)
        if outcome == .untested { throw ExitStatus.partial }
    }

    private func expectations(
        _ results: [RestorePointVerification],
        _ configuration: HoldfastConfiguration
    ) -> [BackupExpectations.Line] {
        BackupExpectations(
            configuration,
            maximumAge: maxAge?.duration ?? BackupExpectations.standardMaximumAge,
            now: SystemWallClock().now
        ).judge(
            results.map(\.restorePoint),
            Dictionary(results.map { ($0.restorePoint.manifest.id, $0) }, uniquingKeysWith: { first, _ in first })
        )
    }

    private func verify(_ points: [RestorePoint], _ repository: IndexedRepository) async throws
        -> [VerifyRendering.Result]
    {
        let progress = common.makeProgress()
        if let readDataSubset { return try await readShare(readDataSubset, of: points, repository, progress) }
        var results: [VerifyRendering.Result] = []
        for point in points {
            let verification = try await VerificationRun(repository, progress: progress).verify(
                point,
                depth: structureOnly ? .structure : .content
            )
            results.append(
                VerifyRendering.Result(verification: verification, depth: structureOnly ? "structure" : "content")
            )
        }
        return results
    }

    private func readShare(
        _ subset: DataSubset,
        of points: [RestorePoint],
        _ repository: IndexedRepository,
        _ progress: any ProgressSink
    ) async throws -> [VerifyRendering.Result] {
        let (key, now) = (repository.repository.id, SystemWallClock().now)
        let path = ReadingMemory.path(in: stateFolder, repository: key)
        var memory = ReadingMemory.load(path, repository: key, now: now)
        let before = Set(memory.times.keys)
        var generator = SystemRandomNumberGenerator()
        let (verifications, coverage) = try await RollingVerification(repository, reading: subset, progress: progress)
            .verify(points, memory: &memory, now: now, using: &generator)
        do {
            // Another process may have read meanwhile; what this one forgot stays forgotten.
            let forgotten = before.subtracting(memory.times.keys)
            var latest = ReadingMemory.load(path, repository: key, now: SystemWallClock().now)
            latest.forget { forgotten.contains($0) }
            memory.merge(latest)
            try memory.save(path, repository: key)
        } catch let error as RecoveryError {
            // The reading counts for nothing less: the next one only begins elsewhere.
            common.remark("warning: \(error.message)")
        }
        return verifications.map {
            VerifyRendering.Result(verification: $0, depth: "subset", coverage: coverage)
        }
    }

    /// A server that cannot be reached, or whose key cannot be had, is not tested; the rest is compared all the same.
    private func compare(_ point: RestorePoint, _ repository: IndexedRepository, _ session: Session) async throws
        -> [LiveFinding]
    {
        let hasCollections = point.manifest[.qdrant] != nil
        do {
            return try await session.withOptionalClient(hasCollections) { client in
                try await run(session, repository, client).compareWithSource(point)
            }
        } catch let error as SecretError {
            return try await run(session, repository, nil).compareWithSource(point).map { finding in
                guard finding.component == .qdrant else { return finding }
                return LiveFinding(.qdrant, finding.name, .unknown, "cannot be compared: \(error.message)")
            }
        }
    }

    private func run(_ session: Session, _ repository: IndexedRepository, _ client: QdrantClient?) -> RecoverRun {
        var options = RecoverOptions()
        options.isThorough = true
        return RecoverRun(
            session.configuration,
            from: repository,
            client: client,
            options: options,
            store: FileRecoveryStateStore(folder: stateFolder),
            environment: ProcessInfo.processInfo.environment,
            logger: common.logger,
            progress: common.makeProgress(),
            toolVersion: Version.text
        )
    }

    private var stateFolder: String {
        FileRecoveryStateStore.standardFolder(
            environment: ProcessInfo.processInfo.environment,
            besides: URL(filePath: common.configurationPath).deletingLastPathComponent().path
        )
    }
}
