import Foundation
import QdrantClient
import TestSupport
import Testing

/// The commands that change a running system, with the secrets that they need for it: the keys of the server and of the chatbot.
@Suite(
    "Secrets in a recovery",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .enabled(if: Program.find("curl") != nil && Program.find("git") != nil, "curl or git is not installed"),
    .timeLimit(.minutes(10))
)
struct RecoverySecretTests {
    private static let apiKey = "Qdrant-key-Tf58Yw02Jc"

    @Test("appear in no output, log, report, temporary file or blob of a repair of points, a plan and a whole recovery")
    func noLeak() async throws {
        var options = ChatbotSystem.Options()
        options.server.apiKey = Self.apiKey
        options.recovery += "\n  hooks: {after_code: sh project/app/restart.sh}"
        try await ChatbotSystem.with(options) { system in
            let folder = system.folder
            try FileManager.default.createDirectory(atPath: folder.path("tmp"), withIntermediateDirectories: false)
            let identity = try String(contentsOfFile: folder.path("identity.txt"), encoding: .utf8)
                .trimmingCharacters(in: .whitespacesAndNewlines)
            try #require(identity.hasPrefix("AGE-SECRET-KEY-1"))
            var scan = SecretScan([Self.apiKey, ChatbotSystem.token, identity, "secret phrase"])
            func run(_ arguments: String...) async throws {
                var environment = system.holdfast.environment()
                environment["TMPDIR"] = folder.path("tmp")
                let outcome = try await system.holdfast.program.run(
                    arguments + ["--verbose"],
                    environment: environment,
                    folder: folder.path,
                    timeout: .seconds(120)
                )
                #expect(outcome.status == 0, "\(arguments): \(outcome)")
                scan.search(outcome.output + outcome.errors, in: "what 'holdfast \(arguments)' said")
            }
            for output in [[], ["--json"]] {
                let lost = try await system.state().points.prefix(5).map(\.id)
                _ = try await system.client.deletePoints(.ids(lost), in: "textbook")
                if output.isEmpty {
                    try await run("repair-points", "--dry-run")
                    try await run("repair-points", "--yes", "--list", "list.json")
                } else {
                    try await run("repair-points", "--yes", "--json")
                }
            }
            try await system.destroyEverything()
            try await run("recover", "--dry-run")
            try await run("recover", "--dry-run", "--json")
            let reports = ["recovery.json", "recovery.html", "recovery.md"]
            try await run("recover", "--yes", "--report", reports[0], "--report", reports[1], "--report", reports[2])
            try await run("show")
            for name in reports + ["list.json"] {
                scan.search(Array(try Data(contentsOf: URL(filePath: folder.path(name)))), in: name)
            }
            for name in ["tmp", "cache", "state", "repo"]
            where FileManager.default.fileExists(atPath: folder.path(name)) {
                try scan.search(folder: folder.path(name))
            }
            try await scan.search(repository: folder.path("repo"), password: "secret phrase")
            #expect(scan.leaks.isEmpty, "\(scan.leaks.map(\.description).sorted().joined(separator: "\n"))")
            #expect(scan.searchedPlaces > 40 && scan.searchedBytes > 50_000, "\(scan)")
            // The search sees these secrets where they are meant to be.
            scan.search(Array(try Data(contentsOf: URL(filePath: folder.path("project/.env.production")))), in: "live")
            #expect(Set(scan.leaks.map(\.secret)) == [0, 1])
        }
    }
}
