import Foundation
import LocalStorage
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@Suite("Keys and locks, from the command line", .timeLimit(.minutes(10)))
struct KeyAndLockTests {
    private func withRepository(_ body: (HoldfastProgram) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            try holdfast.write("text", to: "docs/a.mdx")
            try await holdfast.initDocuments()
            try await holdfast.run("backup")
            try holdfast.write("second phrase\n", to: "second")
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: folder.path("second"))
            try await body(holdfast)
        }
    }

    private func keys(_ holdfast: HoldfastProgram) async throws -> [[String: Any]] {
        try #require(try await holdfast.json("key", "list")["list"] as? [[String: Any]])
    }

    private func current(_ holdfast: HoldfastProgram) async throws -> String {
        try #require(try await keys(holdfast).first { $0["isCurrent"] as? Bool == true }?["id"] as? String)
    }

    private func restic(_ holdfast: HoldfastProgram, _ password: String, _ arguments: String...) async throws
        -> Program.Outcome
    {
        try await #require(Program.find("restic")).run(
            ["-r", holdfast.folder.path("repo"), "--no-cache"] + arguments,
            environment: ["RESTIC_PASSWORD": password]
        )
    }

    @Test("an added key opens for us and for restic, is listed with its label, and is removed again")
    func addAndRemove() async throws {
        try await withRepository { holdfast in
            let added = try await holdfast.json(
                "key",
                "add",
                "--new-password",
                "file:second",
                "--user",
                "anna",
                "--host",
                "vault"
            )
            let id = try #require(added["added"] as? String)
            try await holdfast.run("points", password: "second phrase")
            let listed = try #require(try await keys(holdfast).first { $0["id"] as? String == id })
            #expect(listed["user"] as? String == "anna" && listed["host"] as? String == "vault", "\(listed)")
            #expect(listed["isCurrent"] as? Bool == false && listed["damage"] == nil)
            if Program.find("restic") != nil {
                let theirs = try await restic(holdfast, "second phrase", "key", "list", "--json")
                let list = try #require(
                    try JSONSerialization.jsonObject(with: Data(theirs.output)) as? [[String: Any]]
                )
                let short = String(id.prefix(8))
                #expect(list.first { $0["id"] as? String == short }?["current"] as? Bool == true, "\(list)")
                #expect(list.first { $0["id"] as? String == short }?["userName"] as? String == "anna")
            }
            #expect(try await holdfast.run("key", "remove", String(id.prefix(9)), "--dry-run").text.contains("would"))
            #expect(try await keys(holdfast).count == 2)
            try await holdfast.run("key", "remove", String(id.prefix(9)))
            try await holdfast.run("points", expecting: 12, password: "second phrase")
            try await holdfast.run("points")
        }
    }

    @Test(
        "we open with a key that restic added, and remove it",
        .enabled(if: Program.find("restic") != nil, "restic is not installed")
    )
    func addedByRestic() async throws {
        try await withRepository { holdfast in
            _ = try await holdfast.restic("key", "add", "--new-password-file", holdfast.folder.path("second"))
            try await holdfast.run("points", password: "second phrase")
            let id = try #require(
                try await keys(holdfast).first { $0["isCurrent"] as? Bool == false }?["id"] as? String
            )
            try await holdfast.run("key", "remove", id)
            #expect(try await !restic(holdfast, "second phrase", "snapshots").succeeded)
            _ = try await holdfast.restic("check")
        }
    }

    @Test("a changed password is the only one, for us and for restic")
    func passwd() async throws {
        try await withRepository { holdfast in
            let changed = try await holdfast.run("key", "passwd", "--new-password", "file:second")
            #expect(changed.errorText.contains("env:HOLDFAST_PASSWORD has to give the new password"), "\(changed)")
            #expect(!(changed.text + changed.errorText).contains("phrase"))
            try await holdfast.run("points", expecting: 12)
            try await holdfast.run("verify", password: "second phrase")
            guard Program.find("restic") != nil else { return }
            #expect(try await restic(holdfast, "second phrase", "check").succeeded)
            #expect(try await !restic(holdfast, "secret phrase", "snapshots").succeeded)
        }
    }

    @Test("the last key, the current key and unknown keys are not removed; a bad reference changes nothing")
    func refusals() async throws {
        try await withRepository { holdfast in
            let first = try await current(holdfast)
            #expect(try await holdfast.run("key", "remove", first, expecting: 1).errorText.contains("the last one"))
            try await holdfast.run("key", "add", "--new-password", "file:second")
            #expect(try await holdfast.run("key", "remove", first, expecting: 1).errorText.contains("in use"))
            #expect(
                try await holdfast.run("key", "remove", "ffffffffffff", expecting: 1).errorText.contains("key list")
                    == false
            )
            try await holdfast.run("key", "remove", "not-an-id", expecting: 1)
            for reference in ["env:NO_SUCH_VARIABLE", "file:no-such-file", "command:false", "literal-secret", "env:"] {
                for command in ["add", "passwd"] {
                    let outcome = try await holdfast.run("key", command, "--new-password", reference, expecting: 2)
                    #expect(!outcome.errorText.contains("literal-secret"), "\(outcome)")
                }
            }
            // Nobody is there to be asked.
            #expect(try await holdfast.run("key", "add", expecting: 2).errorText.contains("--new-password"))
            try holdfast.write("secret phrase", to: "same")
            try await holdfast.run("key", "add", "--new-password", "file:same", expecting: 12)
            try await holdfast.run("key", "passwd", "--new-password", "file:same", expecting: 12)
            try await holdfast.run("key", "list", expecting: 12, password: "wrong")
            #expect(try await keys(holdfast).count == 2)
        }
    }

    @Test("a damaged key file is listed as such and removed by its whole name only")
    func damagedKey() async throws {
        try await withRepository { holdfast in
            let name = String(repeating: "b", count: 64)
            try holdfast.write("{\"created\":", to: "repo/keys/\(name)")
            let listed = try #require(try await keys(holdfast).first { $0["id"] as? String == name })
            #expect(listed["damage"] as? String != nil && listed["user"] == nil, "\(listed)")
            #expect(try await holdfast.run("key", "list").text.contains("\(name) is damaged"))
            #expect(
                try await holdfast.run("key", "remove", "bbbbbbbbbb", expecting: 1).errorText.contains("whole name")
            )
            try await holdfast.run("key", "remove", name)
            #expect(try await keys(holdfast).count == 1)
        }
    }

    @Test("a lock that is held bars the removal of a key")
    func barred() async throws {
        try await withRepository { holdfast in
            let added = try await holdfast.json("key", "add", "--new-password", "file:second")
            let id = try #require(added["added"] as? String)
            let repository = try await Repository.open(
                in: LocalStore(path: holdfast.folder.path("repo")),
                password: Array("secret phrase".utf8)
            )
            try await repository.withLock(.shared) {
                try await holdfast.run("key", "remove", id, expecting: 11)
                try await holdfast.run("key", "passwd", "--new-password", "file:second", expecting: 11)
            }
            #expect(try await keys(holdfast).count == 2)
        }
    }

    @Test("unlock removes stale locks, keeps others, and takes all only when told so")
    func unlock() async throws {
        try await withRepository { holdfast in
            let repository = try await Repository.open(
                in: LocalStore(path: holdfast.folder.path("repo")),
                password: Array("secret phrase".utf8)
            )
            func plant(host: String, pid: Int, age: Int64) async throws {
                let time = GoTime(seconds: SystemWallClock().now.seconds - age)
                let record = LockRecord(time: time, exclusive: true, hostname: host, username: "somebody", pid: pid)
                try await repository.save(.lock, record.encode())
            }
            #expect(try await holdfast.run("repo", "unlock").text.contains("no locks"))
            try await plant(host: Host.current.name, pid: 5_000_000, age: 5)
            try await plant(host: "elsewhere", pid: 7, age: 7200)
            try await plant(host: "elsewhere", pid: 8, age: 60)
            let unreadable = String(repeating: "c", count: 64)
            try holdfast.write("no lock", to: "repo/locks/\(unreadable)")

            let dry = try await holdfast.run("repo", "unlock", "--dry-run")
            #expect(dry.text.contains("its process is gone") && dry.text.contains("somebody@elsewhere"), "\(dry)")
            #expect(try await repository.list(.lock).count == 4)
            let result = try await holdfast.json("repo", "unlock")
            #expect(result["removed"] as? Int == 2 && result["kept"] as? Int == 2, "\(result)")
            let kept = try await holdfast.run("repo", "unlock")
            #expect(kept.text.contains("process 8 of somebody@elsewhere") && kept.text.contains("cannot be read"))
            #expect(kept.errorText.contains("--remove-all"))
            // It bars everybody, and is looked at all the same.
            #expect(try await holdfast.run("repo", "list", "locks").text.contains(unreadable))
            let points = try await holdfast.run("points", expecting: 1)
            #expect(
                points.errorText.contains("cccccccc") && points.errorText.contains("repo unlock --remove-all"),
                "\(points)"
            )
            let all = try await holdfast.json("repo", "unlock", "--remove-all")
            #expect(all["removed"] as? Int == 2 && (all["locks"] as? [[String: Any]])?.count == 2)
            #expect(try await repository.list(.lock).isEmpty)
            try await holdfast.run("points")
        }
    }
}
