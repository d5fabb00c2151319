import Foundation
import Logging
import QdrantClient
import Sealing
import TestSupport
import Testing

/// The whole protected system, of real programs: an embedded Qdrant, the textbook's chatbot that answers from it, documents, settings
/// with secrets, and the checkout that the chatbot is started from; with a restore point of all four.
struct ChatbotSystem {
    /// What a test wants to have otherwise.
    struct Options {
        var server = EmbeddedQdrant.Options()
        /// More of `probes`.
        var probes = ""
        /// `recovery` without its key.
        var recovery = ChatbotSystem.reingest
        /// Patterns of sealed files beside `.env.production`.
        var sealed = ""
        /// Adds to the project before the first restore point.
        var prepare: (ChatbotSystem) throws -> Void = { _ in }
    }

    /// Hands changed documents to the chatbot.
    static let reingest = """
          reingest: {command: "sh reingest.sh"}
        """
    static let newPage = "06-observing/noctilucent-clouds.mdx"
    private static let textbook = "\(PackageRoot.path)/Examples/textbook"
    static let token = String(repeating: "t0k3n", count: 6)

    let holdfast: HoldfastProgram
    let server: EmbeddedQdrant
    let client: QdrantClient
    /// The key of the server, when it has one.
    var apiKey: String?
    /// Where the chatbot listens.
    let port: Int

    var folder: TemporaryDirectory { holdfast.folder }

    static func with(_ options: Options = Options(), _ body: (ChatbotSystem) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant(options.server) { server in
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                let key = options.server.apiKey
                let endpoint = try QdrantEndpoint(url: server.baseURL, apiKey: key.map { Secret($0) })
                try await withQdrantClient(endpoint: endpoint, logger: logger) { client in
                    var holdfast = try HoldfastProgram(in: folder)
                    holdfast.variables = [
                        "CHATBOT_PROGRAM": URL(filePath: HoldfastProgram.path).deletingLastPathComponent()
                            .appendingPathComponent("textbook-chatbot").path,
                        "CHATBOT_RUN": folder.path("run"),
                        "CHATBOT_PARENT": "\(ProcessInfo.processInfo.processIdentifier)",
                    ]
                    if let key { holdfast.variables["QDRANT_KEY"] = key }
                    let system = ChatbotSystem(
                        holdfast: holdfast,
                        server: server,
                        client: client,
                        apiKey: key,
                        port: try LoopbackPort().number
                    )
                    let result: Result<Void, any Error>
                    do {
                        try await system.make(options)
                        result = .success(try await body(system))
                    } catch {
                        result = .failure(error)
                    }
                    system.killChatbot()
                    try result.get()
                }
            }
        }
    }

    // MARK: Making

    private func make(_ options: Options) async throws {
        for part in ["01-sky", "06-observing"] {
            try FileManager.default.createDirectory(
                atPath: folder.path("project/docs"),
                withIntermediateDirectories: true
            )
            try FileManager.default.copyItem(
                atPath: "\(Self.textbook)/docs/\(part)",
                toPath: folder.path("project/docs/\(part)")
            )
        }
        try writeSettings(qdrantURL: server.baseURL)
        try FileManager.default.copyItem(atPath: "\(Self.textbook)/deploy", toPath: folder.path("project/app"))
        for arguments in [
            ["init", "--quiet"], ["add", "--all"],
            ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message=first"],
        ] { _ = try await git(arguments) }
        try holdfast.write("not committed\n", to: "project/app/README.md")
        let identity = AgeIdentity()
        try holdfast.write(identity.exposed + "\n", to: "identity.txt")
        try holdfast.write(
            """
            curl -sS --fail-with-body -H 'Content-Type: application/json' \
                -H "Authorization: Bearer $(sed -n 's/^ADMIN_TOKEN=//p' project/.env.production)" \
                -d '{}' http://127.0.0.1:\(port)/ingest

            """,
            to: "ingest.sh"
        )
        try holdfast.write("cat >> reingest.log\nexec sh ingest.sh\n", to: "reingest.sh")
        try options.prepare(self)
        try configure(options, recipient: "\(try identity.recipient)")
        try await startChatbot()
        try await ingest()
        try await holdfast.run("init")
        try await holdfast.run("probe")
        try await holdfast.run("backup")
    }

    private func configure(_ options: Options, recipient: String) throws {
        try holdfast.write(
            """
            version: 1
            system: test
            repository: {location: repo, password: "env:HOLDFAST_PASSWORD"}
            qdrant:
              url: \(server.baseURL)\(apiKey == nil ? "" : "\n  api_key: env:QDRANT_KEY")
              collections: [{name: textbook, source_field: path, documents: docs}]
            documents: [{name: docs, path: project/docs}]
            configuration:
              - name: settings
                path: project
                files: [.env.production\(options.sealed)]
                recipients: [\(recipient)]
                identity: file:identity.txt
            code: [{name: app, path: project/app}]
            probes:
              - name: health
                http:
                  url: http://127.0.0.1:\(port)/health
                  json:
                    - {path: status, equals: ok}
                    - {path: checks.configuration.restart_needed, equals: "false"}
                within: 20s
              - name: polaris
                question:
                  url: http://127.0.0.1:\(port)/chat
                  ask: How can I find Polaris with the help of the Plough?
                  sources: sources[*].path
                  cites: [01-sky/constellations.mdx]
                within: 20s
            \(options.probes)
            recovery:
            \(options.recovery)

            """,
            to: "holdfast.yaml"
        )
    }

    /// The chatbot's settings, as a person writes them: with the right server, or another one.
    func writeSettings(qdrantURL: String) throws {
        try holdfast.write(
            """
            QDRANT_URL=\(qdrantURL)\(apiKey.map { "\nQDRANT_API_KEY=\($0)" } ?? "")
            COLLECTION=textbook
            DOCS_FOLDER=docs
            ADMIN_TOKEN=\(Self.token)
            PORT=\(port)

            """,
            to: "project/.env.production"
        )
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600],
            ofItemAtPath: folder.path("project/.env.production")
        )
    }

    /// A page that the restore point does not have.
    func writeNewPage() throws {
        let page = try String(contentsOfFile: "\(Self.textbook)/additions/\(Self.newPage)", encoding: .utf8)
        try holdfast.write(page, to: "project/docs/\(Self.newPage)")
    }

    // MARK: Running

    /// Starts the chatbot, or starts it anew.
    func startChatbot() async throws {
        // Foundation's Process waits for whoever has inherited a socket of it: the chatbot must not. Only bash closes descriptors
        // with more than one digit.
        let script = """
            for file in /proc/self/fd/*; do
                number=${file##*/}
                if [ "$number" -gt 2 ]; then eval "exec $number>&-"; fi
            done
            exec sh project/app/restart.sh
            """
        let bash = try #require(Program.find("bash"))
        let outcome = try await bash.run(["-c", script], environment: holdfast.environment(), folder: folder.path)
        try #require(outcome.succeeded, "\(outcome)")
    }

    /// Ends the chatbot as a power cut would.
    func killChatbot() {
        let file = folder.path("run/chatbot.pid")
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let processID = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), processID > 1
        else { return }
        let running = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(processID)/exe")
        if running?.hasSuffix("/textbook-chatbot") == true { kill(processID, SIGKILL) }
        try? FileManager.default.removeItem(atPath: file)
    }

    /// Has the chatbot ingest the whole folder.
    func ingest() async throws {
        let shell = try #require(Program.find("sh"))
        let outcome = try await shell.run(["ingest.sh"], folder: folder.path)
        try #require(outcome.succeeded, "\(outcome)")
    }

    private func git(_ arguments: [String]) async throws -> String {
        let git = try #require(Program.find("git"))
        let outcome = try await git.run(["-C", folder.path("project/app")] + arguments)
        try #require(outcome.succeeded, "\(outcome)")
        return outcome.text
    }

    // MARK: Losing

    /// Everything but the repository, the configuration of Holdfast and the identity is gone; the server is another, empty one.
    func destroyEverything() async throws {
        killChatbot()
        await server.kill()
        try FileManager.default.removeItem(atPath: server.storagePath)
        try FileManager.default.createDirectory(atPath: server.storagePath, withIntermediateDirectories: true)
        try FileManager.default.removeItem(atPath: folder.path("project"))
        try await server.restart()
        #expect(try await client.collections().isEmpty)
    }

    // MARK: Comparing

    /// All that can be compared.
    struct State: Equatable {
        var points: [PointRecord]
        var files: [String: Data]
        var mode: Int?
        var code: String
    }

    func state() async throws -> State {
        var points: [PointRecord] = []
        let request = ScrollRequest(limit: 200, payload: .all, vectors: .all)
        for try await page in client.scrollPages(request, in: "textbook") { points += page }
        let project = folder.path("project")
        var files: [String: Data] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: project) where !path.hasPrefix("app/.git") {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: "\(project)/\(path)", isDirectory: &isFolder)
            if !isFolder.boolValue { files[path] = try Data(contentsOf: URL(filePath: "\(project)/\(path)")) }
        }
        let settings = try FileManager.default.attributesOfItem(atPath: "\(project)/.env.production")
        return State(
            points: points,
            files: files,
            mode: settings[.posixPermissions] as? Int,
            code: try await git(["rev-parse", "HEAD"]) + git(["diff", "HEAD"])
        )
    }

    /// Whether the system is as it was, and its chatbot answers.
    func expectWhole(_ before: State, _ comment: String = "") async throws {
        let after = try await state()
        #expect(after.points == before.points, "\(comment)")
        #expect(after.files.keys.sorted() == before.files.keys.sorted(), "\(comment)")
        #expect(after.files == before.files && after.code == before.code && after.mode == before.mode, "\(comment)")
        #expect(try await client.collections() == ["textbook"], "\(comment)")
        try await holdfast.run("probe", "--once")
    }
}
