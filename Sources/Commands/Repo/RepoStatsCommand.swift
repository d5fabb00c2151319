internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast repo stats`
struct RepoStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count what the repository holds and costs, and what each restore point alone needs.",
        discussion: """
            With --mode only one sum, counted as restic counts it: restore-size (what restoring each would write),
            files-by-contents (equal files once), raw-data (blobs as stored), blobs-per-file (blobs of different files, once a
            path). Ends with 3 when something could not be read: the sums are too small then.

              holdfast repo stats
              holdfast repo stats latest 4f2a9c01
              holdfast repo stats latest --mode raw-data
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("Only these restore points or snapshots.", valueName: "point"))
    var points: [String] = []

    @Option(
        help: ArgumentHelp(
            "One of \(SizeMode.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "mode"
        )
    )
    var mode: SizeMode?

    func run() async throws {
        let session = try Session(common)
        let (references, mode) = (points, mode)
        let problems: [String]
        if let mode {
            let (count, chosen) = try await session.withRepositoryForReading { repository in
                let all = try await PointsInTime(repository.repository)
                let chosen = try references.map { try all.find($0, system: session.configuration.system) }
                // Without a choice each snapshot for itself, as restic does.
                let groups = (chosen.isEmpty ? all.all : chosen).map(\.ownedTrees)
                return (try await SizeCounter(repository).count(mode, of: groups), groups.count)
            }
            try StatsRendering.print(count, mode, of: chosen, common)
            problems = count.problems
        } else {
            let report = try await session.withRepositoryForReading { repository in
                try await StatsReport.make(repository, references, system: session.configuration.system)
            }
            try StatsRendering.print(report, common)
            problems = report.problems
        }
        for problem in problems { Console.note("too small, something could not be read: \(problem)") }
        if !problems.isEmpty { throw ExitStatus.partial }
    }
}

/// The statistics with the names of what was counted.
struct StatsReport: Sendable {
    let repositoryID: String
    let formatVersion: Int
    let all: PointsInTime
    /// What the groups of the statistics are.
    let points: [PointInTime]
    let statistics: RepositoryStatistics
    /// The places in ``points`` of what was asked for; all of them when nothing was.
    let chosen: [Int]
    let isChoice: Bool

    var problems: [String] {
        statistics.problems + all.unreadable.map { "snapshot \($0.id.short): \($0.reason)" }
    }

    static func make(_ repository: IndexedRepository, _ references: [String], system: String?) async throws
        -> StatsReport
    {
        let all = try await PointsInTime(repository.repository)
        let chosen = try references.map { try all.find($0, system: system) }
        let points = all.all
        let places = try chosen.map { point in
            guard let place = points.firstIndex(where: { $0.id == point.id }) else {
                throw RepositoryError(
                    .ambiguous,
                    "\(point.description) is a part of restore point \(point.snapshots.first?.pointID ?? "")",
                    hint: "Name the restore point: what goes, goes with it. Or count the snapshot with '--mode'."
                )
            }
            return place
        }
        return StatsReport(
            repositoryID: repository.repository.id,
            formatVersion: repository.repository.config.version,
            all: all,
            points: points,
            statistics: try await StatisticsRun(repository).run(points.map(\.ownedTrees)),
            chosen: chosen.isEmpty ? Array(points.indices) : places,
            isChoice: !chosen.isEmpty
        )
    }
}
