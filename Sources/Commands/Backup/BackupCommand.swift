internal import ArgumentParser
internal import Foundation
internal import ObjectStorage
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// `holdfast backup`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Make a restore point of the configured collections, documents, sealed configuration and code.",
        discussion: """
              holdfast backup
              holdfast backup --only documents
              holdfast backup --only configuration
              holdfast backup --only code
              holdfast backup --collection textbook_knowledge --method snapshot
              holdfast backup --collection 'textbook_*'
              holdfast backup --repository offsite      only into this one of several
              holdfast backup --dry-run

            With 'qdrant.cold' in the configuration, the server's storage is taken as files while the server is stopped; '--method'
            asks the running server all the same.

            With several repositories ('repositories' in the configuration) the restore point is made in the first and copied from
            there into the others. That the first holds it is what counts; ends with 3 when another does not.
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
        help: ArgumentHelp("Only this collection, by name, alias or pattern; may be repeated.", valueName: "name")
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
        if dryRun { return try await printPlan(plan, session) }
        try await common.startAbandonedContainers(isRequired: true)
        let start = ContinuousClock.now
        let (common, progress) = (common, common.makeProgress())
        let (report, retention) = try await session.withRepositoryForWriting { repository in
            let report = try await session.withOptionalClient(plan.collections != nil || plan.cold != nil) { client in
                try await BackupRun(
                    plan,
                    into: repository,
                    client: client,
                    logger: common.logger,
                    progress: progress,
                    toolVersion: Version.text,
                    environment: ProcessInfo.processInfo.environment,
                    stopped: common.stoppedContainers
                ).run()
            }
            // Also when parts of the backup failed: what is stored already is no less needed then.
            return (report, try await RetentionCare.extend(repository.repository))
        }
        let took = ContinuousClock.now - start
        // From the first repository, so that the source is read once and all hold the same.
        let copies = await PointCopying(session: session, progress: progress).copy(report.restorePoint.id)
        // Only now: what the copies read of the first repository was asked of its store as well.
        let use = StorageUse(session.counting.counts, prices: session.configuration.repository.prices)
        // Also after an interruption: the restore point is there, and nobody else says its id.
        try BackupRendering.print(report, took: took, common, use: use, copies: copies, retention: retention)
        if let failure = report.failure { throw failure }
        if copies.contains(where: { $0.failure is CancellationError }) { throw CancellationError() }
        if report.isPartial || retention?.isComplete == false { throw ExitStatus.partial }
        if copies.contains(where: { !$0.isComplete || $0.retention?.isComplete == false }) { throw ExitStatus.partial }
    }

    private func makePlan(_ configuration: HoldfastConfiguration) throws -> BackupPlan {
        let wantsQdrant = only == nil || only == .qdrant
        let wantsDocuments = (only == nil || only == .documents) && collections.isEmpty
        let wantsConfiguration = (only == nil || only == .configuration) && collections.isEmpty
        if !collections.isEmpty, configuration.qdrant == nil {
            throw RecoveryError(
                .notConfigured,
                "the configuration names no Qdrant server",
                hint: "Add 'qdrant.url', or leave '--collection' out."
            )
        }
        let isCold = configuration.qdrant?.cold != nil && method == nil
        if isCold, !collections.isEmpty {
            throw RecoveryError(
                .notConfigured,
                "'--collection' chooses among collections, and 'qdrant.cold' takes the whole storage",
                hint: "Add '--method stream' to ask the running server for these collections."
            )
        }
        var selection = wantsQdrant && !isCold ? configuration.qdrant?.selection : nil
        selection?.only = collections
        selection?.method = method
        var plan = BackupPlan(
            system: configuration.system,
            selecting: selection,
            folders: wantsDocuments ? configuration.documents : [],
            configuration: configuration
        )
        if isCold, wantsQdrant { plan.cold = configuration.qdrant }
        if wantsConfiguration { plan.sealed = configuration.sealed }
        if (only == nil || only == .code) && collections.isEmpty { plan.checkouts = configuration.code }
        if case .folder(let path) = configuration.repository.location { plan.leavingOut = [path] }
        return plan
    }

    private func printPlan(_ plan: BackupPlan, _ session: Session) async throws {
        let resolved = try await session.withOptionalClient(plan.collections != nil) { client in
            guard let client else { return ResolvedCollections() }
            return try await plan.collections?.resolve(client) ?? ResolvedCollections()
        }
        try BackupRendering.printPlan(plan, resolved, repository: session.store.location, common)
    }
}
