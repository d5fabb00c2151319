internal import ArgumentParser
internal import Recovery
internal import ResticRepository

/// `holdfast pin`
struct PinCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep a restore point from being forgotten, whatever its age.",
        discussion: """
            Who pinned it, when and why is kept in the repository. 'holdfast points' shows what is pinned, 'holdfast show' why.

              holdfast pin 4f2a9c01 --reason "before the move to the new server"
              holdfast pin latest
              holdfast pin 4f2a9c01 --remove
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point: String

    @Option(help: ArgumentHelp("Why, for whoever wonders later.", valueName: "text"))
    var reason: String?

    @Flag(name: .long, help: "Take back all its pins.")
    var remove = false

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    func validate() throws {
        guard let reason else { return }
        guard reason.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("'--reason' needs some words, or leave it out")
        }
        guard reason.utf8.count <= 4096 else { throw ValidationError("'--reason' may have 4096 bytes") }
    }

    private struct Output: Encodable {
        let restorePoint: String
        let system: String
        let pinned: Bool
        let dryRun: Bool
        let record: RestorePointRecord?
    }

    private struct Change: Sendable {
        let point: RestorePoint
        let record: RestorePointRecord?
    }

    func run() async throws {
        let session = try Session(common)
        let (id, reason, removes, isDryRun) = (point, reason, remove, dryRun)
        let system = id == "latest" ? session.configuration.system : nil
        let change: Change
        if isDryRun {
            change = try await session.withRepositoryForReading { repository in
                let point = try await RestorePointCatalog(repository).find(id, system: system)
                if removes { try await RecordCatalog(repository).checkIsPinned(point) }
                return Change(point: point, record: nil)
            }
        } else {
            change = try await session.withRepository { repository in
                let point = try await RestorePointCatalog(repository).find(id, system: system)
                let writer = RecordWriter(repository, toolVersion: Version.text)
                let record =
                    removes
                    ? try await writer.unpin(point, reason: reason) : try await writer.pin(point, reason: reason)
                return Change(point: point, record: record)
            }
        }
        let manifest = change.point.manifest
        if common.json {
            return try Console.json(
                Output(
                    restorePoint: manifest.id,
                    system: manifest.system,
                    pinned: !removes,
                    dryRun: isDryRun,
                    record: change.record
                )
            )
        }
        Console.result(
            "restore point \(manifest.id) of '\(manifest.system)' is \(removes ? "not pinned any more" : "pinned")"
        )
        if isDryRun { common.remark("nothing was changed (--dry-run)") }
    }
}
