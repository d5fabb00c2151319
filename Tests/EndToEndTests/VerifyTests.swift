import Foundation
import TestSupport
import Testing

@Suite("Verifying a share, and against the live system, from the command line", .timeLimit(.minutes(10)))
struct VerifyTests {
    private func run(_ holdfast: HoldfastProgram, _ arguments: String...) async throws -> (Int32, [String: Any]) {
        var environment = holdfast.environment()
        environment["XDG_STATE_HOME"] = holdfast.folder.path("state")
        let outcome = try await holdfast.program.run(
            ["verify", "--json"] + arguments,
            environment: environment,
            folder: holdfast.folder.path,
            timeout: .seconds(120)
        )
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [[String: Any]]
        return (outcome.status, try #require(value?.first, "\(outcome)"))
    }

    private func withDocuments(_ body: (HoldfastProgram) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            // A pack or more a run.
            for seed in UInt64(2)...6 {
                try await holdfast.run("backup")
                var generator = SeededGenerator(seed: seed)
                try Data(generator.bytes(300_000)).write(to: URL(filePath: folder.path("docs/more-\(seed).bin")))
            }
            try await holdfast.run("backup")
            try await body(holdfast)
        }
    }

    @Test("runs of a share read every pack once, go on without the file, and find damage within one cycle")
    func rolling() async throws {
        try await withDocuments { holdfast in
            var (status, result) = try await run(holdfast, "--read-data-subset", "1%")
            var coverage = try #require(result["coverage"] as? [String: Any])
            let packs = try #require(coverage["packs"] as? Int)
            #expect(status == 0 && packs >= 3 && coverage["packsRead"] as? Int == 1)
            #expect(coverage["packsCovered"] as? Int == 1 && result["outcome"] as? String == "verified")
            for count in 2...packs {
                (status, result) = try await run(holdfast, "--read-data-subset", "1%")
                coverage = try #require(result["coverage"] as? [String: Any])
                #expect(status == 0 && coverage["packsCovered"] as? Int == count)
            }
            #expect(coverage["bytesCovered"] as? Int == coverage["bytes"] as? Int)
            try FileManager.default.removeItem(atPath: holdfast.folder.path("state"))

            // One byte in the middle of the largest pack; found in one of as many runs as there are packs.
            try damageLargestPack(holdfast)
            var found = 0
            for _ in 0..<packs {
                (status, result) = try await run(holdfast, "--read-data-subset", "1%")
                if status == 1, result["verdict"] as? String == "damaged" {
                    found += 1
                    let parts = try #require(result["parts"] as? [[String: Any]])
                    let paths = parts.flatMap { $0["problems"] as? [[String: Any]] ?? [] }
                        .flatMap { $0["paths"] as? [String] ?? [] }
                    #expect(!paths.isEmpty, "the files that are hit are named: \(result)")
                }
            }
            #expect(found > 0)
            // What was bad is not remembered: when all else has been read, it is the first to be read again.
            (status, _) = try await run(holdfast, "--read-data-subset", "100%")
            #expect(status == 1)
            (status, _) = try await run(holdfast, "--read-data-subset", "1%")
            #expect(status == 1)
        }
    }

    private func damageLargestPack(_ holdfast: HoldfastProgram) throws {
        let root = holdfast.folder.path("repo/data")
        let files = (FileManager.default.subpaths(atPath: root) ?? []).map { root + "/" + $0 }
        func size(_ path: String) -> Int {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            return attributes?[.type] as? FileAttributeType == .typeRegular ? attributes?[.size] as? Int ?? 0 : -1
        }
        let largest = try #require(files.max { size($0) < size($1) })
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: largest)
        var bytes = try Data(contentsOf: URL(filePath: largest))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: largest))
    }

    @Test("documents are compared with the live folder: same, more, fewer, altered behind an old date, and gone")
    func againstDocuments() async throws {
        try await withDocuments { holdfast in
            func expect(_ state: String, _ status: Int32, _ outcome: String) async throws {
                let (found, result) = try await run(holdfast, "--structure-only", "--against-source")
                let source = try #require(result["source"] as? [String: Any])
                let finding = try #require((source["findings"] as? [[String: Any]])?.first)
                #expect(finding["state"] as? String == state && found == status, "\(result)")
                #expect(source["outcome"] as? String == outcome && result["outcome"] as? String == outcome)
                #expect(result["verdict"] as? String == "intact")
            }
            try await expect("same", 0, "verified")
            try holdfast.write("new\n", to: "docs/new.md")
            try await expect("larger", 0, "verified")
            // As a bad disk does it: other bytes, the same length and date.
            let url = URL(filePath: holdfast.folder.path("docs/part-1/page-1.mdx"))
            let date = try #require(FileManager.default.attributesOfItem(atPath: url.path)[.modificationDate] as? Date)
            var bytes = try Data(contentsOf: url)
            bytes[5] ^= 1
            try bytes.write(to: url)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: url.path)
            try await expect("different", 1, "failed")
            try FileManager.default.removeItem(at: url)
            try await expect("smaller", 1, "failed")
            try FileManager.default.removeItem(atPath: holdfast.folder.path("docs"))
            try await expect("missing", 1, "failed")
        }
    }

    @Test(
        "collections are compared with the server: same, more, fewer, gone, and a server that does not answer",
        .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup")
    )
    func againstQdrant() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            func expect(_ state: String, _ status: Int32) async throws {
                let (found, result) = try await run(holdfast, "--against-source")
                let source = try #require(result["source"] as? [String: Any])
                let finding = try #require((source["findings"] as? [[String: Any]])?.first)
                #expect(finding["state"] as? String == state && found == status, "\(result)")
            }
            try await withEmbeddedQdrant { server in
                func send(_ method: String, _ path: String, _ body: String = "{}") async throws {
                    let curl = try #require(Program.find("curl"))
                    let outcome = try await curl.run([
                        "-sSf", "-X", method, "-H", "content-type: application/json", "-d", body,
                        server.baseURL + path,
                    ])
                    #expect(outcome.succeeded, "\(outcome)")
                }
                let points = (1...20).map { #"{"id":\#($0),"vector":[\#($0),1,0,2],"payload":{"n":\#($0)}}"# }
                try await send("PUT", "/collections/c", #"{"vectors":{"size":4,"distance":"Cosine"}}"#)
                try await send(
                    "PUT",
                    "/collections/c/points?wait=true",
                    #"{"points":[\#(points.joined(separator: ","))]}"#
                )
                try await holdfast.run(
                    "init",
                    "--repository",
                    "repo",
                    "--qdrant",
                    server.baseURL,
                    "--collection",
                    "c",
                    "--system",
                    "test"
                )
                try await holdfast.run("backup")
                try await expect("same", 0)
                try await send("PUT", "/collections/c/points?wait=true", #"{"points":[{"id":99,"vector":[1,9,9,2]}]}"#)
                try await expect("larger", 0)
                try await send("POST", "/collections/c/points/delete?wait=true", #"{"points":[1,2,3]}"#)
                try await expect("smaller", 1)
                try await send("DELETE", "/collections/c")
                try await expect("missing", 1)
            }
            try await expect("unreachable", 3)
        }
    }
    @Test(
        "checkouts are compared with the live ones: same, another file, further, behind, and gone",
        .enabled(if: Program.find("git") != nil, "git is not installed")
    )
    func againstCode() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            func git(_ arguments: String...) async throws {
                let outcome = try await #require(Program.find("git")).run(
                    ["-C", folder.path("app"), "-c", "user.name=a", "-c", "user.email=a@b"] + arguments,
                    environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"]
                )
                try #require(outcome.succeeded, "git \(arguments): \(outcome)")
            }
            func expect(_ state: String, _ status: Int32, sourceLocation: SourceLocation = #_sourceLocation)
                async throws
            {
                let (found, result) = try await run(holdfast, "--structure-only", "--against-source")
                let source = try #require(result["source"] as? [String: Any])
                let findings = try #require(source["findings"] as? [[String: Any]])
                #expect(findings.map { $0["component"] as? String } == ["code"], sourceLocation: sourceLocation)
                #expect(
                    findings.first?["state"] as? String == state && found == status,
                    "\(result)",
                    sourceLocation: sourceLocation
                )
            }
            try holdfast.write("print('hello')\n", to: "app/main.py")
            try await git("init", "--quiet", "-b", "main")
            try await git("add", "--all")
            try await git("commit", "--quiet", "-m", "first")
            try await git("commit", "--quiet", "--allow-empty", "-m", "second")
            try holdfast.write(
                """
                version: 1
                repository: {location: ./backup, password: env:HOLDFAST_PASSWORD}
                system: test
                code: [{path: app}]

                """,
                to: "holdfast.yaml"
            )
            try await holdfast.run("init")
            try await holdfast.run("backup")
            try await expect("same", 0)
            // A source that moves on is no failure; one that lacks what was stored is.
            try holdfast.write("print('changed')\n", to: "app/main.py")
            try await expect("different", 0)
            try await git("commit", "--quiet", "--all", "-m", "third")
            try await expect("larger", 0)
            try await git("reset", "--quiet", "--hard", "HEAD~2")
            try await expect("smaller", 1)
            try FileManager.default.removeItem(atPath: folder.path("app/.git"))
            try await expect("unreadable", 1)
            try FileManager.default.removeItem(atPath: folder.path("app"))
            try await expect("missing", 1)
        }
    }

    @Test(
        "configuration is compared with the live files by digest: same, changed, more, and gone, without an identity or a value"
    )
    func againstConfiguration() async throws {
        try await TemporaryDirectory.with { folder in
            let program = try SealedProgram(in: folder)
            try program.configure(
                "  - {name: app, path: app, files: [\".env*\"], recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}\n"
            )
            try program.write("TOKEN=a-value-nobody-sees\nPORT=1\n", to: "app/.env")
            try await program.run("init")
            try await program.run("backup")
            func expect(_ states: [String], _ status: Int32, _ detail: String = "") async throws {
                let outcome = try await program.run(
                    ["verify", "--structure-only", "--against-source", "--json"],
                    expecting: status
                )
                let list = try JSONSerialization.jsonObject(with: Data(outcome.output)) as? [[String: Any]]
                let source = try #require(list?.first?["source"] as? [String: Any])
                let findings = try #require(source["findings"] as? [[String: Any]])
                #expect(findings.map { $0["state"] as? String } == states, "\(outcome)")
                #expect(findings.allSatisfy { $0["component"] as? String == "configuration" })
                #expect((detail.isEmpty || outcome.text.contains(detail)) && !outcome.text.contains("nobody-sees"), "\(outcome)")
            }
            try await expect(["same"], 0)
            try program.write("TOKEN=another-nobody-sees\nPORT=1\n", to: "app/.env")
            try await expect(["different"], 0, "TOKEN")
            try program.write("A=1\n", to: "app/.env.more")
            try await expect(["different", "larger"], 0)
            try FileManager.default.removeItem(atPath: folder.path("app/.env"))
            try await expect(["missing", "larger"], 1)
            try FileManager.default.removeItem(atPath: folder.path("app"))
            try await expect(["missing"], 1)
        }
    }
}
