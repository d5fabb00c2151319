import Foundation
import TestSupport
import Testing

@testable import Recovery

@Suite("A repository that would run something", .timeLimit(.minutes(5)))
struct HostileCheckoutTests {
    /// Every setting and file through which a repository can have `git` run a program in what we do with it.
    private func arm(_ fixture: CodeFixture) async throws {
        let trap = fixture.folder.path("trap.sh")
        try Data("#!/bin/sh\necho \"$0 $@\" >> '\(fixture.folder.path("sprung"))'\ncat\n".utf8).write(
            to: URL(filePath: trap)
        )
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: trap)
        for name in [
            "core.fsmonitor", "diff.external", "diff.evil.command", "diff.evil.textconv", "filter.evil.clean",
            "filter.evil.smudge", "core.sshCommand", "core.pager", "pager.diff", "pager.bundle", "core.editor",
            "gpg.program",
            "core.alternateRefsCommand", "credential.helper", "core.askPass", "sequence.editor", "merge.evil.driver",
            "core.gitProxy", "uploadpack.packObjectsHook", "filter.process.process", "diff.process.command",
        ] { try await fixture.git("config", name, trap) }
        try await fixture.git("config", "filter.evil.required", "true")
        try await fixture.git("config", "alias.diff", "!\(trap)")
        try await fixture.git("config", "log.showSignature", "true")
        let hooks = fixture.folder.path("app/.git/hooks")
        try FileManager.default.createDirectory(atPath: hooks, withIntermediateDirectories: true)
        for hook in [
            "post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman",
            "post-merge",
            "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit",
        ] { try FileManager.default.copyItem(atPath: trap, toPath: "\(hooks)/\(hook)") }
    }

    @Test("runs nothing in a backup, a comparison, a restore elsewhere and one in place")
    func nothingRuns() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.commit(
                ".gitattributes",
                "*.txt filter=evil diff=evil merge=evil\n*.bin filter=process diff=process\n"
            )
            try await fixture.commit("later.txt", "later")
            try await arm(fixture)
            try fixture.write("changed\n", to: "renamed.txt")
            try fixture.write([1, 2, 3], to: "image.bin")
            try fixture.write("untracked\n", to: "new.txt")
            #expect(!fixture.exists("sprung"), "the trap is not armed yet")
            try await fixture.backUp()
            _ = try await fixture.compare()
            #expect(!fixture.exists("sprung"), "\((try? fixture.read("sprung")) ?? "")")
            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.differences.isEmpty && outcome.warnings.contains { $0.contains("filters") }, "\(outcome)")

            // In place, from an older commit and a clean checkout. The reset is ours, with the traps taken out.
            let config = fixture.folder.path("app/.git/config")
            let armed = try Data(contentsOf: URL(filePath: config))
            try FileManager.default.moveItem(
                atPath: fixture.folder.path("app/.git/hooks"),
                toPath: fixture.folder.path("hooks")
            )
            try Data("[core]\n\tbare = false\n\trepositoryformatversion = 0\n".utf8).write(to: URL(filePath: config))
            try await fixture.git("reset", "--quiet", "--hard", "HEAD~2")
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/new.txt"))
            try armed.write(to: URL(filePath: config))
            try FileManager.default.moveItem(
                atPath: fixture.folder.path("hooks"),
                toPath: fixture.folder.path("app/.git/hooks")
            )
            let updated = try await fixture.restore(.inPlace)
            #expect(updated.action == .updated && updated.differences.isEmpty, "\(updated)")
            #expect(try fixture.read("app/renamed.txt") == "changed\n")
            #expect(!fixture.exists("sprung"), "\((try? fixture.read("sprung")) ?? "")")

            // The trap works: what was not sprung was avoided.
            _ = try await fixture.git("diff", "--textconv", "HEAD~1")
            #expect(fixture.exists("sprung"))
        }
    }

    @Test("is not changed by a backup or a comparison, not even its index")
    func untouched() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            // The index's times are older than the file's: a 'git status' would write a new one.
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000_000)],
                ofItemAtPath: fixture.folder.path("app/renamed.txt")
            )
            func state() throws -> [String: Data] {
                let root = fixture.folder.path("app/.git")
                let names = try FileManager.default.subpathsOfDirectory(atPath: root)
                return Dictionary(
                    names.compactMap { name in
                        FileManager.default.contents(atPath: "\(root)/\(name)").map { (name, $0) }
                    }
                ) { $1 }
            }
            let before = try state()
            try await fixture.backUp()
            #expect(try await fixture.compare().state == .same)
            #expect(try state() == before)
            #expect(try await fixture.manifest().dirty?.isClean == true)
        }
    }
}
