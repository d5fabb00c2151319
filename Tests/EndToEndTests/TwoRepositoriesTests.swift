import Foundation
import TestSupport
import Testing

/// What needs two repositories and no other program.
@Suite("Two repositories, from the command line", .timeLimit(.minutes(10)))
struct TwoRepositoriesTests {
    private static let first =
        "{name: local, location: ./repo, password: env:HOLDFAST_PASSWORD, prices: {per_gb_out: 1000}}"

    private func withSystem(
        _ repositories: String...,
        body: (HoldfastProgram) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try configure(holdfast, repositories)
            try await body(holdfast)
        }
    }

    private func configure(_ holdfast: HoldfastProgram, _ repositories: [String]) throws {
        let list = repositories.map { "  - \($0)\n" }.joined()
        try holdfast.write(
            "version: 1\nsystem: test\nrepositories:\n\(list)documents: [{name: docs, path: ./docs}]\n",
            to: "holdfast.yaml"
        )
    }

    @Test("init makes one that is added later, cut as the first one is, and fails only when there is none to make")
    func initLater() async throws {
        let second = "{name: offsite, location: ./offsite, password: env:HOLDFAST_PASSWORD}"
        try await withSystem(Self.first) { holdfast in
            try await holdfast.run("init")
            let alone = try await holdfast.run("init", expecting: 1)
            #expect(alone.errorText.contains("there is a repository at"), "\(alone)")

            try configure(holdfast, [Self.first, second])
            let added = try await holdfast.run("init")
            #expect(added.errorText.contains("made repository 'offsite'"), "\(added)")
            #expect(added.errorText.contains("repository 'local' at \(holdfast.folder.path("repo")) is there already"))
            #expect(!added.text.contains("made repository"), "\(added)")
            let configs = [
                try await holdfast.json("repo", "cat", "config"),
                try await holdfast.json("repo", "cat", "config", "--repository", "offsite"),
            ]
            #expect(configs[0]["chunker_polynomial"] as? String == configs[1]["chunker_polynomial"] as? String)
            #expect(
                configs[0]["chunker_polynomial"] != nil && configs[0]["id"] as? String != configs[1]["id"] as? String
            )

            let again = try await holdfast.run("init", expecting: 1)
            #expect(again.errorText.contains("there is a repository at"), "\(again)")
            try await holdfast.run("backup")
            try await holdfast.run("verify", "--repository", "offsite")
        }
    }

    @Test("init opens the first with its password before it makes others")
    func initWrongPassword() async throws {
        let second = "{name: offsite, location: ./offsite, password: env:HOLDFAST_PASSWORD}"
        try await withSystem(Self.first, second) { holdfast in
            try await holdfast.run("init", "--repository", "local")
            try await holdfast.run("init", expecting: 12, password: "another")
            #expect(!FileManager.default.fileExists(atPath: holdfast.folder.path("offsite/config")))
        }
    }

    @Test("what a backup's copies read of the first repository is in its report, and in its cost")
    func readsForCopies() async throws {
        let second = "{name: offsite, location: ./offsite, password: env:HOLDFAST_PASSWORD}"
        try await withSystem(Self.first, second) { holdfast in
            try await holdfast.run("init")
            let report = try await holdfast.json("backup")
            let storage = try #require(report["storage"] as? [String: Any])
            // One of the documents is 6 MB of noise.
            #expect(storage["bytesRead"] as? Int ?? 0 > 6_000_000)
            let transfer = (storage["cost"] as? [String: Any])?["transfer"] as? Double
            #expect(transfer ?? 0 > 6, "\(storage)")
        }
    }

    @Test(
        "an interruption of the copies does not hide that the restore point is in the first",
        arguments: [false, true]
    )
    func interrupted(json: Bool) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            // An rclone that takes all, says nothing, and keeps its output open.
            try holdfast.write(
                "#!/bin/sh\necho > '\(folder.path("started"))'\nexec cat 3>&1 > /dev/null\n",
                to: "silent"
            )
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path("silent"))
            let second =
                "{name: offsite, location: \"rclone:box:path\", password: env:HOLDFAST_PASSWORD, rclone_program: \(folder.path("silent"))}"
            try configure(holdfast, [Self.first, second])
            try await holdfast.run("init", "--repository", "local")
            // A shell has SIGINT ignored in what it runs in the background; SIGTERM interrupts as well.
            let script = """
                '\(HoldfastProgram.path)' backup \(json ? "--json" : "") & pid=$!
                while [ ! -e started ]; do sleep 0.1; kill -0 $pid || break; done
                kill -TERM $pid
                wait $pid
                """
            let outcome = try await Program(path: "/bin/sh").run(
                ["-c", script],
                environment: holdfast.environment(),
                folder: folder.path,
                timeout: .seconds(120)
            )
            #expect(outcome.status == 130, "\(outcome)")
            let points = try #require(
                try await holdfast.json("points", "--repository", "local")["list"] as? [[String: Any]]
            )
            let id = try #require(points.first?["id"] as? String)
            #expect(points.count == 1 && outcome.text.contains(id), "\(outcome)")
            #expect(outcome.errorText.contains("interrupted"), "\(outcome)")
            if !json { #expect(outcome.errorText.contains("holdfast repo copy \(id) --to offsite"), "\(outcome)") }
        }
    }

    @Test("doctor says in a sentence why a store cannot be used, and what can be done")
    func doctor() async throws {
        let second =
            "{name: offsite, location: \"rclone:box:path\", password: env:HOLDFAST_PASSWORD, rclone_program: no-such-rclone}"
        try await withSystem(Self.first, second) { holdfast in
            try await holdfast.run("init", "--repository", "local")
            let outcome = try await holdfast.run("doctor", expecting: 1)
            #expect(outcome.text.contains("there is no program 'no-such-rclone'"), "\(outcome)")
            #expect(outcome.text.contains("hint: Install rclone"), "\(outcome)")
            #expect(!outcome.text.contains("ObjectStoreError("), "\(outcome)")
        }
    }
}
