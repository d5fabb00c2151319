import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite(
    "A recovery, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10))
)
struct RecoverTests {
    private func withSystem(_ body: (HoldfastProgram, EmbeddedQdrant, QdrantClient) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant { server in
                let holdfast = try HoldfastProgram(in: folder)
                try holdfast.makeDocuments()
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    var generator = SeededGenerator(seed: 9)
                    try await client.createCollection("knowledge", ["vectors": ["size": 16, "distance": "Cosine"]])
                    let points = (0..<400).map { index in
                        Point(
                            id: .number(UInt64(index)),
                            vector: (0..<16).map { _ in Float.random(in: -1...1, using: &generator) },
                            payload: ["path": .string("page-\(index % 40).mdx")]
                        )
                    }
                    _ = try await client.upsert(points, in: "knowledge")
                    try await client.updateAliases([.create(alias: "live", collection: "knowledge")])
                    try await holdfast.run(
                        "init",
                        "--repository",
                        "repo",
                        "--qdrant",
                        server.baseURL,
                        "--collection",
                        "knowledge",
                        "--documents",
                        "docs",
                        "--system",
                        "test"
                    )
                    let file = URL(filePath: folder.path("holdfast.yaml"))
                    let text = try String(contentsOf: file, encoding: .utf8)
                    let more = """

                        probes:
                          - name: collection
                            http:
                              url: \(server.baseURL)/collections/live
                              json: [{path: result.points_count, equals: 400}, {path: status, equals: ok}]
                            within: 10s
                        recovery:
                          hooks: {after_documents: "sh -c 'echo restarted >> hooks.log'"}

                        """
                    try Data((text + more).utf8).write(to: file)
                    try await holdfast.run("backup")
                    try await body(holdfast, server, client)
                }
            }
        }
    }

    @Test("brings a destroyed system back with one command, verified, with reports and a proof")
    func destroyed() async throws {
        try await withSystem { holdfast, server, client in
            let folder = holdfast.folder
            let intact = try await holdfast.run("recover")
            #expect(intact.text.contains("nothing is lost"), "\(intact)")
            try await holdfast.run("probe")
            _ = try await client.deleteCollection("knowledge")
            try FileManager.default.moveItem(atPath: folder.path("docs"), toPath: folder.path("lost"))
            try await holdfast.run("probe", "--once", expecting: 1)
            // A dry run prints the plan; without '--yes' nobody is there to be asked. Neither changes anything.
            let plan = try await holdfast.run("recover", "--dry-run")
            for line in [
                "assessment of 'test': complete failure of the system", "qdrant        knowledge: missing:",
                "documents     docs: missing:", "knowledge in knowledge: make the collection with 400 points",
                "docs in \(folder.path("docs")): write 41 files", "  after_documents\n  verify\n  reingest\n",
                "time: unknown (no earlier recovery or drill of qdrant is recorded)",
            ] {
                #expect(plan.text.contains(line), "\(line): \(plan)")
            }
            let refused = try await holdfast.run("recover", expecting: 1)
            #expect(refused.errorText.contains("add '--yes'"), "\(refused)")
            #expect(try await client.collections().isEmpty)
            let outcome = try await holdfast.run(
                "recover",
                "--yes",
                "--report",
                "report.md",
                "--report",
                "report.html",
                "--report",
                "report.json"
            )
            #expect(outcome.text.contains("recovery of 'test': verified"), "\(outcome)")
            #expect(try await areEqual(folder.path("lost"), folder.path("docs")))
            try await server.restart()
            #expect(try await client.count(in: "live") == 400)
            #expect(try String(contentsOfFile: folder.path("hooks.log"), encoding: .utf8) == "restarted\n")
            for name in ["report.md", "report.html", "report.json"] {
                let text = try String(contentsOfFile: folder.path(name), encoding: .utf8)
                #expect(text.contains("knowledge") && !text.contains("secret phrase"), "\(name)")
            }
            let assessed = try await holdfast.json("recover", "--dry-run")
            let available = try #require(assessed["available"] as? [[String: Any]])
            #expect(available.allSatisfy { $0["provenAt"] is String }, "\(assessed)")
            #expect(try await holdfast.json("recover")["scenario"] as? String == "nothingLost")
            if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
        }
    }

    @Test("killed at any moment is finished by the next")
    func killed() async throws {
        try await withSystem { holdfast, _, client in
            let folder = holdfast.folder
            try FileManager.default.copyItem(atPath: folder.path("docs"), toPath: folder.path("lost"))
            for delay in [30, 120, 250, 400, 700] {
                _ = try await client.deleteCollection("knowledge")
                try? FileManager.default.removeItem(atPath: folder.path("docs"))
                let timeout = try #require(Program.find("timeout"))
                let seconds = "0.\(delay < 100 ? "0" : "")\(delay)"
                _ = try await timeout.run(
                    ["-s", "KILL", seconds, HoldfastProgram.path, "recover", "--yes"],
                    environment: holdfast.environment(),
                    folder: folder.path
                )
                let outcome = try await holdfast.run("recover", "--yes")
                #expect(
                    outcome.text.contains("verified") || outcome.text.contains("nothing is lost"),
                    "after \(delay) ms: \(outcome)"
                )
                #expect(try await client.count(in: "live") == 400, "after \(delay) ms")
                #expect(try await client.collections() == ["knowledge"], "after \(delay) ms")
                #expect(try await areEqual(folder.path("lost"), folder.path("docs")), "after \(delay) ms")
            }
        }
    }

    @Test("into another folder and onto another server leaves the first ones alone")
    func elsewhere() async throws {
        try await withSystem { holdfast, _, client in
            try await withEmbeddedQdrant { other in
                let outcome = try await holdfast.run(
                    "recover",
                    "--yes",
                    "--target",
                    "elsewhere",
                    "--qdrant-url",
                    other.baseURL
                )
                #expect(outcome.text.contains("verified"), "\(outcome)")
                let folder = holdfast.folder
                #expect(try await areEqual(folder.path("docs"), folder.path("elsewhere/docs")))
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                let count = try await withQdrantClient(
                    endpoint: QdrantEndpoint(url: other.baseURL),
                    logger: logger
                ) { copy in
                    try await copy.count(in: "live")
                }
                #expect(count == 400)
                #expect(try await client.collections() == ["knowledge"])
            }
        }
    }

    @Test("of a system whose server does not answer is exit code 13, and the rest can be recovered")
    func unreachable() async throws {
        try await withSystem { holdfast, server, _ in
            await server.kill()
            try FileManager.default.removeItem(atPath: holdfast.folder.path("docs"))
            let outcome = try await holdfast.run("recover", "--yes", expecting: 13)
            #expect(outcome.errorText.contains("does not mean that it is lost"), "\(outcome)")
            // The probe asks the server, which is still down.
            let rest = try await holdfast.run("recover", "--yes", "--only", "documents", expecting: 1)
            #expect(rest.text.contains("verified: documents"), "\(rest)")
            #expect(FileManager.default.fileExists(atPath: holdfast.folder.path("docs/figures.bin")))
        }
    }
}
