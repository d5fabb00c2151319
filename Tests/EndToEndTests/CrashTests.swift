import Foundation
import TestSupport
import Testing

@Suite(
    "A command that is killed",
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(15))
)
struct CrashTests {
    @Test("leaves a repository that restic check accepts, twenty times over, and the next backup completes")
    func backup() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            var trial = KillTrial(holdfast, ["backup"])
            trial.prepare = { attempt in
                try Data(generator.bytes(3_000_000)).write(
                    to: URL(filePath: folder.path("docs/round-\(attempt % 20).bin"))
                )
            }
            try await trial.run(seed: seed)
            try await holdfast.run("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")), "seed \(seed)")
        }
    }

    @Test("loses nothing that is needed, be it a prune")
    func prune() async throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            var trial = KillTrial(holdfast, ["prune", "--grace", "0", "--max-unused", "0%"])
            trial.kills = 6
            // A restore point that goes again at once: its packs are to be removed, and others to be written anew.
            trial.prepare = { attempt in
                let path = "docs/round-\(attempt).bin"
                try Data(generator.bytes(1_500_000)).write(to: URL(filePath: folder.path(path)))
                let report = try await holdfast.json("backup")
                let id = try #require((report["restorePoint"] as? [String: Any])?["id"] as? String)
                try FileManager.default.removeItem(atPath: folder.path(path))
                try await holdfast.run("forget", id)
            }
            try await trial.run(seed: seed)
            try await holdfast.run("verify", "--all")
        }
    }

    @Test("leaves both repositories whole, be it a copy")
    func copy() async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            for round in 0..<3 {
                try holdfast.write("round \(round)", to: "docs/round-\(round).mdx")
                try await holdfast.run("backup")
            }
            let second = folder.path("second")
            let restic = try #require(Program.find("restic"))
            func check(_ arguments: String...) async throws {
                guard FileManager.default.fileExists(atPath: second + "/config") else { return }
                for command in [["unlock"], ["check"] + arguments] {
                    let outcome = try await restic.run(
                        ["-r", second, "--no-cache"] + command,
                        environment: ["RESTIC_PASSWORD": "other phrase"]
                    )
                    #expect(outcome.succeeded, "restic \(command): \(outcome), seed \(seed)")
                }
            }
            var trial = KillTrial(
                holdfast,
                ["repo", "copy", "--init", "--to", "second", "--to-password", "env:SECOND_PASSWORD"]
            )
            trial.variables = ["SECOND_PASSWORD": "other phrase"]
            trial.kills = 6
            trial.judge = { try await check() }
            // A copy that got through leaves nothing to do: begin anew. So does one that died before there was a repository.
            trial.prepare = { attempt in
                let isWhole = FileManager.default.fileExists(atPath: second + "/config")
                if attempt % 3 == 0 || !isWhole { try? FileManager.default.removeItem(atPath: second) }
            }
            try await trial.run(seed: seed)
            try await check("--read-data")
        }
    }
}
