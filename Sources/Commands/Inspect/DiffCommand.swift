internal import ArgumentParser
internal import Recovery
internal import ResticRepository

/// `holdfast diff`
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List the files that differ between two restore points.",
        discussion: """
            Marks: + added, - removed, M content changed, U only metadata changed.

              holdfast diff 3c81d0aa latest
              holdfast diff 3c81d0aa 4f2a9c01 --only documents
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The older restore point.", valueName: "old"))
    var old: String

    @Argument(help: ArgumentHelp("The newer restore point.", valueName: "new"))
    var new = "latest"

    @Option(help: ArgumentHelp("Only this component.", valueName: "component"))
    var only: Component?

    private struct Output: Encodable {
        let old: String
        let new: String
        let differences: [PathDifference]
        let collections: [CollectionChange]
    }

    func run() async throws {
        let session = try Session(common)
        let (oldID, newID, only) = (old, new, only)
        let comparison = try await session.withRepositoryForReading { repository in
            let catalog = RestorePointCatalog(repository)
            let system = session.configuration.system
            return try await ComparisonRun(repository).compare(
                catalog.find(oldID, system: system),
                catalog.find(newID, system: system),
                component: only
            )
        }
        if common.json {
            return try Console.json(
                Output(
                    old: comparison.old.id,
                    new: comparison.new.id,
                    differences: comparison.differences,
                    collections: only == nil || only == .qdrant ? comparison.collectionChanges : []
                )
            )
        }
        for difference in comparison.differences {
            Console.result("\(Self.mark(difference.kind)) \(difference.path)\(Self.sizes(difference))")
        }
        if only == nil || only == .qdrant {
            for change in comparison.collectionChanges {
                Console.result("collection \(change.collection): \(change.change)")
            }
        }
        for line in CodeRendering.changes(from: comparison.old, to: comparison.new) { Console.result(line) }
        Console.result(
            "\(comparison.count(.added)) added, \(comparison.count(.changed)) changed, \(comparison.count(.removed)) removed, "
                + "\(comparison.count(.metadata)) with other metadata"
        )
    }

    private static func mark(_ kind: PathDifference.Kind) -> String {
        switch kind {
        case .added: "+"
        case .removed: "-"
        case .changed: "M"
        case .metadata: "U"
        }
    }

    private static func sizes(_ difference: PathDifference) -> String {
        switch (difference.oldSize, difference.newSize) {
        case let (old?, new?) where old != new: "  \(old) → \(new) bytes"
        case let (nil, new?): "  \(new) bytes"
        case let (old?, nil): "  \(old) bytes"
        default: ""
        }
    }
}
