public import ArgumentParser
internal import Recovery
public import ResticRepository

/// `holdfast repo check`
struct RepoCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Prove that the whole repository is as it was written.",
        discussion: """
            Reads every file that is not a pack, compares the packs with the index, and visits every tree of every snapshot. With
            '--read-data' every byte of every pack is read once, decrypted, decompressed and hashed. What is damaged is named with the
            files, snapshots and restore points that it hits. Ends with 1 when anything is damaged.

              holdfast repo check
              holdfast repo check --read-data
              holdfast repo check --read-data-subset 5%
              holdfast repo check --read-data-subset 3/7
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Read every pack from end to end.")
    var readData = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Read some packs only: '5%' or '500M' at random, '3/7' the third of seven groups.",
            valueName: "subset"
        )
    )
    var readDataSubset: DataSubset?

    func validate() throws {
        if readData, readDataSubset != nil {
            throw ValidationError(
                "'--read-data' and '--read-data-subset' exclude each other: one reads all, the other a part"
            )
        }
    }

    func run() async throws {
        let session = try Session(common)
        let repository = try await session.openRepository()
        let progress = common.makeProgress()
        var check = RepositoryCheck(repository, readingData: readDataSubset ?? (readData ? .all : nil))
        check.onPhase = { progress.begin($0, totalBytes: $1) }
        check.onRead = { progress.advance($0) }
        let report = try await underLock(repository) { [check] in
            defer { progress.end() }
            return try await check.run()
        }
        if common.json {
            try Console.json(RepoCheckRendering.Output(report, depth))
        } else {
            RepoCheckRendering.print(report)
        }
        if !report.isIntact { throw ExitStatus.failed }
    }

    private var depth: String { readData ? "data" : readDataSubset == nil ? "structure" : "subset" }

    /// Runs `body` under a shared lock. A lock that cannot be read would keep everybody out; a check, which writes nothing, then
    /// goes on without one and reports it.
    private func underLock(
        _ repository: Repository,
        _ body: @escaping @Sendable () async throws -> RepositoryCheckReport
    ) async throws -> RepositoryCheckReport {
        do {
            _ = try await repository.locks()
        } catch let error as RepositoryError where error.code == .damaged {
            common.remark("a lock cannot be read; checking without a lock of our own")
            return try await body()
        }
        return try await repository.withLock(.shared, timing: Session.patientTiming, body)
    }
}

extension DataSubset: ExpressibleByArgument {
    /// See ``init(_:)``.
    public init?(argument: String) {
        self.init(argument)
    }
}
