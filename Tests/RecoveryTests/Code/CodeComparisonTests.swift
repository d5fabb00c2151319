import Foundation
import TestSupport
import Testing

@testable import Recovery

@Suite("A live checkout beside a restore point", .timeLimit(.minutes(5)))
struct CodeComparisonTests {
    @Test("is told apart by what became of it")
    func states() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("remote", "add", "origin", "https://example.invalid/app.git")
            try fixture.write("u", to: "untracked.txt")
            try await fixture.backUp()
            #expect(try await fixture.compare().state == .same)

            try await fixture.git("checkout", "--quiet", "-b", "tmp")
            #expect(try await fixture.compare().detail.contains("refs/heads/tmp is checked out"))
            try await fixture.git("checkout", "--quiet", "main")

            try await fixture.git("reset", "--quiet", "--hard", "HEAD~2")
            let behind = try await fixture.compare()
            #expect(behind.state == .smaller && behind.missing == 3 && behind.extra == 0, "\(behind)")
            try await fixture.git("reset", "--quiet", "--hard", "tmp")
            try await fixture.commit("more.txt", "more")
            let ahead = try await fixture.compare()
            #expect(ahead.detail.contains("0 commits behind and 1 ahead"), "\(ahead)")
            try await fixture.git("reset", "--quiet", "--hard", "tmp")
            try fixture.write("u", to: "untracked.txt")
            #expect(try await fixture.compare().state == .same)

            try fixture.write("changed", to: "renamed.txt")
            let dirty = try await fixture.compare()
            #expect(dirty.state == .different && dirty.different == 1, "\(dirty)")
            try await fixture.git("checkout", "--quiet", "--", "renamed.txt")
            try fixture.write("other", to: "untracked.txt")
            #expect(try await fixture.compare().detail.contains("1 of 1 untracked files"))
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/untracked.txt"))
            #expect(try await fixture.compare().missing == 1)
            try fixture.write("u", to: "untracked.txt")
            try await fixture.git("remote", "set-url", "origin", "https://example.invalid/elsewhere.git")
            #expect(try await fixture.compare().detail == "its remotes are others")
            try await fixture.git("tag", "--delete", "light")
            #expect(try await fixture.compare().detail.contains("1 of"))

            try FileManager.default.removeItem(atPath: fixture.folder.path("app/.git/HEAD"))
            #expect(try await fixture.compare().state == .unreadable)
            try FileManager.default.removeItem(atPath: fixture.folder.path("app"))
            #expect(try await fixture.compare().state == .missing)
            try await fixture.initialize()
            try await fixture.commit("x", "x")
            #expect(try await fixture.compare().detail.contains("does not have"))
        }
    }
}

@Suite("A 'code.json'")
struct CodeManifestTests {
    @Test(
        "is refused when it would have git do something else",
        arguments: [
            (#""commit":"#, #""commit":"--upload-pack=x","x":"#),
            (#""refs/heads/main":"#, #""refs/heads/../../config":"#),
            (#""refs/heads/main":"#, #""--force":"#), (#""format":1"#, #""format":2"#),
            (#""settings":[]"#, #""settings":["core.fsmonitor=x"]"#),
            (#""objectFormat":"sha1""#, #""objectFormat":"md5""#), (#""number":1"#, #""number":2"#),
            (#""name":"origin""#, #""name":"-x""#),
        ]
    )
    func refused(old: String, new: String) throws {
        let id = String(repeating: "a", count: 40)
        let manifest = CodeManifest(
            format: 1,
            name: "app",
            path: "/app",
            isBare: false,
            objectFormat: "sha1",
            commit: id,
            branch: "refs/heads/main",
            describe: nil,
            commits: 1,
            refs: ["refs/heads/main": id],
            shallow: [],
            remotes: [.init(name: "origin", urls: ["u"], pushURLs: [], fetch: [])],
            upstreams: [],
            submodules: [],
            stashes: 0,
            dirty: nil,
            bundles: [.init(number: 1, bytes: 1, tips: [id])],
            bundleMissing: nil,
            settings: [],
            gitVersion: "2"
        )
        let bytes = try manifest.encode()
        #expect(try CodeManifest(reading: bytes, of: "app") == manifest)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains(old))
        let error = #expect(throws: RecoveryError.self) {
            try CodeManifest(reading: Array(text.replacing(old, with: new).utf8), of: "app")
        }
        #expect(error?.code == .damagedRestorePoint)
    }
}
