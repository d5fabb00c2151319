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
