import Foundation
import TestSupport
import Testing

@Suite(
    "A disk that fills up",
    .enabled("needs the right to mount a file system in a namespace of its own") { await SmallDisk.isAvailable() },
    .enabled(if: Program.find("restic") != nil, "restic is not installed"),
    .timeLimit(.minutes(10))
)
struct FullDiskTests {
    /// A system whose repository, or restore target, is on a small disk.
    private struct Scene: Sendable {
        let folder: TemporaryDirectory
        let disk: SmallDisk
        let holdfast: HoldfastProgram

        @discardableResult
        func run(_ arguments: String..., expecting status: Int32 = 0) async throws -> Program.Outcome {
            try await run(arguments, expecting: status)
        }

        @discardableResult
        func run(_ arguments: [String], expecting status: Int32 = 0) async throws -> Program.Outcome {
            let outcome = try await disk.run(
                holdfast.program,
                arguments,
                environment: holdfast.environment().merging(["SECOND_PASSWORD": "other phrase"]) { _, new in new },
                in: folder.path
            )
            #expect(outcome.status == status, "holdfast \(arguments.joined(separator: " ")): \(outcome)")
            return outcome
        }

        func restic(_ repository: String, _ arguments: String...) async throws {
            let outcome = try await disk.run(
                try #require(Program.find("restic")),
                // A full disk takes no lock either.
                ["-r", repository, "--no-cache", "--no-lock"] + arguments,
                environment: ["RESTIC_PASSWORD": "secret phrase"],
                in: folder.path
            )
            #expect(outcome.succeeded, "restic \(arguments): \(outcome)")
        }

        /// What a person must be told: what is wrong, where, and what to do.
        func expectAdvice(_ outcome: Program.Outcome, about path: String) {
            #expect(outcome.errorText.contains("No space left on device"), "\(outcome.errorText)")
            #expect(outcome.errorText.contains(path), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("hint: "), "\(outcome.errorText)")
        }
    }

    private func withScene(mebibytes: Int, _ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.makeDocuments()
            try await SmallDisk.with(mebibytes: mebibytes, in: folder) { disk in
                try await body(Scene(folder: folder, disk: disk, holdfast: holdfast))
            }
        }
    }

    @Test("during init leaves nothing behind, and init works once there is space")
    func initialize() async throws {
        try await withScene(mebibytes: 8) { scene in
            let arguments = ["--repository", "disk/repo", "--documents", "docs", "--system", "test"]
            try await scene.disk.fill()
            let outcome = try await scene.run(["init"] + arguments, expecting: 1)
            scene.expectAdvice(outcome, about: "disk/repo")
            try await scene.disk.free()
            try? FileManager.default.removeItem(atPath: scene.folder.path("holdfast.yaml"))
            try await scene.run(["init"] + arguments)
            try await scene.run("backup")
            try await scene.restic("disk/repo", "check", "--read-data")
        }
    }

    @Test("during a backup leaves all restore points as they were, readable at once, and the next backup completes")
    func backup() async throws {
        try await withScene(mebibytes: 48) { scene in
            try await scene.run("init", "--repository", "disk/repo", "--documents", "docs", "--system", "test")
            try await scene.run("backup")
            try await scene.disk.shell("cp -r ../docs ../first")

            var generator = SeededGenerator(seed: 3)
            try Data(generator.bytes(30_000_000)).write(to: URL(filePath: scene.folder.path("docs/new.bin")))
            try await scene.disk.fill(leaving: 20_000)
            let outcome = try await scene.run("backup", expecting: 1)
            scene.expectAdvice(outcome, about: "disk/repo")
            // Not a byte more: now not even a lock can be written.
            try await scene.disk.shell("rm ballast")
            try await scene.disk.fill()
            try await scene.restic("disk/repo", "check", "--read-data")
            try await scene.run("backup", expecting: 1)
            try await scene.run("verify")
            try await scene.run("points")
            try await scene.run("restore", "--target", "restored")
            #expect(try await areEqual(scene.folder.path("first"), scene.folder.path("restored/docs")))

            try await scene.disk.free()
            try await scene.run("backup")
            try await scene.run("verify", "--all")
            try await scene.restic("disk/repo", "check", "--read-data")
        }
    }

    @Test("during a restore leaves no half-written file, and the next restore completes what is missing")
    func restore() async throws {
        try await withScene(mebibytes: 12) { scene in
            try await scene.run("init", "--repository", "repo", "--documents", "docs", "--system", "test")
            try await scene.run("backup")
            try await scene.disk.fill(leaving: 3_000)
            let outcome = try await scene.run("restore", "--target", "disk/restored", expecting: 1)
            scene.expectAdvice(outcome, about: "disk/restored")
            // What is there under its name is whole.
            try await scene.disk.shell(
                "cd restored/docs && find . -type f | while read -r f; do cmp \"$f\" \"../../../docs/$f\" || exit 1; done"
            )
            try await scene.disk.free()
            try await scene.disk.shell("rm -rf restored")
            try await scene.run("restore", "--target", "disk/restored")
            try await scene.disk.shell("diff -r restored/docs ../docs")
            try await scene.restic("repo", "check", "--read-data")
        }
    }

    @Test("to the last byte: forget and prune make room without any, and keep what is kept")
    func prune() async throws {
        try await withScene(mebibytes: 48) { scene in
            try await scene.run("init", "--repository", "disk/repo", "--documents", "docs", "--system", "test")
            try await scene.run("backup")
            // Packs of its own: what shares one with what is needed could only go by writing the rest anew.
            var generator = SeededGenerator(seed: 4)
            try Data(generator.bytes(10_000_000)).write(to: URL(filePath: scene.folder.path("docs/large.bin")))
            try await scene.run("backup")
            try FileManager.default.removeItem(atPath: scene.folder.path("docs/large.bin"))
            try await scene.run("backup")
            try await scene.disk.fill()
            try await scene.run("forget", "--keep-last", "1", "--yes-drop-many")
            try await scene.run("prune", "--grace", "0")
            try await scene.restic("disk/repo", "check", "--read-data")
            try await scene.disk.shell(#"test "$(df --output=avail -k . | tail -1)" -gt 8000"#)
            try await scene.run("restore", "--target", "restored")
            #expect(try await areEqual(scene.folder.path("docs"), scene.folder.path("restored/docs")))
            try await scene.run("backup")
        }
    }

    @Test("during a copy leaves the original alone, and the next copy brings the rest")
    func copy() async throws {
        try await withScene(mebibytes: 16) { scene in
            try await scene.run("init", "--repository", "repo", "--documents", "docs", "--system", "test")
            try await scene.run("backup")
            try await scene.disk.fill(leaving: 3_000)
            let copy = ["repo", "copy", "--init", "--to", "disk/second", "--to-password", "env:HOLDFAST_PASSWORD"]
            let outcome = try await scene.run(copy, expecting: 1)
            scene.expectAdvice(outcome, about: "disk/second")
            try await scene.restic("repo", "check", "--read-data")
            try await scene.disk.free()
            try await scene.run(copy)
            try await scene.restic("disk/second", "check", "--read-data")
        }
    }

    @Test("during a change of keys leaves the password valid")
    func keys() async throws {
        try await withScene(mebibytes: 16) { scene in
            try await scene.run("init", "--repository", "disk/repo", "--documents", "docs", "--system", "test")
            try await scene.run("backup")
            try await scene.disk.fill()
            for command in ["add", "passwd"] {
                let outcome = try await scene.run(
                    ["key", command, "--new-password", "env:SECOND_PASSWORD"],
                    expecting: 1
                )
                #expect(outcome.errorText.contains("hint: "), "\(outcome)")
            }
            try await scene.run("verify")
            try await scene.disk.free()
            try await scene.run(["key", "add", "--new-password", "env:SECOND_PASSWORD"])
            try await scene.restic("disk/repo", "check")
        }
    }
}
