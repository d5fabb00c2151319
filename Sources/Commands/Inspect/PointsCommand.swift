internal import ArgumentParser
internal import Recovery
internal import ResticFormat

/// `holdfast points`
struct PointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "points",
        abstract: "List the restore points, newest first.",
        discussion: """
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
        let (points, unreadable) = try await session.withRepositoryForReading {
            try await RestorePointCatalog($0).survey(system: system)
        }
        for damaged in unreadable {
            Console.note(
                "warning: restore point \(damaged.id ?? "?") (snapshot \(damaged.snapshot.short)) cannot be read; run 'holdfast repo check'"
            )
        }
        if common.json {
            try Console.json(points.map(\.manifest))
        } else {
            print(points)
        }
        if !unreadable.isEmpty { throw ExitStatus.partial }
    }

    private func print(_ points: [RestorePoint]) {
        guard !points.isEmpty else {
            Console.note("no restore points yet: run 'holdfast backup'")
            return
        }
        var table = Table([
            ("id", .left), ("time", .left), ("system", .left), ("points", .right), ("documents", .right),
            ("code", .left),
            ("size", .right),
            ("skipped", .right),
        ])
        for point in points.map(\.manifest) {
            let collections = point[.qdrant]?.collections ?? []
            table.add(
                point.id,
                String(point.startedAt.prefix(19)).replacing("T", with: " "),
                point.system,
                collections.isEmpty ? "-" : "\(collections.reduce(0) { $0 + $1.points })",
                point[.documents].map { "\($0.files)" } ?? "-",
                CodeRendering.short(point),
                Formatting.bytes(point.parts.reduce(0) { $0 + $1.bytes }),
                "\(point.skipped.count)"
            )
        }
        Console.result(table.render())
    }
}
