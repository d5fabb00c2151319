import Foundation
import TestSupport
import Testing

@Suite(
    "Code, from the command line",
    .enabled(if: Program.find("git") != nil, "git is not installed"),
    .timeLimit(.minutes(10))
)
struct CodeTests {
    private func git(_ folder: TemporaryDirectory, _ place: String, _ arguments: String...) async throws -> String {
        let outcome = try await #require(Program.find("git")).run(
            ["-C", folder.path(place), "-c", "user.name=a", "-c", "user.email=a@b"] + arguments,
            environment: ["GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"]
        )
        #expect(outcome.succeeded, "git \(arguments): \(outcome)")
        return outcome.text.trimmingCharacters(in: .newlines)
    }

    private func prepare(_ holdfast: HoldfastProgram) async throws {
        let folder = holdfast.folder
        try holdfast.write("print('hello')\n", to: "app/main.py")
        _ = try await git(folder, "app", "init", "--quiet", "-b", "main")
        _ = try await git(folder, "app", "add", "--all")
        _ = try await git(folder, "app", "commit", "--quiet", "-m", "first")
        _ = try await git(folder, "app", "remote", "add", "origin", "https://u:s3cr3t-t0ken@example.invalid/app.git")
        try holdfast.write(
            """
            version: 1
            repository:
              location: ./app/backup
              password: env:HOLDFAST_PASSWORD
            system: test
            code:
              - path: app

            """,
            to: "holdfast.yaml"
        )
        try await holdfast.run("init")
    }

    @Test("backup, points, show, diff, restore and plain restic and git agree with each other")
    func mainJob() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try await prepare(holdfast)
            #expect(
                try await holdfast.run("backup", "--dry-run").text.contains(
                    "code       app, from \(folder.path("app"))"
                )
            )
            let first = try await holdfast.json("backup")
            let id = try #require((first["restorePoint"] as? [String: Any])?["id"] as? String)
            try holdfast.write("print('bye')\n", to: "app/other.py")
            _ = try await git(folder, "app", "add", "other.py")
            _ = try await git(folder, "app", "commit", "--quiet", "-m", "second")
            try holdfast.write("print('changed')\n", to: "app/main.py")
            try holdfast.write("notes\n", to: "app/notes.txt")
            try holdfast.write("KEY=s3cr3t-t0ken\n", to: "app/.env")
            let second = try await holdfast.run("backup", "--only", "code")
            #expect(second.text.contains("1 file changed, 1 untracked, 1 left out, 2 bundles"), "\(second)")
            #expect(second.errorText.contains("'.env' is untracked and looks like a secret"), "\(second)")
            let commit = try await git(folder, "app", "rev-parse", "HEAD")
            #expect(try await holdfast.run("points").text.contains("\(commit.prefix(8))+"))
            #expect(try await holdfast.run("show").text.contains(commit))
            let diff = try await holdfast.run("diff", id, "latest", "--only", "code").text
            #expect(diff.contains("+ /code/app/bundles/2.bundle") && diff.contains("1 commit more"), "\(diff)")
            try await holdfast.run("verify", "--all")

            // The remote is nowhere, and the checkout is gone; the repository was in it.
            try FileManager.default.moveItem(atPath: folder.path("app/backup"), toPath: folder.path("backup"))
            let yaml = try String(contentsOfFile: folder.path("holdfast.yaml"), encoding: .utf8)
            try holdfast.write(yaml.replacing("./app/backup", with: "./backup"), to: "holdfast.yaml")
            try await holdfast.run("restore", expecting: 0)
            try FileManager.default.moveItem(atPath: folder.path("app"), toPath: folder.path("lost"))
            #expect(try await holdfast.run("restore", "--only", "code", "--dry-run").text.contains("2 bundles"))
            let restored = try await holdfast.json("restore", "--only", "code")
            let code = try #require((restored["code"] as? [[String: Any]])?.first)
            #expect(code["verdict"] as? String == "verified" && code["action"] as? String == "rebuilt", "\(code)")
            #expect(code["commit"] as? String == commit)
            #expect(try String(contentsOfFile: folder.path("app/main.py"), encoding: .utf8) == "print('changed')\n")
            #expect(try String(contentsOfFile: folder.path("app/notes.txt"), encoding: .utf8) == "notes\n")
            #expect(try await git(folder, "app", "rev-parse", "HEAD") == commit)
            #expect(try await git(folder, "app", "remote", "get-url", "origin") == "https://example.invalid/app.git")
            #expect(!FileManager.default.fileExists(atPath: folder.path("app/.env")))

            for verdict in ["rebuilt", "as it should be"] {
                let elsewhere = try await holdfast.run("restore", "--only", "code", "--target", "elsewhere")
                #expect(
                    elsewhere.text.contains(verdict) && elsewhere.text.contains(folder.path("elsewhere/app")),
                    "\(elsewhere)"
                )
            }
            _ = try await git(folder, "app", "commit", "--quiet", "--all", "-m", "mine")
            #expect(try await holdfast.run("restore", "--only", "code", expecting: 14).errorText.contains("--in-place"))
            #expect(
                try await holdfast.run("restore", "--only", "code", "--in-place").text.contains(
                    "kept: refs/heads/holdfast-"
                )
            )
            try await restoreByHand(holdfast, commit)
        }
    }

    /// What `docs/operating/code.md` says about recovering without Holdfast.
    private func restoreByHand(_ holdfast: HoldfastProgram, _ commit: String) async throws {
        guard let restic = Program.find("restic") else { return }
        let folder = holdfast.folder
        func run(_ arguments: String...) async throws -> Program.Outcome {
            let outcome = try await restic.run(
                ["-r", folder.path("backup"), "--no-cache"] + arguments,
                environment: ["RESTIC_PASSWORD": "secret phrase"]
            )
            #expect(outcome.succeeded, "restic \(arguments): \(outcome)")
            return outcome
        }
        _ = try await run("check", "--read-data")
        _ = try await run("restore", "latest", "--path", "/code", "--target", folder.path("x"))
        let dumped = try await run("dump", "latest", "--path", "/code", "/code/app/bundles/2.bundle").output
        #expect(FileManager.default.contents(atPath: folder.path("x/code/app/bundles/2.bundle")) == Data(dumped))
        let stored = folder.path("x/code/app")
        _ = try await git(folder, "", "clone", "--quiet", "\(stored)/bundles/1.bundle", folder.path("by-hand"))
        _ = try await git(folder, "by-hand", "bundle", "verify", "\(stored)/bundles/2.bundle")
        _ = try await git(
            folder,
            "by-hand",
            "fetch",
            "--quiet",
            "\(stored)/bundles/2.bundle",
            "+refs/heads/*:refs/heads/*",
            "--update-head-ok"
        )
        _ = try await git(folder, "by-hand", "checkout", "--quiet", "-f", commit)
        _ = try await git(folder, "by-hand", "apply", "--index", "\(stored)/dirty.patch")
        #expect(try String(contentsOfFile: folder.path("by-hand/main.py"), encoding: .utf8) == "print('changed')\n")
        let grep = try await #require(Program.find("grep")).run(["-r", "-F", "s3cr3t-t0ken", folder.path("x")])
        #expect(grep.status == 1, "\(grep)")
    }

    @Test("options that contradict each other, and sources that are not there, are refused")
    func refusals() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try await prepare(holdfast)
            try await holdfast.run("backup")
            try await holdfast.run("restore", "--only", "code", "--include", "x", expecting: 2)
            try await holdfast.run("restore", "--only", "documents", "--code", "app", expecting: 2)
            #expect(
                try await holdfast.run("restore", "--code", "other", expecting: 1).errorText.contains("It holds: app.")
            )
            try FileManager.default.removeItem(atPath: folder.path("app/.git"))
            #expect(try await holdfast.run("backup", expecting: 13).errorText.contains("is no repository of git"))
        }
    }
}
