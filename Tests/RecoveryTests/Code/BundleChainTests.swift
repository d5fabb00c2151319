import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A chain of bundles", .timeLimit(.minutes(5)))
struct BundleChainTests {
    @Test("grows with the commits alone, and each restore point is whole after older ones were pruned")
    func chain() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            var generator = SeededGenerator(seed: 3)
            try fixture.write(generator.bytes(2_000_000), to: "large.bin")
            try await fixture.commit("first.txt", "1")
            var ids = [try await fixture.backUp().restorePoint.id]
            var states = [try await fixture.refs("app")]
            for round in 2...5 {
                try await fixture.commit("file-\(round).txt", "\(round)")
                try await fixture.git("tag", "-a", "-m", "r", "r\(round)")
                try await fixture.git("branch", "b\(round)")
                let report = try await fixture.backUp()
                #expect(report.written.newBytes < 30_000, "round \(round): \(report.written)")
                ids.append(report.restorePoint.id)
                states.append(try await fixture.refs("app"))
                #expect(try await fixture.manifest().bundles.map(\.number) == Array(1...round))
            }
            // In between, then from the oldest on: an incremental is a full.
            for gone in [[ids[1], ids[3]], [ids[0]], [ids[2]]] {
                try await fixture.forget(gone)
                for id in gone { await #expect(throws: RecoveryError.self) { _ = try await fixture.find(id) } }
                for (id, state) in zip(ids, states) where (try? await fixture.find(id)) != nil {
                    let outcome = try await fixture.restore(.folder(fixture.folder.path("out-\(id)-\(gone[0])")), id)
                    #expect(outcome.differences.isEmpty, "\(outcome.differences)")
                    #expect(try await fixture.refs("out-\(id)-\(gone[0])/app") == state)
                }
            }
            // And goes on.
            try await fixture.commit("six.txt", "6")
            try await fixture.backUp()
            #expect(try await fixture.manifest().bundles.count == 6)
            #expect(try await fixture.restore(.folder(fixture.folder.path("last"))).differences.isEmpty)
        }
    }

    @Test("begins anew when history was rewritten, and then holds nothing that is not reachable any more")
    func rewritten() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize()
            try await fixture.commit("a.txt", "a")
            try await fixture.commit("purged.txt", "do not keep this")
            let blob = try await fixture.git("rev-parse", "HEAD:purged.txt")
            let first = try await fixture.backUp().restorePoint.id
            let old = try await fixture.refs("app")
            try await fixture.git("reset", "--quiet", "--hard", "HEAD~1")
            try await fixture.commit("b.txt", "b")
            let report = try await fixture.backUp()
            #expect(report.restorePoint[.code]?.checkouts?.first?.bundles == 1)
            #expect(try await fixture.restore(.folder(fixture.folder.path("new"))).differences.isEmpty)
            try await fixture.git("cat-file", "-e", blob, at: "new/app", expecting: 1)
            #expect(try await fixture.restore(.folder(fixture.folder.path("old")), first).differences.isEmpty)
            #expect(try await fixture.refs("old/app") == old)
        }
    }

    @Test("needs no bundle for a branch that was made, moved or removed within what is stored")
    func movedBranches() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.backUp()
            try await fixture.git("branch", "older", "HEAD~2")
            try await fixture.git("branch", "--delete", "feature")
            try await fixture.git("tag", "same")
            try await fixture.backUp()
            #expect(try await fixture.manifest().bundles.count == 1)
            #expect(try await fixture.restore(.folder(fixture.folder.path("out"))).differences.isEmpty)
            #expect(try await fixture.refs("out/app") == fixture.refs("app"))
            // A tag of its own is an object of its own.
            try await fixture.git("tag", "-a", "-m", "late", "late", "HEAD~1")
            try await fixture.backUp()
            #expect(try await fixture.manifest().bundles.count == 2)
            #expect(try await fixture.restore(.folder(fixture.folder.path("out2"))).differences.isEmpty)
            #expect(try await fixture.refs("out2/app") == fixture.refs("app"))
        }
    }

    @Test("begins anew when it has become as long as is allowed")
    func longest() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.initialize()
            for round in 1...(BundleChain.maximumLength + 1) {
                try await fixture.commit("a.txt", "\(round)")
                try await fixture.backUp()
                let expected = round <= BundleChain.maximumLength ? round : 1
                #expect(try await fixture.manifest().bundles.count == expected)
            }
            #expect(try await fixture.restore(.folder(fixture.folder.path("out"))).differences.isEmpty)
        }
    }

    @Test("begins anew when a bundle was lost in the repository")
    func lostBundle() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            let first = try await fixture.backUp().restorePoint.id
            let (point, repository) = try await fixture.find(first)
            let node = try await repository.node(at: "code/app/bundles/1.bundle", in: point.tree(of: .code))
            let blob = try #require(node?.content?.first)
            let pack = try #require(repository.location(of: blob, .data)).pack
            try await fixture.forget([first])
            #expect(try await fixture.open().loadIndex().location(of: blob, .data)?.pack != pack)
            try await fixture.commit("b.txt", "b")
            try await fixture.backUp()
            #expect(try await fixture.manifest().bundles.count == 1)
            #expect(try await fixture.restore(.folder(fixture.folder.path("out"))).differences.isEmpty)
        }
    }
}
