import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A checkout that is restored where it was", .timeLimit(.minutes(5)))
struct CodeInPlaceTests {
    @Test("is made anew when it is gone, and left alone when it is as it should be")
    func original() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try fixture.write("x", to: "untracked.txt")
            try fixture.write("y", to: "renamed.txt")
            try await fixture.backUp()
            for destination in [CodeRestore.Destination.original, .inPlace] {
                #expect(try await fixture.restore(destination).action == .unchanged)
                try FileManager.default.removeItem(atPath: fixture.folder.path("app"))
                let outcome = try await fixture.restore(destination)
                #expect(outcome.action == .rebuilt && outcome.differences.isEmpty, "\(outcome)")
                #expect(try await fixture.restore(destination).action == .unchanged)
            }
        }
    }

    @Test("is refused where something else is, with nothing changed")
    func occupied() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.backUp()
            try await fixture.commit("later.txt", "later")
            let before = try await fixture.refs("app")
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.restore(.original) }
            #expect(error?.code == .targetNotEmpty && error?.message.contains("0 commits behind and 1 ahead") == true)
            try FileManager.default.removeItem(atPath: fixture.folder.path("app"))
            try fixture.write("not a checkout", to: "x.txt")
            for destination in [CodeRestore.Destination.original, .inPlace] {
                let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.restore(destination) }
                #expect(error?.code == .targetNotEmpty, "\(String(describing: error))")
            }
            #expect(try fixture.read("app/x.txt") == "not a checkout")
            #expect(before.count > 3)
        }
    }

    @Test("loses no commit of its own: they stay on branches with a name that says why")
    func keepsCommits() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            let point = try await fixture.backUp().restorePoint.id
            let wanted = try await fixture.refs("app")
            let ahead = try await fixture.commit("mine.txt", "mine")
            try await fixture.git("tag", "--force", "light")
            try await fixture.git("checkout", "--quiet", "feature")
            try await fixture.git("reset", "--quiet", "--hard", "HEAD~1")
            try await fixture.git("checkout", "--quiet", "--detach", "main")
            let loose = try await fixture.commit("loose.txt", "loose")
            try await fixture.git("branch", "unrelated", "main~1")
            let outcome = try await fixture.restore(.inPlace)
            #expect(outcome.action == .updated && outcome.differences.isEmpty, "\(outcome)")
            let kept = [
                "refs/heads/holdfast-\(point)/HEAD", "refs/heads/holdfast-\(point)/main",
                "refs/tags/holdfast-\(point)/light",
            ]
            #expect(outcome.kept.sorted() == kept.sorted(), "\(outcome.kept)")
            #expect(try await fixture.git("rev-parse", kept[1]) == ahead)
            #expect(try await fixture.git("rev-parse", kept[0]) == loose)
            let now = try await fixture.refs("app")
            #expect(Set(wanted).isSubset(of: now), "\(now)")
            #expect(now.contains { $0.hasSuffix("refs/heads/unrelated") })
            #expect(try await fixture.git("status", "--porcelain").isEmpty)
            #expect(!fixture.exists("app/.git/holdfast-restore"))
            #expect(try await fixture.restore(.inPlace).action == .unchanged)
        }
    }

    @Test("fetches what is missing from the bundles, and keeps remotes with their credentials")
    func behind() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("clone", "--quiet", "app", "copy", at: "")
            try await fixture.backUp()
            try await fixture.commit("later.txt", "later")
            try fixture.write("dirty\n", to: "renamed.txt")
            try await fixture.backUp()
            let wanted = try await fixture.refs("app")
            try FileManager.default.removeItem(atPath: fixture.folder.path("app"))
            try FileManager.default.moveItem(atPath: fixture.folder.path("copy"), toPath: fixture.folder.path("app"))
            try await fixture.git("remote", "set-url", "origin", "https://u:p@example.invalid/a.git")
            let outcome = try await fixture.restore(.inPlace)
            #expect(outcome.action == .updated && outcome.differences.isEmpty && outcome.kept.isEmpty, "\(outcome)")
            #expect(Set(wanted).isSubset(of: try await fixture.refs("app")))
            #expect(try fixture.read("app/renamed.txt") == "dirty\n")
            #expect(try await fixture.git("remote", "get-url", "origin") == "https://u:p@example.invalid/a.git")
        }
    }

    @Test(
        "is refused before anything is changed when something would be lost",
        arguments: ["changed", "staged", "untracked", "merge", "in the way"]
    )
    func refused(what: String) async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try fixture.write("theirs", to: "untracked.txt")
            try await fixture.backUp()
            try await fixture.git("reset", "--quiet", "--hard", "HEAD~1")
            switch what {
            case "changed": try fixture.write("mine", to: "b/c.txt")
            case "staged":
                try fixture.write("mine", to: "mine.txt")
                try await fixture.git("add", "mine.txt")
            case "untracked": try fixture.write("mine", to: "untracked.txt")
            case "merge":
                try await fixture.git("checkout", "--quiet", "-b", "x")
                try await fixture.commit("b/c.txt", "x")
                try await fixture.git("checkout", "--quiet", "main")
                try await fixture.commit("b/c.txt", "y")
                try await fixture.git("merge", "--quiet", "x", expecting: 1)
            default: try fixture.write("mine", to: "renamed.txt")
            }
            let before = try await fixture.refs("app")
            let status = try await fixture.git("status", "--porcelain")
            let error = await #expect(throws: RecoveryError.self) { _ = try await fixture.restore(.inPlace) }
            #expect(error?.code == .refused && error?.hint != nil, "\(String(describing: error))")
            #expect(error?.message.contains("nothing was changed") == true, "\(String(describing: error))")
            #expect(try await fixture.refs("app") == before)
            #expect(try await fixture.git("status", "--porcelain") == status)
        }
    }

    @Test("finishes when it was interrupted, from each place where that can be", arguments: ["refs", "files", "patch"])
    func interrupted(after: String) async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try fixture.write("dirty\n", to: "renamed.txt")
            try fixture.write("new\n", to: "untracked.txt")
            let point = try await fixture.backUp().restorePoint.id
            let wanted = try await fixture.refs("app")
            let head = try await fixture.git("rev-parse", "HEAD")
            let patch = try #require(try await fixture.stored("dirty.patch"))
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/untracked.txt"))
            try await fixture.git("reset", "--quiet", "--hard", "HEAD~2")
            // What a restore that died there has left.
            try fixture.write(point, to: ".git/holdfast-restore")
            try await fixture.git("update-ref", "refs/heads/main", head)
            if after != "refs" { try await fixture.git("checkout", "--quiet", "main", "--", "renamed.txt") }
            if after == "patch" {
                try await fixture.git("reset", "--quiet", "--hard")
                try fixture.write(patch, to: "p.patch", at: "")
                try await fixture.git("apply", "--index", "../p.patch")
            }
            let outcome = try await fixture.restore(.inPlace)
            #expect(outcome.differences.isEmpty, "\(outcome)")
            #expect(Set(wanted).isSubset(of: try await fixture.refs("app")))
            #expect(try fixture.read("app/renamed.txt") == "dirty\n")
            #expect(try fixture.read("app/untracked.txt") == "new\n")
            #expect(!fixture.exists("app/.git/holdfast-restore"))
            #expect(try await fixture.restore(.inPlace).action == .unchanged)
        }
    }

    @Test("anew, goes on after a restore that was killed half-way")
    func leftovers() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            let point = try await fixture.backUp().restorePoint.id
            try FileManager.default.removeItem(atPath: fixture.folder.path("app"))
            try fixture.write("half", to: ".app.holdfast-\(point)/.git/HEAD", at: "")
            #expect(try await fixture.restore(.original).differences.isEmpty)
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path) == ["app"])
        }
    }

    @Test("leaves nothing behind when a bundle is damaged")
    func damaged() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.backUp()
            let (point, repository) = try await fixture.find("latest")
            let node = try await repository.node(at: "code/app/bundles/1.bundle", in: point.tree(of: .code))
            let blob = try #require(node?.content?.first)
            let location = try #require(repository.location(of: blob, .data))
            let key = try #require(fixture.store.keysInOrder.first { $0.description.contains(location.pack.hex) })
            var body = try #require(fixture.store.contents[key])
            let place = body.readerIndex + Int(location.offset) + 100
            body.setInteger((body.getInteger(at: place, as: UInt8.self) ?? 0) ^ 1, at: place)
            fixture.store.replace(body, at: key)
            await #expect(throws: (any Error).self) {
                _ = try await fixture.restore(.folder(fixture.folder.path("out")))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path("out")).isEmpty)
        }
    }
}
