import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("Kinds of checkouts", .timeLimit(.minutes(5)))
struct CodeKindsTests {
    @Test("without a commit, what is staged and untracked is kept")
    func unborn() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize()
            try fixture.write("staged\n", to: "a.txt")
            try await fixture.git("add", "a.txt")
            try fixture.write("untracked\n", to: "b.txt")
            let report = try await fixture.backUp()
            #expect(report.warnings.contains { $0.contains("no commit yet on main") }, "\(report.warnings)")
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty, "\(outcome.differences)")
            #expect(try await fixture.git("status", "--porcelain", at: "out/app") == "A  a.txt\n?? b.txt")
            #expect(try await fixture.git("symbolic-ref", "HEAD", at: "out/app") == "refs/heads/main")
            try await fixture.commit("c.txt", "the first commit")
            try await fixture.backUp()
            #expect(try await fixture.restore(.folder(fixture.folder.path("out2"))).differences.isEmpty)
        }
    }

    @Test("empty ones come back empty")
    func empty() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize()
            try await fixture.backUp()
            #expect(try await fixture.restore(.folder(fixture.folder.path("out"))).differences.isEmpty)
            #expect(try await fixture.git("status", "--porcelain", at: "out/app").isEmpty)
        }
    }

    @Test("with a detached HEAD whose commit is on no branch")
    func detached() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("checkout", "--quiet", "--detach")
            let commit = try await fixture.commit("loose.txt", "loose")
            let report = try await fixture.backUp()
            #expect(report.restorePoint[.code]?.checkouts?.first?.branch == nil)
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty, "\(outcome.differences)")
            #expect(try await fixture.git("rev-parse", "HEAD", at: "out/app") == commit)
            try await fixture.git("symbolic-ref", "--quiet", "HEAD", at: "out/app", expecting: 1)
        }
    }

    @Test("bare")
    func bare() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("clone", "--quiet", "--bare", "app", "bare.git", at: "")
            try await fixture.backUp("bare.git")
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty, "\(outcome.differences)")
            #expect(try await fixture.git("rev-parse", "--is-bare-repository", at: "out/app") == "true")
            #expect(try await fixture.refs("out/app") == fixture.refs("bare.git"))
        }
    }

    @Test("of SHA-256")
    func longHashes() async throws {
        try await CodeFixture.with { fixture in
            try FileManager.default.createDirectory(
                atPath: fixture.folder.path("app"),
                withIntermediateDirectories: true
            )
            try await fixture.git("init", "--quiet", "-b", "main", "--object-format=sha256")
            #expect(try await fixture.commit("a.txt", "a").count == 64)
            try await fixture.backUp()
            try await fixture.commit("b.txt", "b")
            try await fixture.backUp()
            #expect(try await fixture.manifest().bundles.count == 2)
            #expect(try await fixture.restore(.folder(fixture.folder.path("out"))).differences.isEmpty)
        }
    }

    @Test("shallow, with the history that is there")
    func shallow() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git(
                "clone",
                "--quiet",
                "--depth",
                "2",
                "file://\(fixture.folder.path("app"))",
                "shallow",
                at: ""
            )
            let report = try await fixture.backUp("shallow")
            #expect(report.warnings.contains { $0.contains("shallow clone") }, "\(report.warnings)")
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty, "\(outcome.differences)")
            let log = ["log", "--format=%H"]
            #expect(try await fixture.git(log[0], log[1], at: "out/app") == fixture.git(log[0], log[1], at: "shallow"))
            // Deepened, the old bundle would not hold the parents.
            try await fixture.git("fetch", "--quiet", "--unshallow", at: "shallow")
            try await fixture.backUp("shallow")
            #expect(try await fixture.manifest().bundles.count == 1)
            #expect(try await fixture.restore(.folder(fixture.folder.path("deep"))).differences.isEmpty)
            #expect(try await fixture.git(log[0], log[1], at: "deep/app") == fixture.git(log[0], log[1]))
        }
    }

    @Test("a linked worktree, with its own branch and changes")
    func worktree() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("worktree", "add", "--quiet", "../linked", "feature")
            try fixture.write("here alone\n", to: "a.txt", at: "linked")
            try await fixture.backUp("linked")
            let manifest = try await fixture.manifest()
            #expect(manifest.branch == "refs/heads/feature" && manifest.dirty?.changedFiles == 1, "\(manifest)")
            #expect(try await fixture.restore(.folder(fixture.folder.path("out"))).differences.isEmpty)
            #expect(try fixture.read("out/app/a.txt") == "here alone\n")
        }
    }

    @Test("submodules are recorded with their commits, initialised or not, and how to get them is said")
    func submodules() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize("library")
            let commit = try await fixture.commit("lib.txt", "lib", at: "library")
            try await fixture.makeHistory()
            try await fixture.git("submodule", "--quiet", "add", "../library", "vendor/lib")
            try await fixture.git(
                "config",
                "--file",
                ".gitmodules",
                "submodule.vendor/lib.url",
                "https://u:s3cr3t@example.invalid/lib.git"
            )
            try await fixture.git("config", "submodule.vendor/lib.url", "https://u:s3cr3t@example.invalid/lib.git")
            try await fixture.git("commit", "--quiet", "--all", "-m", "add a submodule")
            try await fixture.backUp()
            let expected = CodeManifest.Submodule(
                path: "vendor/lib",
                url: "https://example.invalid/lib.git",
                commit: commit,
                checkedOut: commit
            )
            #expect(try await fixture.manifest().submodules == [expected])
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty, "\(outcome.differences)")
            #expect(
                outcome.submodules.count == 1 && outcome.submodules[0].contains("submodule update --init"),
                "\(outcome)"
            )

            try await fixture.git("submodule", "--quiet", "deinit", "--force", "--all")
            try await fixture.backUp()
            #expect(try await fixture.manifest().submodules.first?.checkedOut == nil)
        }
    }

    @Test("in the middle of a merge")
    func merging() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize()
            try await fixture.commit("a.txt", "base\n")
            try await fixture.git("checkout", "--quiet", "-b", "other")
            try await fixture.commit("a.txt", "theirs\n")
            try await fixture.git("checkout", "--quiet", "main")
            try await fixture.commit("a.txt", "ours\n")
            try await fixture.git("merge", "--quiet", "other", expecting: 1)
            let conflict = try fixture.read("app/a.txt")
            let report = try await fixture.backUp()
            #expect(report.warnings.contains { $0.contains("a merge is under way") }, "\(report.warnings)")
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty, "\(outcome.differences)")
            #expect(try fixture.read("out/app/a.txt") == conflict)
        }
    }

    @Test("without 'bundle', the commit is recorded and a restore says where to get it")
    func withoutBundle() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("remote", "add", "origin", "https://example.invalid/app.git")
            try await fixture.backUp(bundle: false)
            #expect(try await fixture.manifest().bundles.isEmpty)
            let error = await #expect(throws: RecoveryError.self) {
                _ = try await fixture.restore(.folder(fixture.folder.path("out")))
            }
            #expect(error?.code == .notInRestorePoint)
            #expect(error?.hint?.contains("git clone https://example.invalid/app.git") == true, "\(error?.hint ?? "")")
        }
    }

    @Test("a partial clone is not fetched in full behind one's back: no bundle, and the report says so")
    func partial() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("config", "uploadpack.allowFilter", "true")
            try await fixture.git(
                "clone",
                "--quiet",
                "--filter=blob:none",
                "file://\(fixture.folder.path("app"))",
                "partial",
                at: ""
            )
            let report = try await fixture.backUp("partial")
            #expect(report.isPartial && report.restorePoint.skipped[0].reason.contains("partial clone"))
            #expect(try await fixture.manifest().bundles.isEmpty)
        }
    }

    @Test("the backup's own repository and ignored files inside a checkout are left out")
    func leftOut() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize()
            try await fixture.commit(".gitignore", "build/\n*.log\n")
            try fixture.write("x", to: "build/out.o")
            try fixture.write("x", to: "run.log")
            try fixture.write("x", to: "backup/data/00/pack")
            try fixture.write("x", to: "kept.txt")
            try await fixture.initialize("app/nested")
            try await fixture.commit("n.txt", "n", at: "app/nested")
            try fixture.write("-----BEGIN PRIVATE KEY-----\nabc\n", to: "looks-harmless.txt")
            try await fixture.backUp(leavingOut: [fixture.folder.path("app/backup")])
            let dirty = try #require(try await fixture.manifest().dirty)
            #expect(
                dirty.untrackedFiles == 1 && dirty.leftOut.map(\.path) == ["looks-harmless.txt", "nested/"],
                "\(dirty)"
            )
            #expect(try await fixture.stored("untracked/kept.txt") == [UInt8(ascii: "x")])
            try await fixture.backUp(untracked: false)
            #expect(try await fixture.manifest().dirty?.untrackedFiles == 0)
        }
    }

    @Test("what is none is refused with what to do", arguments: ["missing", "plain", "file", "app/b"])
    func refused(place: String) async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try fixture.write("x", to: "plain/x.txt", at: "")
            try fixture.write("x", to: "file", at: "")
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp(place) }
            #expect(error?.code == .codeUnreadable && error?.hint != nil, "\(String(describing: error))")
            #expect(error?.message.contains(fixture.folder.path(place)) == true, "\(String(describing: error))")
            if place == "app/b" {
                #expect(error?.hint?.contains("the checkout '\(fixture.folder.path("app"))'") == true)
            }
        }
    }
}
