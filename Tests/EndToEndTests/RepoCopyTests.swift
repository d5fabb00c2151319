import Foundation
import TestSupport
import Testing

@Suite("repo copy, from the command line", .timeLimit(.minutes(10)))
struct RepoCopyTests {
    private let target = ["--to", "second", "--to-password", "env:SECOND_PASSWORD"]

    /// Runs `repo copy` with the password of the second repository.
    private func copy(_ holdfast: HoldfastProgram, _ arguments: String..., expecting status: Int32 = 0) async throws
        -> Program.Outcome
    {
        let outcome = try await holdfast.program.run(
            ["repo", "copy"] + arguments + target,
            environment: holdfast.environment().merging(["SECOND_PASSWORD": "other phrase"]) { _, new in new },
            folder: holdfast.folder.path,
            timeout: .seconds(120)
        )
        #expect(outcome.status == status, "\(outcome)")
        return outcome
    }

    private func json(_ outcome: Program.Outcome) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(outcome.output)) as? [String: Any])
    }

    @Test("restore points list, show, verify and restore from the copy as from the original")
    func wholeJob() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            try holdfast.write("changed", to: "docs/part-1/page-1.mdx")
            try await holdfast.run("backup")

            // Nothing is made without being asked for, and a dry run makes nothing.
            #expect(try await copy(holdfast, expecting: 10).errorText.contains("--init"))
            let plan = try json(try await copy(holdfast, "--init", "--dry-run", "--json"))
            #expect((plan["missing"] as? [Any])?.count == 2 && plan["dryRun"] as? Bool == true, "\(plan)")
            #expect(!FileManager.default.fileExists(atPath: folder.path("second")))

            let one = try json(try await copy(holdfast, "latest", "--init", "--json"))
            #expect((one["copied"] as? [Any])?.count == 2 && one["madeTarget"] as? Bool == true, "\(one)")
            let rest = try json(try await copy(holdfast, "--init", "--json"))
            #expect((rest["copied"] as? [Any])?.count == 2 && rest["presentSnapshots"] as? Int == 2, "\(rest)")
            let again = try json(try await copy(holdfast, "--all", "--json"))
            #expect((again["copied"] as? [Any])?.isEmpty == true && again["missingBlobs"] as? Int == 0, "\(again)")
            #expect(
                try await copy(holdfast, "ffffffff", expecting: 1).errorText.contains("no restore point 'ffffffff'")
            )

            let points = try await holdfast.json("points")
            let text = try String(contentsOfFile: folder.path("holdfast.yaml"), encoding: .utf8)
            let changed = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                line.contains("location:")
                    ? "  location: ./second"
                    : line.contains("password:") ? "  password: env:SECOND_PASSWORD" : String(line)
            }
            try holdfast.write(changed.joined(separator: "\n"), to: "second.yaml")
            func second(_ arguments: String...) async throws -> Program.Outcome {
                let outcome = try await holdfast.program.run(
                    arguments + ["--config", "second.yaml"],
                    environment: holdfast.environment().merging(["SECOND_PASSWORD": "other phrase"]) { _, new in new },
                    folder: folder.path,
                    timeout: .seconds(120)
                )
                #expect(outcome.succeeded, "\(outcome)")
                return outcome
            }
            let there = try JSONSerialization.jsonObject(with: Data(try await second("points", "--json").output))
            #expect(there as? NSArray == points["list"] as? NSArray)
            _ = try await second("verify", "--all")
            _ = try await second("show", "latest")
            _ = try await second("restore", "--target", "restored")
            #expect(try await areEqual(folder.path("docs"), folder.path("restored/docs")))
            // A backup into the copy finds all that the original brought.
            let backup = try json(try await second("backup", "--json"))
            #expect((backup["documents"] as? [String: Int])?["unmodified"] == 41, "\(backup)")
            // The manifest, and the configuration without secrets, which names another repository here.
            #expect((backup["written"] as? [String: Int])?["newDataBlobs"] == 2, "only the manifest: \(backup)")
            if let restic = Program.find("restic") {
                let outcome = try await restic.run(
                    ["-r", folder.path("second"), "--no-cache", "check", "--read-data"],
                    environment: ["RESTIC_PASSWORD": "other phrase"]
                )
                #expect(outcome.succeeded, "\(outcome)")
            }
        }
    }

    @Test(
        "a restore point of which a part is gone is named and left out, and the others are copied",
        .enabled(if: Program.find("restic") != nil)
    )
    func incomplete() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            let first = try #require(try await holdfast.json("backup")["restorePoint"] as? [String: Any])
            try await holdfast.run("backup")
            let part = try #require((first["parts"] as? [[String: Any]])?.first?["snapshot"] as? String)
            _ = try await holdfast.restic("forget", part)
            let result = try json(try await copy(holdfast, "--init", "--json", expecting: 3))
            #expect((result["copied"] as? [Any])?.count == 2, "\(result)")
            let failures = try #require(result["failures"] as? [[String: String]])
            #expect(failures.count == 1 && failures[0]["reason"] == "its snapshot of documents is gone", "\(failures)")
            #expect(failures[0]["group"] == "restore point \(first["id"] ?? "")", "\(failures)")
        }
    }

    @Test("the repository itself is no target")
    func itself() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await holdfast.initDocuments()
            let refused = try await holdfast.run(
                "repo",
                "copy",
                "--to",
                "./repo/",
                "--to-password",
                "env:HOLDFAST_PASSWORD",
                expecting: 2
            )
            #expect(refused.errorText.contains("is the repository itself"), "\(refused)")
            try await holdfast.run("repo", "copy", "--to", "x", "--to-password", "plain text", expecting: 2)
        }
    }
}
