import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite(
    "Collection and documents, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10))
)
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
                        "init",
                        "--repository",
                        "repo",
                        "--qdrant",
                        server.baseURL,
                        "--collection",
                        "textbook_knowledge",
                        "--documents",
                        "docs",
                        "--system",
                        "test"
                    )
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
                    payload: ["path": .string("page-\(index).mdx")]
                )
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
            // A folder in the way is found before the server is touched.
            try holdfast.write("in the way", to: "docs/x")
            try await holdfast.run("restore", expecting: 14)
            #expect(try await client.collections().isEmpty)
            try FileManager.default.removeItem(atPath: holdfast.folder.path("docs"))
            let result = try await holdfast.json("restore")
            #expect(result["verdict"] as? String == "verified", "\(result)")
            #expect(try await areEqual(holdfast.folder.path("lost"), holdfast.folder.path("docs")))
            try await server.restart()
            #expect(try await client.count(in: "textbook_knowledge") == 1000)
            if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
        }
    }

    @Test("restic restores the shard's files identical to those that the server streams")
    func shardFilesByRestic() async throws {
        guard Program.find("restic") != nil, let tar = Program.find("tar"), let curl = Program.find("curl") else {
            return
        }
        try await withSystem { holdfast, server, _ in
            let folder = holdfast.folder
            let url = server.baseURL + "/collections/textbook_knowledge/shards/0/snapshot"
            /// Streams a snapshot as the backup does, and unpacks it with GNU tar.
            func stream(into name: String) async throws {
                let streamed = try await curl.run(["-sSf", url, "-o", folder.path("shard.tar")])
                try #require(streamed.succeeded, "\(streamed)")
                try? FileManager.default.removeItem(atPath: folder.path(name))
                try FileManager.default.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
                let unpacked = try await tar.run(["-xf", folder.path("shard.tar"), "-C", folder.path(name)])
                try #require(unpacked.succeeded, "\(unpacked)")
            }
            // The engine may still be optimising: what it streamed before and after the backup has to be the same.
            for _ in 0..<10 {
                try await stream(into: "before")
                try await holdfast.run("backup")
                try await stream(into: "streamed")
                if try await compare(folder.path("before"), folder.path("streamed")).succeeded { break }
            }
            let rest = try await compare(folder.path("before"), folder.path("streamed"))
            #expect(rest.succeeded, "the engine never came to rest: \(rest)")
            _ = try await holdfast.restic(
                "restore",
                "latest",
                "--path",
                "/qdrant",
                "--target",
                folder.path("by-restic")
            )
            let shard = folder.path("by-restic/qdrant/textbook_knowledge/shards/0")
            #expect(try FileManager.default.subpathsOfDirectory(atPath: shard).count > 10)
            let difference = try await compare(folder.path("streamed"), shard)
            #expect(difference.succeeded, "\(difference)")
            let logs = try FileManager.default.contentsOfDirectory(atPath: shard + "/wal").sorted()
            #expect(logs == (try FileManager.default.contentsOfDirectory(atPath: folder.path("streamed/wal")).sorted()))
        }
    }

    /// Compares all files but the log's: for each stream the engine makes an empty log with a random seed of its own
    /// (reference, section 3.8), so no two streams of one shard are equal there.
    private func compare(_ left: String, _ right: String) async throws -> Program.Outcome {
        try await #require(Program.find("diff")).run(["-rq", "-x", "closed-*", "-x", "open-*", left, right])
    }

    @Test("a file that this user may not read is listed with the reason, and the exit code is 3")
    func unreadable() async throws {
        // Root may read everything: then the program runs as somebody who may not.
        guard geteuid() == 0, let setpriv = Program.find("setpriv"), let chown = Program.find("chown") else { return }
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try #require(try await chown.run(["-R", "65534:65534", folder.path]).succeeded)
            let secret = folder.path("docs/part-0/page-0.mdx")
            try #require(try await chown.run(["0:0", secret]).succeeded)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secret)
            let outcome = try await setpriv.run(
                ["--reuid=65534", "--regid=65534", "--clear-groups", HoldfastProgram.path, "backup"],
                environment: holdfast.environment(),
                folder: folder.path
            )
            // Where the program itself may not be reached by that user, there is nothing to see.
            if outcome.status == 126 || outcome.status == 127 { return }
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.errorText.contains("part-0/page-0.mdx: unreadable: Permission denied"), "\(outcome)")
            #expect(outcome.text.contains("40 files"), "\(outcome)")
        }
    }

    @Test("damaged data is refused before anything on the server changes")
    func damagedRepository() async throws {
        try await withSystem { holdfast, _, client in
            try await holdfast.run("backup", "--only", "qdrant")
            let data = holdfast.folder.path("repo/data")
            for path in try FileManager.default.subpathsOfDirectory(atPath: data) where path.count > 60 {
                let pack = URL(filePath: "\(data)/\(path)")
                var bytes = try Data(contentsOf: pack)
                guard bytes.count > 50_000 else { continue }
                bytes[bytes.count / 3] ^= 1
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack.path)
                try bytes.write(to: pack)
            }
            let outcome = try await holdfast.run("restore", "--only", "qdrant", expecting: 1)
            #expect(outcome.errorText.contains("damaged") && outcome.errorText.contains("not touched"), "\(outcome)")
            #expect(try await client.collections() == ["textbook_knowledge"])
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
            try await order(
                server,
                #"{"route": "GET /collections/.*/shards/0/snapshot$", "kind": "cut_after", "bytes": 70000}"#
            )
            let outcome = try await holdfast.program.run(
                ["backup"],
                environment: holdfast.environment(),
                folder: holdfast.folder.path
            )
            #expect(outcome.status == 13 || outcome.status == 1, "\(outcome)")
            #expect(outcome.errorText.contains("textbook_knowledge"), "\(outcome)")
            #expect((try await holdfast.json("points")["list"] as? [Any])?.isEmpty == true)
            if Program.find("restic") != nil {
                let listed = try await holdfast.restic("snapshots", "--json").text.trimmingCharacters(
                    in: .whitespacesAndNewlines
                )
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

    @Test("a live collection whose replacement is cut is named, with the exit code of what cut it")
    func cutInPlace() async throws {
        try await withSystem(EmbeddedQdrant.Options(enablesFaults: true)) { holdfast, server, client in
            try await holdfast.run("backup")
            try await order(
                server,
                #"{"route": "POST /collections/textbook_knowledge/.*/upload", "kind": "cut_after", "bytes": 50000}"#
            )
            let outcome = try await holdfast.run("restore", "--only", "qdrant", "--in-place", "--yes", expecting: 13)
            #expect(outcome.errorText.contains("'textbook_knowledge' did not finish"), "\(outcome)")
            #expect(outcome.errorText.contains("hint: Run the same command again"), "\(outcome)")
        }
    }

    private func order(_ server: EmbeddedQdrant, _ fault: String) async throws {
        let outcome = try await #require(Program.find("curl")).run(
            [
                "-sS", "--fail-with-body", "-X", "PUT", server.baseURL + "/_faults", "-H",
                "Content-Type: application/json", "-d", fault,
            ])
        try #require(outcome.succeeded, "\(outcome)")
    }
}
