internal import ArgumentParser
internal import Recovery
internal import ResticRepository

/// `holdfast diff`
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "List the files that differ between two restore points.",
        discussion: """
            Marks: + added, - removed, M content changed, U only metadata changed. Of sealed configuration the keys that were
            added, removed or changed are named, never their values; for that nothing has to be opened.

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
        let configuration: SealedComparison
    }

    func run() async throws {
        let session = try Session(common)
        let (oldID, newID, only) = (old, new, only)
        let (comparison, sealed) = try await session.withRepositoryForReading { repository in
            let catalog = RestorePointCatalog(repository)
            let system = session.configuration.system
            let (old, new) = (
                try await catalog.find(oldID, system: system), try await catalog.find(newID, system: system)
            )
            let run = ComparisonRun(repository)
            let hasSealed = only == nil || only == .configuration
            return (
                try await run.compare(old, new, component: only),
                hasSealed ? try await run.compareConfiguration(old, new) : SealedComparison()
            )
        }
        if common.json {
            return try Console.json(
                Output(
                    old: comparison.old.id,
                    new: comparison.new.id,
                    differences: comparison.differences,
                    collections: only == nil || only == .qdrant ? comparison.collectionChanges : [],
                    configuration: sealed
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
        SealedRendering.print(sealed)
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
