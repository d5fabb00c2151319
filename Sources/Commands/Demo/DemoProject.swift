internal import Foundation
internal import Recovery

/// The project folder of the demo: documents, settings with secrets, and the checkout that the chatbot is started from.
struct DemoProject: Sendable {
    /// How a checkout stands.
    struct Checkout: Sendable, Hashable {
        let commit: String
        /// What is not committed, as a patch, and the names of files that git does not know. Whether a change was staged does not
        /// matter: a restore stages all of them.
        let changes: String
        /// Whether `git fsck` finds nothing wrong.
        let isSound: Bool
    }

    let folder: String
    private let git: DemoProgram

    var docs: String { folder + "/docs" }
    var settings: String { folder + "/.env.production" }
    var checkout: String { folder + "/app" }

    /// - Parameter git: the program.
    init(folder: String, git: String) {
        self.folder = folder
        // Nobody's own settings: the same commit on every machine.
        let variables = [
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Demo",
            "GIT_AUTHOR_EMAIL": "demo@example.org", "GIT_COMMITTER_NAME": "Demo",
            "GIT_COMMITTER_EMAIL": "demo@example.org",
        ]
        self.git = DemoProgram(path: git, environment: variables, folder: nil)
    }

    /// Makes it out of the textbook.
    func make(from textbook: String, qdrantURL: String, apiKey: String, chatbot: DemoChatbot) async throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: textbook + "/docs", toPath: docs)
        try DemoFiles.writeSecret(
            """
            # Made up for this run of the demo.
            QDRANT_URL=\(qdrantURL)
            QDRANT_API_KEY=\(apiKey)
            COLLECTION=\(DemoConfiguration.alias)
            DOCS_FOLDER=docs
            ADMIN_TOKEN=\(chatbot.token)
            PORT=\(chatbot.port)

            """,
            to: settings
        )
        try FileManager.default.copyItem(atPath: textbook + "/deploy", toPath: checkout)
        try await run("init", "--quiet", "--initial-branch=main")
        try await run("add", "--all")
        try await run("commit", "--quiet", "--message=How the chatbot runs")
        // What nobody has committed yet is part of what the application runs from, too.
        let note = URL(filePath: checkout + "/README.md")
        try Data((String(contentsOf: note, encoding: .utf8) + "\nNot committed yet.\n").utf8).write(to: note)
    }

    /// How the checkout stands.
    func examineCheckout() async throws -> Checkout {
        Checkout(
            commit: try await run("rev-parse", "HEAD").trimmingCharacters(in: .whitespacesAndNewlines),
            changes: try await run("diff", "HEAD") + (try await run("ls-files", "--others", "--exclude-standard")),
            isSound: try await git.run(["-C", checkout, "fsck", "--no-progress"]).status == 0
        )
    }

    @discardableResult
    private func run(_ arguments: String...) async throws -> String {
        let outcome = try await git.run(["-C", checkout] + arguments)
        guard outcome.status == 0 else {
            throw RecoveryError(
                .codeUnreadable,
                "'git \(arguments.joined(separator: " "))' ended with status \(outcome.status): \(outcome.text)"
            )
        }
        return outcome.text
    }
}
