internal import ArgumentParser
internal import Foundation
internal import Logging
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// `holdfast restore`
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract:
            "Bring collections, documents, sealed configuration and code back, and prove that they are what was backed up.",
        discussion: """
            A collection is restored under its own name when it is gone, else beside the live one as <name>__rp_<id>; documents
            go where they were when nothing is there, else say where. Ends with 1 when what was restored differs from what was
            captured; the live collection is not touched then. Sealed configuration needs the identity it was sealed to; its
            files are never readable for anyone else than when they were captured.

              holdfast restore --dry-run
              holdfast restore
              holdfast restore 4f2a9c01 --only qdrant --collection textbook_knowledge --switch-alias
              holdfast restore --only documents --include 'chapter-1/**' --target /tmp/restored
              holdfast restore --in-place
              holdfast restore --only configuration --identity /media/key/identity.txt
              holdfast restore --only code --target /srv/restored

            The storage of a stopped server ('qdrant.cold') goes where the configuration says when nothing is there; '--in-place' puts
            what is there aside, and '--only qdrant --target DIR' restores it into a folder.
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The restore point's id, a beginning of it, or 'latest'.", valueName: "point"))
    var point = "latest"

    @Option(help: ArgumentHelp("Only this component.", valueName: "component"))
    var only: Component?

    @Option(
        name: .customLong("collection"),
        help: ArgumentHelp("Only this collection; may be repeated.", valueName: "name")
    )
    var collections: [String] = []

    @Option(
        name: .customLong("documents"),
        help: ArgumentHelp("Only these documents; may be repeated.", valueName: "name")
    )
    var folders: [String] = []

    @Option(
        name: .customLong("code"),
        help: ArgumentHelp("Only this checkout; may be repeated.", valueName: "name")
    )
    var checkouts: [String] = []

    @Flag(name: .long, help: "In checkouts, leave out what was not committed.")
    var committedOnly = false

    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("The name under which the one collection is restored.", valueName: "name")
    )
    var asName: String?

    @Option(help: ArgumentHelp("Only documents that match; may be repeated.", valueName: "pattern"))
    var include: [String] = []

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Only this set of the configuration; may be repeated.", valueName: "name")
    )
    var sets: [String] = []

    @Option(
        name: .customLong("identity"),
        help: ArgumentHelp("An age identity file that opens the configuration; may be repeated.", valueName: "file")
    )
    var identities: [String] = []

    @Option(
        help: ArgumentHelp(
            "The folder that documents, configuration and code are restored into; with '--only qdrant', a stopped server's storage.",
            valueName: "folder"
        )
    )
    var target: String?

    @Flag(
        name: .long,
        help: "Replace the live collection's data, and in documents, configuration and code what differs."
    )
    var inPlace = false

    @Flag(name: .long, help: "Point the aliases to the restored collection when it has been verified, in one step.")
    var switchAlias = false

    @Flag(name: .long, help: "Restore onto a server version for which the data files were not made.")
    var ignoreVersion = false

    @Flag(name: .long, help: "Do not ask before live data is replaced.")
    var yes = false

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    func validate() throws {
        if asName != nil, inPlace {
            throw ValidationError(
                "'--as' and '--in-place' exclude each other: one names a copy, the other replaces the live one"
            )
        }
        if target != nil, inPlace {
            throw ValidationError(
                "'--target' and '--in-place' exclude each other: one names another folder, the other the original"
            )
        }
        if only == .documents, asName != nil || switchAlias || !collections.isEmpty {
            throw ValidationError(
                "'--collection', '--as' and '--switch-alias' are about collections; '--only documents' leaves them out"
            )
        }
        if only == .configuration,
            asName != nil || switchAlias || !collections.isEmpty || !folders.isEmpty || !include.isEmpty
        {
            throw ValidationError(
                "'--collection', '--documents', '--as', '--switch-alias' and '--include' are about other components; '--only configuration' leaves them out"
            )
        }
        if let only, only != .configuration, !identities.isEmpty || !sets.isEmpty {
            throw ValidationError(
                "'--identity' and '--set' are about the configuration; '--only \(only.rawValue)' leaves it out"
            )
        }
        if let only, only != .code, !checkouts.isEmpty || committedOnly {
            throw ValidationError(
                "'--code' and '--committed-only' are about code; '--only \(only.rawValue)' leaves it out"
            )
        }
        if only == .code, asName != nil || switchAlias || !collections.isEmpty || !include.isEmpty || !folders.isEmpty {
            throw ValidationError("'--only code' leaves out collections and documents, and what is said of them")
        }
        if only == .qdrant, !include.isEmpty || !folders.isEmpty {
            throw ValidationError(
                "'--documents' and '--include' are about documents; '--only qdrant' leaves them out"
            )
        }
    }

    func run() async throws {
        let session = try Session(common)
        if !dryRun { try await common.startAbandonedContainers(isRequired: false) }
        let selection = PathSelection(include: try include.map { try PathPattern($0) })
        let (id, command, progress) = (point, self, common.makeProgress())
        let outcome = try await session.withRepositoryForReading { repository in
            let point = try await RestorePointCatalog(repository).find(
                id,
                system: id == "latest" ? session.configuration.system : nil
            )
            return try await command.restore(point, from: repository, session, selection, progress)
        }
        guard let outcome else { return }
        if common.json {
            try Console.json(RestoreRendering.output(outcome))
        } else {
            RestoreRendering.print(outcome, common)
        }
        if let failure = outcome.storage?.failure { throw failure }
        if !outcome.isVerified { throw ExitStatus.failed }
        if outcome.point.isIncomplete {
            common.remark(
                "restore point \(outcome.point.id) is a repaired copy that lacks \(Formatting.count(outcome.point.missing?.count ?? 0, "item")); 'holdfast show \(outcome.point.id)' lists them"
            )
            throw ExitStatus.partial
        }
    }

    private var wantsQdrant: Bool {
        (only == nil && folders.isEmpty && include.isEmpty && target == nil && checkouts.isEmpty && sets.isEmpty)
            || only == .qdrant
    }
    private var wantsDocuments: Bool {
        (only == nil && collections.isEmpty && asName == nil && checkouts.isEmpty && sets.isEmpty) || only == .documents
    }
    private var wantsCode: Bool {
        (only == nil && !namesOthers && sets.isEmpty) || only == .code
    }
    private var wantsConfiguration: Bool {
        (only == nil && !namesOthers && checkouts.isEmpty) || only == .configuration
    }
    /// Whether collections or documents are chosen by name.
    private var namesOthers: Bool {
        !collections.isEmpty || asName != nil || !folders.isEmpty || !include.isEmpty
    }

    /// - Returns: `nil` when nothing was to be done but to print the plan.
    private func restore(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        _ session: Session,
        _ selection: PathSelection,
        _ progress: any ProgressSink
    ) async throws -> RestoreOutcome? {
        let names = try collectionNames(point)
        let hasFolders = wantsDocuments && point.manifest[.documents] != nil
        let documents = DocumentsRestore(
            point,
            from: repository,
            to: target.map { .folder($0) } ?? (inPlace ? .inPlace : .original),
            selection: selection,
            progress: progress
        )
        let steps = hasFolders ? try documents.plan(folders) : []
        let sealed = makeConfigurationRestore(point, repository, session, progress)
        let sealedSteps = wantsConfiguration && point.manifest[.configuration] != nil ? try sealed.plan(sets) : []
        let code = CodeRestore(
            point,
            from: repository,
            to: target.map { .folder($0) } ?? (inPlace ? .inPlace : .original),
            appliesChanges: !committedOnly,
            progress: progress
        )
        let codeSteps = wantsCode ? try code.plan(checkouts) : []
        let hasStorage = wantsQdrant && collections.isEmpty && point.manifest[.qdrant]?.storage != nil
        guard !names.isEmpty || hasStorage || !steps.isEmpty || !sealedSteps.isEmpty || !codeSteps.isEmpty else {
            throw RecoveryError(
                .nothingToDo,
                "restore point \(point.manifest.id) holds nothing that these options choose",
                hint: "Run 'holdfast show \(point.manifest.id)' to see what it holds."
            )
        }
        return try await session.withOptionalClient(!names.isEmpty || hasStorage) { client in
            let storage = makeStorageRestore(point, repository, client, session, progress)
            let storageStep = hasStorage ? try await storage.plan() : nil
            var restores: [(CollectionRestore, CollectionRestore.Plan)] = []
            if let client {
                for name in names {
                    let restore = try await makeRestore(name, point, repository, client, session, progress)
                    restores.append((restore, try await restore.plan()))
                }
            } else if !names.isEmpty {
                throw RecoveryError(
                    .notConfigured,
                    "the configuration names no Qdrant server",
                    hint: "Add 'qdrant.url', or use '--only documents' or '--only configuration'."
                )
            }
            if dryRun {
                try RestoreRendering.printPlan(
                    point,
                    restores.map(\.1),
                    storageStep,
                    steps,
                    sealedSteps,
                    codeSteps,
                    common
                )
                if let storageStep { try await storage.check(storageStep) }
                return nil
            }
            if let storageStep { try await storage.check(storageStep) }
            try await documents.check(steps)
            try await sealed.check(sealedSteps)
            try await code.check(codeSteps)
            try confirm(restores.map(\.1), storageStep)
            // Qdrant first, then documents, then the configuration, then code (design, mission).
            var outcome = RestoreOutcome(point: point.manifest)
            for (restore, plan) in restores {
                progress.begin("restore \(plan.name)", totalBytes: plan.byteCount)
                defer { progress.end() }
                var report = try await restore.run(plan)
                if let client,
                    let held = point.manifest[.qdrant]?.collections.first(where: { $0.name == report.collection })
                {
                    let entry = session.configuration.qdrant?.entry(for: held.name, aliases: held.aliases)
                    try await EmbeddingCheck(held.embedding, configured: entry?.embedding).add(to: &report, client)
                }
                outcome.collections.append(report)
            }
            if let storageStep { outcome.storage = try await storage.run(storageStep) }
            // What was not put into place, or does not run, is no ground for what comes after it.
            if let done = outcome.storage, done.failure != nil || !done.differences.isEmpty {
                let left: [(Component, Bool)] = [
                    (.documents, steps.isEmpty), (.configuration, sealedSteps.isEmpty), (.code, codeSteps.isEmpty),
                ]
                outcome.notRestored = left.filter { !$0.1 }.map(\.0)
                return outcome
            }
            outcome.folders = try await documents.run(steps)
            outcome.sets = try await sealed.run(sealedSteps)
            outcome.checkouts = try await code.run(codeSteps)
            return outcome
        }
    }

    private func makeConfigurationRestore(
        _ point: RestorePoint,
        _ repository: IndexedRepository,
        _ session: Session,
        _ progress: any ProgressSink
    ) -> ConfigurationRestore {
        let logger = common.logger
        return ConfigurationRestore(
            point,
            from: repository,
            to: target.map { .folder(absolute($0)) } ?? (inPlace ? .inPlace : .original),
            identities: ConfigurationIdentities(
                files: identities,
                sets: session.configuration.sealed,
                ask: { Console.canAsk ? Console.askSecret($0) : nil },
                remark: { logger.warning("\($0)") }
            ),
            progress: progress
        )
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    private func collectionNames(_ point: RestorePoint) throws -> [String] {
        guard wantsQdrant else { return [] }
        let held = point.manifest[.qdrant]?.collections.map(\.name) ?? []
        try checkRoute(point)
        for name in collections where !held.contains(name) {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds no collection '\(name)'",
                hint: held.isEmpty ? "It holds no collections." : "It holds: \(held.joined(separator: ", "))."
            )
        }
        let chosen = collections.isEmpty ? held : collections
        if asName != nil, chosen.count != 1 {
            throw RecoveryError(
                .nothingToDo,
                "'--as' names one collection, but \(chosen.count) are chosen",
                hint: "Choose one with '--collection NAME'."
            )
        }
        return chosen
    }

    /// Options about collections say nothing of files, and the other way round.
    private func checkRoute(_ point: RestorePoint) throws {
        let isCold = point.manifest[.qdrant]?.storage != nil
        if isCold, !collections.isEmpty || asName != nil || switchAlias {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(point.manifest.id) holds the files of a stopped server, in which no collection can be chosen",
                hint:
                    "Restore the whole storage into a folder with '--only qdrant --target DIR', and start a server on it."
            )
        }
        if !isCold, only == .qdrant, target != nil {
            throw RecoveryError(
                .nothingToDo,
                "'--target' is about files, and restore point \(point.manifest.id) holds collections: they go to the server",
                hint: "Leave '--target' out, or write them to files with 'holdfast export'."
            )
        }
    }

    private func makeStorageRestore(
        _ point: RestorePoint,
        _ repository: IndexedRepository,
        _ client: QdrantClient?,
        _ session: Session,
        _ progress: any ProgressSink
    ) -> ColdRestore {
        ColdRestore(
            point,
            from: repository,
            to: target.map { .folder(absolute($0)) } ?? .configured(inPlace: inPlace),
            configured: session.configuration.qdrant,
            client: client,
            environment: ProcessInfo.processInfo.environment,
            stopped: common.stoppedContainers,
            logger: common.logger,
            progress: progress
        )
    }

    private func makeRestore(
        _ name: String,
        _ point: RestorePoint,
        _ repository: IndexedRepository,
        _ client: QdrantClient,
        _ session: Session,
        _ progress: any ProgressSink
    ) async throws -> CollectionRestore {
        var options = CollectionRestoreOptions(restorePointID: point.manifest.id)
        options.destination = asName.map { .named($0) } ?? (inPlace ? .inPlace : .automatic)
        options.switchesAliases = switchAlias
        options.losses = point.manifest.losses(ofCollection: name)
        options.ignoresVersion = ignoreVersion
        options.scoreTolerance = Float(session.configuration.restore.scoreTolerance)
        options.greenDeadline = session.configuration.restore.greenWithin
        let stored = try await StoredCollection(name, in: point.tree(of: .qdrant), of: repository)
        return CollectionRestore(
            stored,
            to: client,
            options: options,
            logger: common.logger,
            progress: { progress.advance($0) }
        )
    }

    private func confirm(_ plans: [CollectionRestore.Plan], _ storage: ColdRestore.Step?) throws {
        var replaced = plans.filter(\.replacesLive).map(\.name)
        if let storage, storage.replaces, target == nil { replaced.append(storage.target) }
        guard !replaced.isEmpty, !yes else { return }
        guard Console.canAsk else {
            throw RecoveryError(
                .targetNotEmpty,
                "the live data of \(replaced.joined(separator: ", ")) would be replaced",
                hint: "Add '--yes' to say that this is meant, or leave '--in-place' out to restore beside it."
            )
        }
        guard Console.confirm("Replace the live data of \(replaced.joined(separator: ", "))?") else {
            throw CancellationError()
        }
    }
}
