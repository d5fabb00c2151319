import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A checkout that is backed up", .timeLimit(.minutes(5)))
struct CodeRoundTripTests {
    @Test("comes back with all branches, tags, merges, remotes and what was not committed, without its remote")
    func roundTrip() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.git("remote", "add", "origin", "https://example.invalid/app.git")
            try await fixture.git("config", "branch.main.remote", "origin")
            try await fixture.git("config", "branch.main.merge", "refs/heads/main")
            var generator = SeededGenerator(seed: 2)
            try fixture.write(generator.bytes(30_000), to: "image.bin")
            try fixture.write(generator.bytes(3000), to: "staged.bin")
            try await fixture.git("add", "staged.bin")
            try await fixture.git("mv", "renamed.txt", "again.txt")
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/b/c.txt"))
            try fixture.write("new\n", to: "drafts/deep/ü.txt")
            try fixture.write("#!/bin/sh\n", to: "tool.sh")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755],
                ofItemAtPath: fixture.folder.path("app/tool.sh")
            )
            let report = try await fixture.backUp()
            let summary = try #require(report.restorePoint[.code]?.checkouts?.first)
            #expect(summary.branch == "main" && summary.changedFiles == 5 && summary.untrackedFiles == 2, "\(summary)")
            #expect(summary.commits == 5 && summary.describe?.hasPrefix("v1.0-1-g") == true, "\(summary)")
            #expect(report.warnings.isEmpty && !report.isPartial, "\(report.warnings)")

            let outcome = try await fixture.restore(.folder(fixture.folder.path("out")))
            #expect(outcome.action == .rebuilt && outcome.differences.isEmpty, "\(outcome.differences)")
            #expect(try await fixture.refs("out/app") == fixture.refs("app"))
            try await fixture.git("fsck", "--strict", at: "out/app")
            #expect(
                try await fixture.git("diff", "--binary", "HEAD", at: "out/app")
                    == fixture.git("diff", "--binary", "HEAD")
            )
            let listing = ["ls-files", "--others", "--exclude-standard"]
            #expect(
                try await fixture.git(listing[0], listing[1], listing[2], at: "out/app")
                    == fixture.git(listing[0], listing[1], listing[2])
            )
            #expect(try fixture.read("out/app/drafts/deep/ü.txt") == "new\n")
            #expect(FileManager.default.isExecutableFile(atPath: fixture.folder.path("out/app/tool.sh")))
            #expect(
                try await fixture.git("remote", "get-url", "origin", at: "out/app") == "https://example.invalid/app.git"
            )
            #expect(try await fixture.git("rev-parse", "--abbrev-ref", "HEAD", at: "out/app") == "main")
            #expect(try await fixture.git("config", "branch.main.merge", at: "out/app") == "refs/heads/main")
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path("out")) == ["app"])

            let plain = try await fixture.restore(.folder(fixture.folder.path("plain")), appliesChanges: false)
            #expect(plain.differences.isEmpty)
            #expect(try await fixture.git("status", "--porcelain", at: "plain/app").isEmpty)
        }
    }

    @Test("is verified by its counts and every byte")
    func verification() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try fixture.write("x", to: "untracked.txt")
            try fixture.write("y", to: "renamed.txt")
            try await fixture.backUp()
            let (point, repository) = try await fixture.find("latest")
            let verification = try await VerificationRun(repository).verify(point, depth: .content)
            #expect(verification.isIntact, "\(verification.parts)")
        }
    }

    @Test("costs nothing when nothing changed")
    func unchanged() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try fixture.write("x", to: "untracked.txt")
            try fixture.write("y", to: "renamed.txt")
            let first = try await fixture.backUp()
            let second = try await fixture.backUp()
            #expect(first.restorePoint[.code]?.tree == second.restorePoint[.code]?.tree)
            #expect(second.written.newDataBlobs == 1, "the manifest alone: \(second.written)")
        }
    }

    @Test("gives bundles that plain git accepts")
    func plainGit() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            try await fixture.backUp()
            try await fixture.commit("later.txt", "later")
            try await fixture.backUp()
            for number in [1, 2] {
                let bytes = try #require(try await fixture.stored("bundles/\(number).bundle"))
                try fixture.write(bytes, to: "\(number).bundle", at: "plain")
                try await fixture.git("bundle", "verify", fixture.folder.path("plain/\(number).bundle"))
            }
            try await fixture.git("clone", "--quiet", "1.bundle", "clone", at: "plain")
            try await fixture.git("pull", "--quiet", "../2.bundle", "main", at: "plain/clone")
            #expect(
                try await fixture.git("rev-parse", "HEAD", at: "plain/clone") == fixture.git("rev-parse", "HEAD")
            )
        }
    }

    @Test("keeps no credentials of its remotes anywhere")
    func credentials() async throws {
        try await CodeFixture.with { fixture in
            try await fixture.makeHistory()
            let secret = "s3cr3t-token-9f8e7d"
            try await fixture.git("remote", "add", "origin", "https://user:\(secret)@example.invalid/app.git")
            try await fixture.git("remote", "add", "other", "https://\(secret)@example.invalid/other.git")
            try await fixture.git(
                "remote",
                "set-url",
                "--push",
                "origin",
                "https://\(secret)@push.example.invalid/app.git"
            )
            try await fixture.git(
                "config",
                "http.https://example.invalid/.extraheader",
                "Authorization: Basic \(secret)"
            )
            try await fixture.git("config", "branch.main.remote", "https://user:\(secret)@example.invalid/app.git")
            try await fixture.git("config", "branch.main.merge", "refs/heads/main")
            try fixture.write("KEY=\(secret)\n", to: ".env")
            try fixture.write("KEY=\(secret)\n", to: ".env.production")
            try await fixture.git("add", "--force", ".env.production")
            try fixture.write("ignored.txt\n", to: ".gitignore")
            try fixture.write(secret, to: "ignored.txt")
            let report = try await fixture.backUp()
            #expect(report.warnings.count { $0.contains("left out") } == 2, "\(report.warnings)")
            let (point, repository) = try await fixture.find("latest")
            var files: [String] = []
            for snapshot in try await repository.repository.snapshots() {
                try await repository.walk(snapshot.record.tree) { entry in
                    guard let content = entry.node.content else { return true }
                    files.append(entry.path.description)
                    for blob in content {
                        let bytes = Array(try await repository.load(blob, .data).readableBytesView)
                        #expect(!String(decoding: bytes, as: UTF8.self).contains(secret), "\(entry.path)")
                    }
                    return true
                }
            }
            #expect(files.count == 4, "code.json, a bundle, an untracked file, the manifest: \(files)")
            #expect(!"\(point.manifest)".contains(secret))
            #expect(
                try await fixture.manifest().remotes.map(\.urls) == [
                    ["https://example.invalid/app.git"], ["https://example.invalid/other.git"],
                ]
            )
        }
    }
}
