import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite("An export", .timeLimit(.minutes(10)))
struct ExportTests {
    private func tool(_ name: String, _ arguments: String..., in folder: String) async throws -> Program.Outcome {
        try await #require(Program.find(name)).run(
            arguments,
            environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"],
            folder: folder
        )
    }

    private func names(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private func file(_ holdfast: HoldfastProgram, _ suffix: String, in folder: String = "out") throws -> String {
        try #require(try names(holdfast.folder.path(folder)).first { $0.hasSuffix(suffix) }, "no \(suffix)")
    }

    @Test("of documents is an archive that tar and gzip read, with the same content, and is never written over")
    func documents() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            let long = String(repeating: "long-name/", count: 15) + "größe.mdx"
            try holdfast.write("deep\n", to: "docs/\(long)")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o640],
                ofItemAtPath: folder.path("docs/figures.bin")
            )
            try await holdfast.initDocuments()
            try await holdfast.run("backup")

            let plan = try await holdfast.run("export", "--to", "out", "--dry-run")
            #expect(plan.text.contains("docs-backup-") && !FileManager.default.fileExists(atPath: folder.path("out")))
            let report = try await holdfast.json("export", "--to", "out")
            #expect(report["verdict"] as? String == "verified" && (report["leftOut"] as? [Any])?.isEmpty == true)
            let name = try file(holdfast, ".tar.gz")
            #expect(name.wholeMatch(of: /docs-backup-\d{8}\.tar\.gz/) != nil)
            #expect(try names(folder.path("out")) == [name, name + ".sha256"])
            let out = folder.path("out")
            #expect(try await tool("sha256sum", "--check", name + ".sha256", in: out).succeeded)
            #expect(try await tool("gzip", "--test", name, in: out).succeeded)
            let mode = try FileManager.default.attributesOfItem(atPath: "\(out)/\(name)")[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let listed = try await tool("tar", "tzf", name, in: out)
            #expect(listed.succeeded && listed.text.hasPrefix("docs/\n") && listed.text.contains("page-7.mdx"))
            try FileManager.default.createDirectory(atPath: folder.path("x"), withIntermediateDirectories: true)
            let extracted = try await tool("tar", "xzf", "\(out)/\(name)", in: folder.path("x"))
            #expect(extracted.succeeded && extracted.errorText.isEmpty, "\(extracted)")
            #expect(try await areEqual(folder.path("docs"), folder.path("x/docs")))
            let kept = try FileManager.default.attributesOfItem(atPath: folder.path("x/docs/figures.bin"))
            #expect(kept[.posixPermissions] as? Int == 0o640)

            let before = try Data(contentsOf: URL(filePath: "\(out)/\(name)"))
            let refused = try await holdfast.run("export", "--to", "out", expecting: 14)
            #expect(refused.errorText.contains("'--force'"), "\(refused)")
            #expect(try names(out) == [name, name + ".sha256"])
            try await holdfast.run("export", "--to", "out", "--force")
            #expect(try Data(contentsOf: URL(filePath: "\(out)/\(name)")) == before)
            // Without --force, a lonely .sha256 is somebody's file, too.
            try FileManager.default.removeItem(atPath: "\(out)/\(name)")
            try await holdfast.run("export", "--to", "out", expecting: 14)

            let none = try await holdfast.run("export", "--to", "out", "--only", "code", expecting: 1)
            #expect(none.errorText.contains("holds no code"), "\(none)")
            try await holdfast.run("export", expecting: 2)
        }
    }

    @Test("names links, which its archive does not hold, and ends with 3; a damaged repository leaves no file behind")
    func linksAndDamage() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try FileManager.default.createSymbolicLink(
                atPath: folder.path("docs/link.mdx"),
                withDestinationPath: "figures.bin"
            )
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            let outcome = try await holdfast.run("export", "--to", "out", expecting: 3)
            #expect(outcome.text.contains("left out: documents docs/link.mdx is a symlink"), "\(outcome)")

            for pack in try packs(folder.path("repo/data")) {
                var bytes = try Data(contentsOf: URL(filePath: pack))
                guard bytes.count > 100_000 else { continue }
                bytes[bytes.count / 3] ^= 1
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pack)
                try bytes.write(to: URL(filePath: pack))
            }
            let damaged = try await holdfast.run("export", "--to", "out2", expecting: 1)
            #expect(damaged.errorText.contains("error:"), "\(damaged)")
            #expect(try names(folder.path("out2")).isEmpty)
        }
    }

    private func packs(_ folder: String) throws -> [String] {
        (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
            .filter { ($0 as NSString).lastPathComponent.count == 64 }.map { "\(folder)/\($0)" }
    }

    @Test(
        "of code is one bundle that git clones, made of all that are stored, with what was not committed beside it",
        .enabled(if: Program.find("git") != nil, "git is not installed")
    )
    func code() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            let app = folder.path("app")
            func git(_ arguments: String...) async throws -> String {
                let outcome = try await #require(Program.find("git")).run(
                    ["-C", app, "-c", "user.name=a", "-c", "user.email=a@b"] + arguments,
                    environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"]
                )
                #expect(outcome.succeeded, "git \(arguments): \(outcome)")
                return outcome.text
            }
            try holdfast.write("one\n", to: "app/main.py")
            _ = try await git("init", "--quiet", "-b", "main")
            _ = try await git("add", "--all")
            _ = try await git("commit", "--quiet", "-m", "first")
            try holdfast.write(
                """
                version: 1
                repository:
                  location: backup
                  password: env:HOLDFAST_PASSWORD
                system: test
                code:
                  - path: app

                """,
                to: "holdfast.yaml"
            )
            try await holdfast.run("init")
            try await holdfast.run("backup")
            for index in 0..<3 {
                try holdfast.write("\(index)\n", to: "app/file-\(index).py")
                _ = try await git("add", "--all")
                _ = try await git("commit", "--quiet", "-m", "commit \(index)")
                _ = try await git("tag", "v\(index)")
                try await holdfast.run("backup")
            }
            try holdfast.write("changed\n", to: "app/main.py")
            try holdfast.write("a note\n", to: "app/notes.txt")
            try await holdfast.run("backup")
            let commit = try await git("rev-parse", "HEAD")

            try await holdfast.run("export", "--to", "out")
            let bundle = folder.path("out/\(try file(holdfast, ".bundle"))")
            let cloned = try await tool("git", "clone", "--quiet", bundle, "clone", in: folder.path)
            #expect(cloned.succeeded, "\(cloned)")
            let clone = folder.path("clone")
            #expect(try await tool("git", "rev-parse", "HEAD", in: clone).text == commit)
            #expect(try await tool("git", "branch", "--show-current", in: clone).text == "main\n")
            #expect(try await tool("git", "tag", in: clone).text == "v0\nv1\nv2\n")
            let patch = folder.path("out/\(try file(holdfast, ".patch"))")
            #expect(try await tool("git", "apply", "--index", patch, in: clone).succeeded)
            let untracked = folder.path("out/\(try file(holdfast, "-untracked.tar.gz"))")
            #expect(try await tool("tar", "xzf", untracked, in: clone).succeeded)
            #expect(try await tool("diff", "-r", "-x", ".git", app, clone, in: folder.path).succeeded)
            #expect(try names(folder.path("out")).allSatisfy { !$0.hasPrefix(".") })
        }
    }

    @Test(
        "of a collection is a snapshot that a server takes over its REST API",
        .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup")
    )
    func collection() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
            try await withEmbeddedQdrant { server in
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    try await client.createCollection("book", ["vectors": ["size": 4, "distance": "Cosine"]])
                    let points = (0..<50).map {
                        Point(id: .number(UInt64($0)), vector: [1, Float($0), 2, 3], payload: ["n": .number($0)])
                    }
                    _ = try await client.upsert(points, in: "book")
                    try await client.updateAliases([.create(alias: "live", collection: "book")])
                    try await holdfast.run(
                        "init",
                        "--repository",
                        "repo",
                        "--system",
                        "test",
                        "--collection",
                        "book",
                        "--qdrant",
                        server.baseURL
                    )
                    try await holdfast.run("backup")
                }
            }
            // The server is gone: an export needs none.
            let outcome = try await holdfast.run("export", "--to", "out")
            #expect(outcome.errorText.contains("make live with 'POST /collections/aliases'"), "\(outcome)")
            let name = try file(holdfast, ".snapshot")
            #expect(name.wholeMatch(of: /book-\d{8}\.snapshot/) != nil)
            let sum = try String(contentsOfFile: folder.path("out/\(name).sha256"), encoding: .utf8).prefix(64)
            try await withEmbeddedQdrant { server in
                let url = "\(server.baseURL)/collections/book/snapshots/upload?priority=snapshot&checksum=\(sum)"
                let sent = try await tool(
                    "curl",
                    "-sS",
                    "--fail-with-body",
                    "-F",
                    "snapshot=@\(name)",
                    url,
                    in: folder.path("out")
                )
                #expect(sent.succeeded, "\(sent)")
                try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                    let count = try await client.count(in: "book")
                    #expect(count == 50)
                }
            }
        }
    }

    @Test("is not needed to know whether backups are as expected: 'verify --all' says it, with an exit code to match")
    func expectations() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            #expect(try await holdfast.run("verify", "--all", expecting: 1).errorText.contains("no restore point"))
            for _ in 0..<4 { try await holdfast.run("backup") }
            let good = try await holdfast.run("verify", "--all")
            for expectation in ["present", "age", "size", "readable"] {
                #expect(good.text.contains("  documents \(expectation): ok: "), "\(good)")
            }
            try await holdfast.run("verify", "--all", "--structure-only", expecting: 3)
            let old = try await holdfast.run("verify", "--all", "--max-age", "0", expecting: 1)
            #expect(old.text.contains("documents age: FAILED"), "\(old)")
            try await holdfast.run("verify", "--max-age", "1h", expecting: 2)
            let entries = try #require(try await holdfast.json("verify", "--all")["list"] as? [[String: Any]])
            #expect(entries.count == 4 && (entries[0]["expectations"] as? [[String: Any]])?.count == 4)
            #expect(entries[0]["verdict"] as? String == "intact" && entries[1]["expectations"] == nil)

            for part in 0..<3 { try FileManager.default.removeItem(atPath: folder.path("docs/part-\(part)")) }
            try await holdfast.run("backup")
            let shrunken = try await holdfast.run("verify", "--all", expecting: 1)
            #expect(
                shrunken.text.contains("documents size: FAILED: files of docs: 11, where 41 is usual"),
                "\(shrunken)"
            )
            try holdfast.write(
                try String(contentsOfFile: folder.path("holdfast.yaml"), encoding: .utf8)
                    + "\ncode:\n  - path: docs\n    name: app\n",
                to: "holdfast.yaml"
            )
            let missing = try await holdfast.run("verify", "--all", expecting: 1)
            #expect(missing.text.contains("code present: FAILED: no restore point holds it"), "\(missing)")
        }
    }
}
