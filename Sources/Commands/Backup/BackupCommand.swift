internal import ArgumentParser
internal import ObjectStorage
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// `holdfast backup`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Make a restore point of the configured collections, documents and code.",
        discussion: """
              holdfast backup
              holdfast backup --only documents
              holdfast backup --only code
              holdfast backup --collection textbook_knowledge --method snapshot
              holdfast backup --dry-run
            """
    )

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "Only this component: \(Component.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "component"
        )
    )
    var only: Component?

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp("Only this collection; may be repeated.", valueName: "name")
    )
    var collections: [String] = []

    @Option(
        help: ArgumentHelp(
            "How collections are read: stream or snapshot; otherwise as configured.",
            valueName: "method"
        )
    )
    var method: CaptureMethod?

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    func run() async throws {
        let session = try Session(common)
        let plan = try makePlan(session.configuration)
        if dryRun { return try printPlan(plan, session) }
        let start = ContinuousClock.now
        let (common, progress) = (common, common.makeProgress())
        let report = try await session.withRepository { repository in
            try await session.withOptionalClient(!plan.collections.isEmpty) { client in
                try await BackupRun(
                    plan,
                    into: repository,
                    client: client,
                    logger: common.logger,
                    progress: progress,
                    toolVersion: Version.text
                ).run()
            }
        }
        try BackupRendering.print(report, took: ContinuousClock.now - start, common)
        if report.isPartial { throw ExitStatus.partial }
    }

    private func makePlan(_ configuration: HoldfastConfiguration) throws -> BackupPlan {
        let configured = configuration.qdrant?.collections ?? []
        for name in collections where !configured.contains(where: { $0.name == name }) {
            throw RecoveryError(
                .notConfigured,
                "the configuration names no collection '\(name)'",
                hint: "It names: \(configured.map(\.name).joined(separator: ", ")). Add it under 'qdrant.collections'."
            )
        }
        let wantsQdrant = only == nil || only == .qdrant
        let wantsDocuments = (only == nil || only == .documents) && collections.isEmpty
        var plan = BackupPlan(
            system: configuration.system,
            collections: !wantsQdrant
                ? [] : configured.filter { collections.isEmpty || collections.contains($0.name) }.map(makeCollection),
            folders: wantsDocuments ? configuration.documents : []
        )
        if (only == nil || only == .code) && collections.isEmpty { plan.checkouts = configuration.code }
        if case .folder(let path) = configuration.repository.location { plan.leavingOut = [path] }
        return plan
    }

    private func makeCollection(_ collection: HoldfastConfiguration.Collection) -> BackupPlan.Collection {
        var options = CollectionCapture.Options()
        options.method = method ?? collection.method
        options.goldenQueries = collection.goldenQueries
        return BackupPlan.Collection(name: collection.name, options: options)
    }

    private struct PlanOutput: Encodable {
        let repository: String
        let collections: [String: String]
        let documents: [String: String]
        let code: [String: String]
    }

    private func printPlan(_ plan: BackupPlan, _ session: Session) throws {
        if common.json {
            return try Console.json(
                PlanOutput(
                    repository: session.store.location,
                    collections: Dictionary(plan.collections.map { ($0.name, $0.options.method.rawValue) }) { $1 },
                    documents: Dictionary(plan.folders.map { ($0.name, $0.path) }) { $1 },
                    code: Dictionary(plan.checkouts.map { ($0.name, $0.path) }) { $1 }
                )
            )
        }
        Console.result("would make a restore point of '\(plan.system)' in \(session.store.location):")
        for collection in plan.collections {
            Console.result("  qdrant     \(collection.name), by \(collection.options.method.rawValue)")
        }
        for folder in plan.folders { Console.result("  documents  \(folder.name), from \(folder.path)") }
        for checkout in plan.checkouts {
            Console.result(
                "  code       \(checkout.name), from \(checkout.path)\(checkout.bundle ? "" : ", without its commits")"
            )
        }
    }
}
