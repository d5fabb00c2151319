import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite(
    "Collection and documents, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10)))
struct SystemTests {
    private func withSystem(
        _ options: EmbeddedQdrant.Options = EmbeddedQdrant.Options(),
        _ body: (HoldfastProgram, EmbeddedQdrant, QdrantClient) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant(options) { server in
                let holdfast = try HoldfastProgram(in: folder)
                try holdfast.makeDocuments()
                let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    try await fill(client)
                    try await holdfast.run(
                        "init", "--repository", "repo", "--qdrant", server.baseURL, "--collection", "textbook_knowledge",
                        "--documents", "docs", "--system", "test")
                    try await body(holdfast, server, client)
                }
            }
        }
    }

    private func fill(_ client: QdrantClient) async throws {
        var generator = SeededGenerator(seed: 5)
        try await client.createCollection("textbook_knowledge", ["vectors": ["size": 32, "distance": "Cosine"]])
        for batch in 0..<4 {
            let points = (0..<250).map { index in
                Point(
                    id: .number(UInt64(batch * 250 + index)),
                    vector: (0..<32).map { _ in Float.random(in: -1...1, using: &generator) },
                    payload: ["path": .string("page-\(index).mdx")])
            }
            _ = try await client.upsert(points, in: "textbook_knowledge")
        }
    }

    @Test("everything is destroyed, restored, verified, and stays after a restart of the server")
    func disaster() async throws {
        try await withSystem { holdfast, server, client in
            try await holdfast.run("doctor", expecting: 0)
            try await holdfast.run("backup")
            _ = try await client.deleteCollection("textbook_knowledge")
            try FileManager.default.moveItem(atPath: holdfast.folder.path("docs"), toPath: holdfast.folder.path("lost"))
            try await holdfast.run("doctor", expecting: 1)
            let result = try await holdfast.json("restore")
            #expect(result["verdict"] as? String == "verified", "\(result)")
            #expect(try await areEqual(holdfast.folder.path("lost"), holdfast.folder.path("docs")))
            try await server.restart()
            #expect(try await client.count(in: "textbook_knowledge") == 1000)
            if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
        }
    }

    @Test("a server that is not there is exit code 13, and nothing is recorded")
    func unreachable() async throws {
        try await withSystem { holdfast, server, _ in
            await server.kill()
            let outcome = try await holdfast.run("backup", expecting: 13)
            #expect(outcome.errorText.contains("hint:"), "\(outcome)")
            #expect((try await holdfast.json("points")["list"] as? [Any])?.isEmpty == true)
        }
    }

    @Test("a server killed in the middle of a streamed snapshot is an error, and nothing is recorded")
    func killedWhileStreaming() async throws {
        try await withSystem(EmbeddedQdrant.Options(enablesFaults: true)) { holdfast, server, _ in
            try await order(server, #"{"route": "GET /collections/.*/shards/0/snapshot$", "kind": "cut_after", "bytes": 70000}"#)
            let outcome = try await holdfast.program.run(
                ["backup"], environment: ["HOLDFAST_PASSWORD": "secret phrase"], folder: holdfast.folder.path)
            #expect(outcome.status == 13 || outcome.status == 1, "\(outcome)")
            #expect(outcome.errorText.contains("textbook_knowledge"), "\(outcome)")
            #expect((try await holdfast.json("points")["list"] as? [Any])?.isEmpty == true)
            if Program.find("restic") != nil { let listed = try await holdfast.restic("snapshots", "--json").text.trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(listed == "[]" || listed == "null", "\(listed)")
            }
        }
    }

    @Test("a restore that does not verify is exit code 1, says what differs, and leaves the live collection")
    func unverified() async throws {
        try await withSystem(EmbeddedQdrant.Options(enablesFaults: true)) { holdfast, server, client in
            try await holdfast.run("backup")
            try await order(server, #"{"route": "POST .*/snapshots/upload", "kind": "fake_success"}"#)
            let outcome = try await holdfast.run("restore", "--only", "qdrant", expecting: 1)
            #expect(outcome.text.contains("FAILED") && outcome.text.contains("0 points instead of 1000"), "\(outcome)")
            #expect(try await client.count(in: "textbook_knowledge") == 1000)
            // In place asks first: nobody is there to say yes.
            try await holdfast.run("restore", "--only", "qdrant", "--in-place", expecting: 14)
        }
    }

    private func order(_ server: EmbeddedQdrant, _ fault: String) async throws {
        let outcome = try await #require(Program.find("curl")).run(
            ["-sS", "--fail-with-body", "-X", "PUT", server.baseURL + "/_faults", "-H", "Content-Type: application/json", "-d", fault])
        try #require(outcome.succeeded, "\(outcome)")
    }
}
