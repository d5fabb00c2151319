internal import ArgumentParser
internal import Recovery
internal import ResticFormat

/// `holdfast points`
struct PointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "points",
        abstract: "List the restore points, newest first.",
        discussion: """
            'proven' is the day on which a drill or a recovery last restored and verified it, and which components if not all.

              holdfast points
              holdfast points --json | jq -r '.[0].id'
            """
    )

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Those of every system in the repository.")
    var all = false

    func run() async throws {
        let session = try Session(common)
        let system = all ? nil : session.configuration.system
        let overview = try await session.withRepositoryForReading {
            try await RestorePointCatalog($0).overview(system: system)
        }
        for damaged in overview.unreadable {
            Console.note(
                "warning: restore point \(damaged.id ?? "?") (snapshot \(damaged.snapshot.short)) cannot be read; run 'holdfast repo check'"
            )
        }
        if common.json {
            try Console.json(
                overview.points.map {
                    RestorePointOutput(manifest: $0.manifest, standing: overview.standings[$0.manifest.id])
                }
            )
        } else {
            print(overview.points, overview.standings)
        }
        if !overview.unreadable.isEmpty { throw ExitStatus.partial }
    }

    private func print(_ points: [RestorePoint], _ standings: PointStandings) {
        guard !points.isEmpty else {
            Console.note("no restore points yet: run 'holdfast backup'")
            return
        }
        var table = Table([
            ("id", .left), ("time", .left), ("system", .left), ("points", .right), ("documents", .right),
            ("secrets", .right),
            ("code", .left),
            ("size", .right),
            ("skipped", .right), ("proven", .left), ("pinned", .left),
        ])
        for point in points.map(\.manifest) {
            let collections = point[.qdrant]?.collections ?? []
            table.add(
                point.id,
                String(point.startedAt.prefix(19)).replacing("T", with: " "),
                point.system,
                collections.isEmpty
                    ? (point[.qdrant]?.storage == nil ? "-" : "files") : "\(collections.reduce(0) { $0 + $1.points })",
                point[.documents].map { "\($0.files)" } ?? "-",
                point[.configuration].map { "\(($0.sets ?? []).reduce(0) { $0 + $1.files })" } ?? "-",
                CodeRendering.short(point),
                Formatting.bytes(point.parts.reduce(0) { $0 + $1.bytes }),
                "\(point.skipped.count)",
                standings[point.id].provenText(of: point),
                standings[point.id].isPinned ? "yes" : "-"
            )
        }
        Console.result(table.render())
    }
}
