import Foundation
import TestSupport
import Testing

@Suite("repo rotate, from the command line", .timeLimit(.minutes(10)))
struct RepoRotateTests {
    private func rotate(_ holdfast: HoldfastProgram, _ arguments: String..., expecting status: Int32 = 0) async throws
        -> Program.Outcome
    {
        let outcome = try await holdfast.program.run(
            ["repo", "rotate"] + arguments,
            environment: holdfast.environment().merging(["NEW_PASSWORD": "new phrase"]) { _, new in new },
            folder: holdfast.folder.path,
            timeout: .seconds(180)
        )
        #expect(outcome.status == status, "\(outcome)")
        return outcome
    }

    private func json(_ outcome: Program.Outcome) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    }

    @Test("the new repository takes the place, the old password opens nothing, the old one goes when asked for")
    func wholeJob() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            try holdfast.write("changed", to: "docs/part-1/page-1.mdx")
            try await holdfast.run("backup")
            let points = try await holdfast.json("points")

            try await holdfast.run("repo", "rotate", expecting: 2)
            _ = try await rotate(holdfast, "--new-password", "env:HOLDFAST_PASSWORD", expecting: 2)
            let plan = try json(try await rotate(holdfast, "--new-password", "env:NEW_PASSWORD", "--dry-run", "--json"))
            #expect(plan["state"] as? String == "idle" && plan["missingSnapshots"] as? Int == 4, "\(plan)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("repo.next")))

            let done = try json(try await rotate(holdfast, "--new-password", "env:NEW_PASSWORD", "--json"))
            #expect(done["copiedSnapshots"] as? Int == 4 && done["resumedFrom"] as? String == "idle", "\(done)")
            #expect((done["provenBlobs"] as? Int ?? 0) > 40)
            let retired = try #require(done["retired"] as? String)
            #expect(retired.hasPrefix(folder.path("repo.retired-")), "\(retired)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("repo.next")))

            try await holdfast.run("points", expecting: 12)
            try await holdfast.run("points", password: "new phrase")
            let text = try await holdfast.run("points", "--json", password: "new phrase")
            let there = try JSONSerialization.jsonObject(with: Data(text.output))
            #expect(there as? NSArray == points["list"] as? NSArray)
            try await holdfast.run("verify", "--all", password: "new phrase")
            try await holdfast.run("restore", "--target", "restored", password: "new phrase")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
            try await holdfast.run("backup", password: "new phrase")
            if let restic = Program.find("restic") {
                let outcome = try await restic.run(
                    ["-r", folder.path("repo"), "--no-cache", "check", "--read-data"],
                    environment: ["RESTIC_PASSWORD": "new phrase"]
                )
                #expect(outcome.succeeded, "\(outcome)")
            }

            // Removal asks; nobody is there to answer. With the old password there is no proof that the new one is in use.
            try await holdfast.run("repo", "rotate", "--remove-retired", expecting: 14, password: "new phrase")
            try await holdfast.run("repo", "rotate", "--remove-retired", "--yes", expecting: 12)
            try await holdfast.run("repo", "rotate", "--remove-retired", "--dry-run", password: "new phrase")
            #expect(FileManager.default.fileExists(atPath: retired + "/config"))
            let removed = try await holdfast.run(
                "repo",
                "rotate",
                "--remove-retired",
                "--yes",
                password: "new phrase"
            )
            #expect(removed.text.contains("removed \(retired)"), "\(removed)")
            #expect(!FileManager.default.fileExists(atPath: retired))
            try await holdfast.run("verify", password: "new phrase")
        }
    }

    @Test("killed again and again, it ends whole", .enabled(if: Program.find("restic") != nil))
    func killed() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            let environment = holdfast.environment().merging(["NEW_PASSWORD": "new phrase"]) { _, new in new }
            var isDone = false
            for round in 1...40 where !isDone {
                do {
                    let outcome = try await holdfast.program.run(
                        ["repo", "rotate", "--new-password", "env:NEW_PASSWORD"],
                        environment: environment,
                        folder: folder.path,
                        timeout: .milliseconds(150 * round)
                    )
                    isDone = outcome.succeeded
                    // The last kill came after the switch: then the old password opens nothing any more.
                    if outcome.status == 12 { isDone = try await isSound(folder.path("repo"), ["new phrase"]) }
                    #expect(isDone, "\(outcome)")
                } catch is Program.Failure {}  // The time-out of a program is SIGKILL.
                for (name, phrases) in [
                    ("repo", ["secret phrase", "new phrase"]), ("repo.next", ["new phrase", "secret phrase"]),
                ] {
                    guard FileManager.default.fileExists(atPath: folder.path("\(name)/config")) else { continue }
                    #expect(try await isSound(folder.path(name), phrases), "\(name) in round \(round)")
                }
            }
            #expect(isDone)
            try await holdfast.run("verify", "--all", password: "new phrase")
            try await holdfast.run("restore", "--target", "restored", password: "new phrase")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
        }
    }

    /// Whether `restic check` accepts a repository with one of the passwords.
    private func isSound(_ path: String, _ phrases: [String]) async throws -> Bool {
        let restic = try #require(Program.find("restic"))
        for phrase in phrases {
            let outcome = try await restic.run(
                ["-r", path, "--no-cache", "--no-lock", "check"],
                environment: ["RESTIC_PASSWORD": phrase]
            )
            if outcome.succeeded { return true }
        }
        return false
    }
}
