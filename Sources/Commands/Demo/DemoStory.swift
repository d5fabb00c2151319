internal import Foundation
internal import QdrantClient
internal import Recovery
internal import TextbookExample

/// The demo, told in order: a chatbot runs, is backed up, lost and recovered, changes, is backed up again, and a drill proves that.
struct DemoStory {
    private let places: DemoPlaces
    private let client: QdrantClient
    private let server: DemoServer
    private let project: DemoProject
    private let chatbot: DemoChatbot
    private let safe: DemoSafe
    private let repository: DemoRepository
    private let shell: DemoShell
    private let say: DemoVoice
    private let folder: String
    private let question: DemoQuestion

    init(_ stage: DemoStage, _ client: QdrantClient, say: DemoVoice) throws {
        (places, server, project, chatbot) = (stage.places, stage.server, stage.project, stage.chatbot)
        (safe, repository, folder) = (stage.safe, stage.repository, stage.folder)
        (self.client, self.say) = (client, say)
        question = try DemoQuestion.load("find-polaris", from: stage.places.textbook + "/questions.json")
        let stagingPort = try FreePort.find()
        shell = DemoShell(folder: folder, environment: stage.environment(stagingPort: stagingPort), say: say)
        let configuration = DemoConfiguration(
            repository: repository,
            safe: safe,
            qdrantURL: server.url,
            chatbotPort: chatbot.port,
            stagingPort: stagingPort,
            question: question
        )
        try Data(configuration.text.utf8).write(to: URL(filePath: folder + "/holdfast.yaml"))
    }

    func tell() async throws -> DemoReport {
        var report = DemoReport()
        try await setUp(&report)
        try await backUp(&report)
        let before = try await addPage()
        try await destroy()
        let outcome = try await recover(&report)
        report.proofs = [Self.proof(of: outcome)]
        say.heading("The same question again")
        let after = try await examine(try await ask(question), aboutNewPage: try await ask(.aboutNewPage))
        report.proofs += before.proofs(against: after, question)
        try await changeAndBackUpAgain(&report)
        try await drill(&report)
        try await lookForSecrets(&report)
        try await checkWithRestic(&report)
        return report
    }

    // MARK: The system

    private func setUp(_ report: inout DemoReport) async throws {
        say.heading("A chatbot answers from a textbook")
        try await project.make(from: places.textbook, qdrantURL: server.url, apiKey: safe.apiKey, chatbot: chatbot)
        try await TextbookIndex(client: client, collection: DemoConfiguration.collection).prepare()
        try await client.updateAliases([
            .create(alias: DemoConfiguration.alias, collection: DemoConfiguration.collection)
        ])
        try await startChatbot()
        try await chatbot.ingest()
        report.pages = try DemoFiles.paths(in: project.docs).count
        report.passages = try await client.count(in: DemoConfiguration.alias)
        say.line("project/docs             \(report.pages) pages, cut into \(report.passages) passages")
        say.line("project/.env.production  settings with secrets, readable for their owner only")
        say.line("project/app              the git checkout that it runs from, with a change that is not committed")
        say.line("Qdrant                   one point for each passage, behind the alias '\(DemoConfiguration.alias)'")
        say.heading("A question to the chatbot")
        _ = try await ask(question)
    }

    private func startChatbot() async throws {
        let outcome = try await DemoProgram(path: "/bin/sh", environment: chatbot.environment, folder: folder).run(
            [project.checkout + "/restart.sh"]
        )
        guard outcome.status == 0 else {
            throw RecoveryError(.notConfigured, "the chatbot does not start: \(outcome.text)")
        }
    }

    private func ask(_ question: DemoQuestion) async throws -> DemoChatbot.Reply {
        let reply = try await chatbot.ask(question.question)
        say.line("Q: \(question.question)")
        say.line("A: \(reply.answer.prefix(220))…")
        say.line("   from " + reply.sources.prefix(3).map { "\($0.path) (\($0.heading))" }.joined(separator: "; "))
        return reply
    }

    /// Looks at everything that is compared, quietly.
    private func examine(_ reply: DemoChatbot.Reply, aboutNewPage: DemoChatbot.Reply) async throws -> DemoEvidence {
        var points: [PointRecord] = []
        let request = ScrollRequest(limit: 200, payload: .all, vectors: .all)
        for try await page in client.scrollPages(request, in: DemoConfiguration.collection) { points += page }
        return DemoEvidence(
            points: points,
            aliases: try await client.aliases(),
            documents: try DemoFiles.contents(of: project.docs),
            settings: try Data(contentsOf: URL(filePath: project.settings)),
            settingsMode: try DemoFiles.mode(of: project.settings),
            checkout: try await project.examineCheckout(),
            reply: reply,
            replyAboutNewPage: aboutNewPage
        )
    }

    // MARK: Backup

    private func backUp(_ report: inout DemoReport) async throws {
        say.heading("A restore point of all four components")
        try await shell.holdfast("init")
        report.backupSeconds = try await shell.holdfast("backup").inSeconds
        report.firstStoredBytes = try await storedBytes()
        let point = try await shell.ask(DemoAnswer.Point.self, "show", "latest")
        let collection = point[.qdrant]?.collections.first
        report.points = collection?.points ?? 0
        report.collectionBytes = collection?.dataBytes ?? 0
        report.goldenQueries = collection?.goldenQueries ?? 0
        report.documentBytes = point[.documents]?.bytes ?? 0
    }

    private func storedBytes() async throws -> Int64 {
        try await shell.ask(DemoAnswer.Stats.self, "repo", "stats").storedBytes
    }

    /// Something that the restore point does not have.
    ///
    /// - Returns: the state that the recovery has to reach.
    private func addPage() async throws -> DemoEvidence {
        say.heading("After the backup, a page is written")
        for path in try DemoFiles.lay(places.textbook + "/additions", over: project.docs) { say.line("+ \(path)") }
        try await chatbot.ingest()
        let aboutNewPage = try await ask(.aboutNewPage)
        return try await examine(try await chatbot.ask(question.question), aboutNewPage: aboutNewPage)
    }

    // MARK: Disaster and recovery

    private func destroy() async throws {
        say.heading("Disaster: the machine is lost")
        let other = chatbot.kill()
        try await server.destroy()
        try FileManager.default.removeItem(atPath: project.folder)
        say.line("gone: the chatbot, the server with all its storage, the documents, the secrets, the checkout")
        do {
            _ = try await chatbot.ask(question.question)
            // Whatever came after would not be a recovery.
            throw RecoveryError(
                .refused,
                "the chatbot still answers after the machine was lost"
                    + (other.map { ": what runs under its process id is another program (\($0))" } ?? ""),
                hint: "Look what listens on port \(chatbot.port), end it, and run the demo again."
            )
        } catch let error as RecoveryError where error.code == .undetermined {
            say.line("left: the repository, what lies in the safe, and 'holdfast.yaml'; \(error.message)")
        }
        try await server.start()
        try DemoFiles.lay(places.textbook + "/additions", over: project.docs)
        say.line("An empty Qdrant is started, and the author of the new page puts it back from a laptop.")
    }

    private func recover(_ report: inout DemoReport) async throws -> RecoveryReport {
        say.heading("Recovery")
        report.recoverSeconds = try await shell.holdfast(
            "recover",
            "--yes",
            "--identity",
            "safe/identity.txt",
            "--report",
            "recovery.html",
            "--report",
            "recovery.json"
        ).inSeconds
        let outcome = try JSONDecoder().decode(
            RecoveryReport.self,
            from: Data(contentsOf: URL(filePath: folder + "/recovery.json"))
        )
        (report.rpoSeconds, report.rtoSeconds) = (outcome.rpoSeconds, outcome.rtoSeconds)
        report.ingestedAgain = outcome.reingest?.changes.count ?? 0
        return outcome
    }

    /// Every step there is, each verified, over a loss that was seen as what it was.
    private static func proof(of outcome: RecoveryReport) -> DemoReport.Proof {
        let steps = ["qdrant", "documents", "configuration", "code", "after_code", "verify", "reingest", "watch"]
        let isVerified = outcome.steps.map(\.id) == steps && outcome.steps.allSatisfy { $0.outcome == .verified }
        return DemoReport.Proof(
            claim: "the recovery restored four components in order, and verified each of \(steps.count) steps",
            holds: isVerified && outcome.outcome == .verified && outcome.scenario == .completeFailure
                && outcome.differences.isEmpty && outcome.rpoSeconds != nil && outcome.rtoSeconds != nil
        )
    }

    // MARK: The next day

    private func changeAndBackUpAgain(_ report: inout DemoReport) async throws {
        say.heading("The next day: a few pages change, and the next backup stores what is new")
        let changed = try DemoFiles.lay(places.textbook + "/changes", over: project.docs)
        try await chatbot.ingest()
        let (storedBefore, first) = (
            try await storedBytes(), try await shell.ask(DemoAnswer.Point.self, "show", "latest")
        )
        report.secondBackupSeconds = try await shell.holdfast("backup").inSeconds
        report.changedPages = changed.count
        report.secondStoredBytes = try await storedBytes() - storedBefore
        try await shell.holdfast("diff", first.id, "latest", "--only", "documents")
        let found = try await shell.ask(
            DemoAnswer.Differences.self,
            "diff",
            first.id,
            "latest",
            "--only",
            "documents"
        ).differences
        func paths(_ kind: PathDifference.Kind) -> Set<String> {
            Set(found.filter { $0.kind == kind && $0.newSize != nil }.map(\.path))
        }
        func stored(_ names: [String]) -> Set<String> { Set(names.map { "/documents/docs/\($0)" }) }
        let added = try DemoFiles.paths(in: places.textbook + "/additions")
        report.proofs.append(
            .init(
                claim: "the second restore point differs by \(changed.count) changed pages and the new one, no others",
                holds: paths(.changed) == stored(changed) && paths(.added) == stored(added)
                    && !found.contains { $0.kind == .removed }
            )
        )
    }

    private func drill(_ report: inout DemoReport) async throws {
        say.heading("A drill: the new restore point, restored into a scratch place, with a chatbot of its own")
        report.drillSeconds = try await shell.holdfast("drill", "full", "--identity", "safe/identity.txt").inSeconds
        try await shell.holdfast("points")
        let points = try await shell.ask([DemoAnswer.Point].self, "points")
        report.restorePoints = points.map(\.id)
        let all = Set(Component.allCases.map(\.rawValue))
        report.proofs.append(
            .init(
                claim: "both restore points are proven for all four components: by the recovery, and by the drill",
                holds: points.count == 2 && points.allSatisfy { $0.provenComponents == all }
            )
        )
    }

    // MARK: What must not be, and the way out

    /// No secret of this run is in what a command has said, in a report, or in what the repository holds of documents, code and
    /// descriptions; the settings are sealed. The code's commits are packed by git, and are not looked into.
    private func lookForSecrets(_ report: inout DemoReport) async throws {
        let sealed = try await shell.dump("/configuration/settings/files/.env.production.age")
        var places = [shell.heard, sealed]
        for path in ["/documents", "/code", "/holdfast", "/configuration/settings"] {
            places.append(try await shell.dump(path))
        }
        for name in ["recovery.html", "recovery.json"] {
            places.append(Array(try Data(contentsOf: URL(filePath: folder + "/" + name))))
        }
        let secrets = ([chatbot.token] + safe.secrets).map { Data($0.utf8) }
        let isFound = places.contains { bytes in secrets.contains { Data(bytes).range(of: $0) != nil } }
        report.proofs.append(
            .init(
                claim:
                    "no secret is in any output, report, stored document, patch or description, and the settings are sealed",
                holds: !isFound && Data(sealed).starts(with: Data("age-encryption.org/v1".utf8))
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
        let result = try await DemoProgram(
            path: restic,
            environment: repository.resticEnvironment.merging(["RESTIC_PASSWORD_FILE": repository.passwordFile]) {
                own,
                _ in own
            }
        ).run(["-r", repository.resticLocation, "--no-cache", "check", "--read-data"])
        for line in result.text.split(separator: "\n").suffix(2) { say.line("  \(line)") }
        report.proofs.append(
            .init(
                claim: "the restic program reads all of the repository and finds no errors",
                holds: result.status == 0
            )
        )
    }
}
