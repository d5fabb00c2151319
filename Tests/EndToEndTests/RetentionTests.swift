import Foundation
import TestSupport
import Testing

@Suite("Forget and prune, from the command line", .timeLimit(.minutes(10)))
struct RetentionTests {
    @Test("drop and free what is not kept; restic accepts the repository after every step")
    func mainJob() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            for round in 0..<4 {
                try holdfast.write("round \(round)", to: "docs/part-1/page-\(round).mdx")
                try await holdfast.run("backup")
            }
            let points = try #require(try await holdfast.json("points")["list"] as? [[String: Any]])
            let ids = points.compactMap { $0["id"] as? String }

            #expect(try await holdfast.run("forget", "--dry-run").text.contains("hourly of"))
            let refused = try await holdfast.run("forget", "--keep-last", "1", expecting: 1)
            #expect(refused.errorText.contains("--yes-drop-many"))
            try await holdfast.run("forget", ids[0], "--keep-last", "1", expecting: 2)
            try await holdfast.run("forget", "--keep-last", "0", expecting: 2)
            try await holdfast.run("forget", "ffff", expecting: 1)
            let plan = try await holdfast.json("forget", "--keep-last", "1", "--dry-run")
            #expect(plan["kept"] as? Int == 1 && plan["dropped"] as? Int == 3 && plan["dryRun"] as? Bool == true)
            #expect((try await holdfast.json("points")["list"] as? [Any])?.count == 4)

            try await holdfast.run("forget", ids[3])
            let report = try await holdfast.json("forget", "--keep-last", "1", "--yes-drop-many")
            #expect(report["dropped"] as? Int == 2 && report["removedSnapshots"] as? Int == 4)
            try await check(holdfast)

            let dry = try await holdfast.run("prune", "--dry-run", "--list-packs")
            #expect(dry.text.contains("no snapshot needs it"))
            let marked = try await holdfast.json("prune")
            #expect((marked["marked"] as? Int ?? 0) > 0 && marked["removed"] as? Int == 0, "\(marked)")
            try await check(holdfast)
            #expect(try await holdfast.json("prune")["marked"] as? Int == 0)
            let swept = try await holdfast.json("prune", "--grace", "0", "--max-unused", "0%")
            #expect((swept["removed"] as? Int ?? 0) > 0 && (swept["freedBytes"] as? Int ?? 0) > 0, "\(swept)")
            try await check(holdfast)
            try await holdfast.run("backup")
            try await check(holdfast)

            try await holdfast.run("restore", ids[0], "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
        }
    }

    @Test("a pin keeps a restore point with the reason, also by name, until it is taken back")
    func pins() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            for round in 0..<3 {
                try holdfast.write("round \(round)", to: "docs/part-1/page-\(round).mdx")
                try await holdfast.run("backup")
            }
            let list = try #require(try await holdfast.json("points")["list"] as? [[String: Any]])
            let oldest = try #require(list.last?["id"] as? String)
            func action() async throws -> (String, [String]) {
                let plan = try await holdfast.json("forget", "--keep-last", "1", "--dry-run")
                let entries = try #require(plan["entries"] as? [[String: Any]])
                let entry = try #require(entries.first { $0["id"] as? String == oldest })
                return (entry["action"] as? String ?? "", entry["reasons"] as? [String] ?? [])
            }
            #expect(try await action().0 == "drop")
            try await holdfast.run("pin", oldest, "--reason", "before the move", "--dry-run")
            #expect(try await action().0 == "drop", "a dry run pins nothing")
            try await holdfast.run("pin", oldest, "--reason", "before the move")
            #expect(try await action() == ("keep", ["pinned"]))
            #expect(try await holdfast.run("show", oldest).text.contains("before the move"))
            let refused = try await holdfast.run("forget", oldest, expecting: 1)
            #expect(refused.errorText.contains("is pinned") && refused.errorText.contains("--remove"), "\(refused)")
            try await holdfast.run("forget", "--keep-last", "1", "--yes-drop-many")
            let left = try #require(try await holdfast.json("points")["list"] as? [[String: Any]])
            #expect(left.count == 2 && left.last?["id"] as? String == oldest)
            try await holdfast.run("pin", oldest, "--remove")
            #expect(try await action() == ("drop", ["no rule keeps it"]))
            try await holdfast.run("forget", oldest)
            #expect((try await holdfast.json("points")["list"] as? [Any])?.count == 1)
            try await check(holdfast)
        }
    }

    @Test(
        "the last restore point of a vanished collection stays, says so, and goes by order",
        .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup")
    )
    func vanished() async throws {
        try await TemporaryDirectory.with { folder in
            try await withEmbeddedQdrant { server in
                let holdfast = try HoldfastProgram(in: folder)
                func send(_ method: String, _ path: String, _ body: String = "{}") async throws {
                    let outcome = try await #require(Program.find("curl")).run([
                        "-sSf", "-X", method, "-H", "content-type: application/json", "-d", body, server.baseURL + path,
                    ])
                    #expect(outcome.succeeded, "\(outcome)")
                }
                for name in ["stays", "vanishes"] {
                    try await send("PUT", "/collections/\(name)", #"{"vectors":{"size":2,"distance":"Dot"}}"#)
                    try await send(
                        "PUT",
                        "/collections/\(name)/points?wait=true",
                        #"{"points":[{"id":1,"vector":[1,2]}]}"#
                    )
                }
                try await holdfast.run("init", "--repository", "repo", "--qdrant", server.baseURL, "--system", "test")
                try await holdfast.run("backup")
                try await send("DELETE", "/collections/vanishes")
                // Named once; after that it is not there any more.
                for status in [Int32(3), 0] { try await holdfast.run("backup", expecting: status) }
                let kept = try await holdfast.run("forget", "--keep-last", "1", "--dry-run")
                #expect(kept.text.contains("the last one that holds collection 'vanishes', which newer ones lack"))
                #expect(kept.text.contains("2 kept, 1 dropped"), "\(kept)")
                let plan = try await holdfast.run("forget", "--keep-last", "1", "--drop-vanished", "--dry-run")
                #expect(plan.text.contains("with it goes the last of collection 'vanishes'"), "\(plan)")
                #expect(plan.text.contains("1 kept, 2 dropped"))
            }
        }
    }

    @Test("beside restic: what either forgets, the other prunes")
    func besideRestic() async throws {
        guard Program.find("restic") != nil else { return }
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            try holdfast.write("by restic", to: "other/file.txt")
            _ = try await holdfast.restic("backup", folder.path("other"))
            _ = try await holdfast.restic("backup", folder.path("docs"))
            let foreign = try await holdfast.json("forget", "--foreign", "--keep-last", "1", "--dry-run")
            let kinds = (foreign["entries"] as? [[String: Any]])?.compactMap { $0["kind"] as? String }
            #expect(kinds?.count { $0 == "foreign" } == 2)
            _ = try await holdfast.restic("forget", "latest", "--prune")
            try await holdfast.run("prune", "--grace", "0")
            _ = try await holdfast.restic("check", "--read-data")
            // Marked packs that restic removes by itself trouble nobody.
            let other = try #require(
                (foreign["entries"] as? [[String: Any]])?.last { $0["kind"] as? String == "foreign" }?["id"] as? String
            )
            try await holdfast.run("forget", "--yes-drop-many", other)
            #expect((try await holdfast.json("prune")["marked"] as? Int ?? 0) > 0)
            _ = try await holdfast.restic("prune")
            try await holdfast.run("prune", "--grace", "0")
            try await check(holdfast)
        }
    }

    private func check(_ holdfast: HoldfastProgram) async throws {
        if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }
        try await holdfast.run("verify", "--all")
    }
}
