internal import ArgumentParser
internal import Foundation
internal import Logging
internal import ObjectStorage
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticCrypto
internal import ResticRepository
internal import TextbookExample

/// The demo, told in order: ingest, ask, back up, destroy, restore, prove, change, back up again.
struct DemoStory {
    private static let collection = "textbook_knowledge"
    private static let alias = "textbook"

    private let places: DemoPlaces
    private let client: QdrantClient
    private let say: DemoVoice
    private let session: Session
    private let docs: String
    private let password: [UInt8]
    private let question: DemoQuestion

    init(
        places: DemoPlaces,
        folder: String,
        client: QdrantClient,
        serverURL: String,
        say: DemoVoice,
        logger: Logger
    ) throws {
        self.places = places
        self.client = client
        self.say = say
        docs = folder + "/docs"
        let passwordFile = folder + "/password"
        password = Array(UUID().uuidString.utf8)
        try Data(password).write(to: URL(filePath: passwordFile))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passwordFile)
        // The configuration that a user would have, kept beside the repository for --keep.
        let template = ConfigurationTemplate(
            system: "textbook",
            repositoryLocation: folder + "/repository",
            password: "file:\(passwordFile)",
            qdrantURL: serverURL,
            collections: [Self.collection],
            documents: [docs]
        )
        let text = template.render()
        try Data(text.utf8).write(to: URL(filePath: folder + "/holdfast.yaml"))
        session = Session(
            try HoldfastConfiguration.parse(Array(text.utf8), file: "holdfast.yaml", folder: folder),
            logger: logger
        )
        question = try DemoQuestion.load("find-polaris", from: places.textbook + "/questions.json")
    }

    func tell() async throws -> DemoReport {
        var report = DemoReport()
        try await ingest(&report)
        let answer = try await ask("A question to the chatbot")
        let before = try await pointDigests()
        try await makeRepository()
        let point = try await backUp(&report)
        try await destroy()
        let outcome = try await restore(&report)
        try await prove(answer, before, outcome, &report)
        try await changeAndBackUpAgain(&report, since: point)
        try await checkWithRestic(&report)
        return report
    }

    // MARK: The system

    private func ingest(_ report: inout DemoReport) async throws {
        say.heading("A textbook goes into the embedded Qdrant")
        try FileManager.default.copyItem(atPath: places.textbook + "/docs", toPath: docs)
        let index = TextbookIndex(client: client, collection: Self.collection)
        try await index.prepare()
        let summary = try await index.ingest(folder: docs)
        try await client.updateAliases([.create(alias: Self.alias, collection: Self.collection)])
        report.pages = summary.pageCount
        report.passages = summary.passageCount
        say.line(
            "\(summary.pageCount) pages, \(summary.passageCount) passages, one point each: a 384-dimension lexical embedding made"
        )
        say.line("on this machine (feature hashing, no model), and a sparse BM25 vector. Alias '\(Self.alias)'.")
    }

    /// Asks through the alias, as an application would.
    private func ask(_ heading: String) async throws -> [Answer] {
        say.heading(heading)
        say.line("Q: \(question.question)")
        let answers = try await TextbookIndex(client: client, collection: Self.alias).ask(question.question, limit: 3)
        if let best = answers.first {
            say.line("A: \(best.excerpt.prefix(220))…")
            say.line("   from " + answers.map { "\($0.path) (\($0.heading))" }.joined(separator: "; "))
        }
        return answers
    }

    /// Every point with vectors and payload, to be compared after the restore.
    private func pointDigests() async throws -> [PointRecord] {
        var records: [PointRecord] = []
        let request = ScrollRequest(limit: 200, payload: .all, vectors: .all)
        for try await page in client.scrollPages(request, in: Self.collection) { records += page }
        return records
    }

    // MARK: Backup

    private func makeRepository() async throws {
        say.heading("A repository is made")
        let repository = try await Repository.create(
            in: session.store,
            password: password,
            createdAt: SystemWallClock().now,
            options: session.repositoryOptions
        )
        say.line("restic repository \(repository.id.prefix(8)), format 2, encrypted")
    }

    private func backUp(_ report: inout DemoReport) async throws -> RestorePointManifest {
        say.heading("holdfast backup")
        let (backup, took) = try await runBackup()
        if !say.isSilent { try BackupRendering.print(backup, took: took, CommonOptions.parse([])) }
        report.backupSeconds = took.inSeconds
        report.firstStoredBytes = backup.written.newStoredBytes
        let collection = backup.restorePoint[.qdrant]?.collections.first
        report.points = collection?.points ?? 0
        report.collectionBytes = collection?.dataBytes ?? 0
        report.documentBytes = backup.restorePoint[.documents]?.bytes ?? 0
        return backup.restorePoint
    }

    private func runBackup() async throws -> (BackupReport, Duration) {
        let plan = BackupPlan(
            system: session.configuration.system,
            collections: [BackupPlan.Collection(name: Self.collection, options: CollectionCapture.Options())],
            folders: session.configuration.documents
        )
        let start = ContinuousClock.now
        let (client, logger) = (client, session.logger)
        let report = try await session.withRepository { repository in
            try await BackupRun(plan, into: repository, client: client, logger: logger, toolVersion: Version.text).run()
        }
        return (report, ContinuousClock.now - start)
    }

    // MARK: Disaster and recovery

    private func destroy() async throws {
        say.heading("Disaster: the collection and the documents are deleted")
        _ = try await client.deleteCollection(Self.collection)
        try FileManager.default.removeItem(atPath: docs)
        do {
            _ = try await client.count(in: Self.alias)
            say.line("the collection still answers, which should not be")
        } catch let error as QdrantError where error.code == .notFound {
            say.line("the chatbot gets: \(error.message)")
        }
    }

    private func restore(_ report: inout DemoReport) async throws -> RestoreOutcome {
        say.heading("holdfast restore")
        let start = ContinuousClock.now
        let (client, logger) = (client, session.logger)
        let outcome = try await session.withRepository { repository in
            let point = try await RestorePointCatalog(repository).find("latest", system: nil)
            var outcome = RestoreOutcome(point: point.manifest)
            let stored = try await StoredCollection(Self.collection, in: point.tree(of: .qdrant), of: repository)
            let restore = CollectionRestore(
                stored,
                to: client,
                options: CollectionRestoreOptions(restorePointID: point.manifest.id),
                logger: logger
            )
            outcome.collections = [try await restore.run(restore.plan())]
            let documents = DocumentsRestore(point, from: repository, to: .original)
            outcome.folders = try await documents.run(documents.plan([]))
            return outcome
        }
        report.restoreSeconds = (ContinuousClock.now - start).inSeconds
        report.goldenQueries = outcome.collections.reduce(0) { $0 + $1.goldenQueries }
        report.restoredFiles = outcome.folders.reduce(0) { $0 + $1.report.restoredFiles }
        if !say.isSilent { try RestoreRendering.print(outcome, CommonOptions.parse([])) }
        return outcome
    }

    private func prove(
        _ answer: [Answer],
        _ before: [PointRecord],
        _ outcome: RestoreOutcome,
        _ report: inout DemoReport
    ) async throws {
        let again = try await ask("The same question again")
        let after = try await pointDigests()
        let golden = outcome.collections.allSatisfy { $0.isVerified && $0.goldenQueries > 0 }
        report.proofs = [
            .init(
                claim: "all \(before.count) points are back, each vector and payload equal",
                holds: !before.isEmpty && after == before
            ),
            .init(claim: "\(report.goldenQueries) golden queries give the recorded ids and scores", holds: golden),
            .init(
                claim: "\(report.restoredFiles) documents are back, byte for byte",
                holds: report.restoredFiles == report.pages && outcome.folders.allSatisfy(\.differences.isEmpty)
                    && DemoComparison.areEqual(docs, places.textbook + "/docs")
            ),
            .init(
                claim: "the same question has the same answer, and one of its sources is the right one",
                holds: again == answer
                    && again.contains { question.sources.contains(.init(path: $0.path, heading: $0.heading)) }
            ),
        ]
    }

    // MARK: The next day

    private func changeAndBackUpAgain(_ report: inout DemoReport, since point: RestorePointManifest) async throws {
        say.heading(
            "Another backup: the restored files have new inodes and are read once, but nothing of them is stored again"
        )
        let (fresh, tookFresh) = try await runBackup()
        if !say.isSilent { try BackupRendering.print(fresh, took: tookFresh, CommonOptions.parse([])) }
        say.heading("A few pages change, and the next backup stores what is new")
        let changes = places.textbook + "/changes"
        let paths = try DemoComparison.files(in: changes)
        for path in paths {
            try Data(contentsOf: URL(filePath: changes + "/" + path)).write(to: URL(filePath: docs + "/" + path))
        }
        let pages = try paths.map { try MDXPage.page(at: $0, in: docs) }
        _ = try await TextbookIndex(client: client, collection: Self.alias).ingest(pages)
        let (backup, took) = try await runBackup()
        if !say.isSilent { try BackupRendering.print(backup, took: took, CommonOptions.parse([])) }
        report.changedPages = paths.count
        report.secondStoredBytes = backup.written.newStoredBytes
        report.secondBackupSeconds = took.inSeconds
        let changed = backup.documents.changed == paths.count && backup.documents.new == 0
        report.proofs.append(
            .init(
                claim: "of \(report.pages) documents only the \(paths.count) changed ones were read again",
                holds: changed
            )
        )
    }

    /// The way out: the `restic` program accepts what was written.
    private func checkWithRestic(_ report: inout DemoReport) async throws {
        guard let restic = DemoProgram.find("restic") else {
            say.line("the restic program is not installed: its own check of the repository is left out")
            return
        }
        say.heading("restic check --read-data")
        let location = session.store.location
        let result = try await DemoProgram.run(
            restic,
            ["-r", location, "--no-cache", "check", "--read-data"],
            environment: ["RESTIC_PASSWORD": String(decoding: password, as: UTF8.self)]
        )
        for line in result.output.split(separator: "\n").suffix(2) { say.line(String(line)) }
        report.proofs.append(
            .init(
                claim: "the restic program reads all of the repository and finds no errors",
                holds: result.status == 0
            )
        )
    }
}
