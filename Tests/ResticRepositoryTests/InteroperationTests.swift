import Foundation
import LocalStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("With the restic program", .enabled(if: Restic.isInstalled, "restic is not installed"))
struct InteroperationTests {
    @Test("restic checks, lists and restores what we wrote, byte for byte and attribute for attribute")
    func resticReadsOurs() async throws {
        try await TemporaryDirectory.with { folder in
            let (source, repo, target) = (folder.path("source"), folder.path("repo"), folder.path("target"))
            try await makeOddTree(at: source)
            let repository = try await makeRepository(at: repo).loadIndex()
            let (snapshot, report, _) = try await backUp(source, into: repository)
            #expect(report.skipped.isEmpty, "\(report.skipped)")
            let restic = try Restic(repo)
            try await restic.check()
            let listing = try await restic.run("snapshots", "--json")
            #expect(listing.text.contains(snapshot.id.hex))
            #expect(try await restic.run("ls", snapshot.id.hex).text.contains("/plain/deep/random.bin"))
            let dumped = try await restic.run("dump", snapshot.id.hex, "/plain/deep/random.bin")
            #expect(dumped.output == [UInt8](try Data(contentsOf: URL(filePath: source + "/plain/deep/random.bin"))))
            // restic 0.14 cannot represent a link target that is not UTF-8; newer ones read the raw bytes we store.
            try FileManager.default.removeItem(atPath: source + "/oddlink")
            try await restic.run("restore", snapshot.id.hex, "--target", target, "--exclude", "oddlink")
            #expect(try await fingerprint(target) == (try await fingerprint(source)))
        }
    }

    @Test("a tree has the id that restic gives it, so that neither stores it again")
    func equalTreesHaveEqualIDs() async throws {
        try await TemporaryDirectory.with { folder in
            let (source, repo) = (folder.path("source"), folder.path("repo"))
            try await makeOddTree(at: source)
            try FileManager.default.removeItem(atPath: source + "/oddlink")
            let restic = try Restic(repo)
            try await restic.run("init")
            try await restic.run("backup", source)
            let repository = try await openRepository(at: repo)
            let theirs = try #require(try await repository.repository.snapshots().first)
            // restic stores the absolute path as nested folders: the tree of the source itself is at its end.
            let node = try #require(try await repository.node(at: source, in: theirs.record.tree))
            let (ours, report, _) = try await backUp(source, into: repository, parent: node.subtree)
            #expect(report.newFiles == 0 && report.changedFiles == 0, "\(report)")
            #expect(ours.record.tree == node.subtree)
        }
    }

    @Test("we open, list and restore what restic wrote", arguments: ["1", "2"], ["off", "auto", "max"])
    func weReadRestics(version: String, compression: String) async throws {
        if version == "1", compression == "max" { return }
        try await TemporaryDirectory.with { folder in
            let (source, repo, target) = (folder.path("source"), folder.path("repo"), folder.path("target"))
            try await makeOddTree(at: source)
            try FileManager.default.removeItem(atPath: source + "/oddlink")
            let restic = try Restic(repo)
            try await restic.run("init", "--repository-version", version)
            try await restic.run("backup", "--compression", compression, source)
            let repository = try await openRepository(at: repo)
            let snapshot = try #require(try await repository.repository.snapshots().first)
            let node = try #require(try await repository.node(at: source, in: snapshot.record.tree))
            let report = try await DirectoryRestorer(target: RawPath(target)).restore(
                try #require(node.subtree),
                from: repository
            )
            #expect(report.warnings.isEmpty, "\(report.warnings)")
            #expect(try await fingerprint(target) == (try await fingerprint(source)))
            let verified = try await TreeVerifier(depth: .content).verify(snapshot.record.tree, in: repository)
            #expect(
                verified.problems.isEmpty && verified.blobsRead == verified.blobs && verified.blobs > 0,
                "\(verified)"
            )
        }
    }

    @Test("both programs write into one repository and accept all of it", arguments: ["1", "2"])
    func mixed(version: String) async throws {
        try await TemporaryDirectory.with { folder in
            let (source, repo) = (folder.path("source"), folder.path("repo"))
            try await makeOddTree(at: source)
            let restic = try Restic(repo)
            try await restic.run("init", "--repository-version", version)
            for round in 0..<2 {
                try Data("round \(round)".utf8).write(to: URL(filePath: source + "/plain/deep/new-\(round)"))
                try await backUp(source, into: try await openRepository(at: repo))
                try await restic.run("backup", source)
            }
            try await restic.check()
            let repository = try await openRepository(at: repo)
            let snapshots = try await repository.repository.snapshots()
            #expect(snapshots.count == 4)
            for snapshot in snapshots {
                let report = try await TreeVerifier(depth: .content).verify(snapshot.record.tree, in: repository)
                #expect(report.problems.isEmpty, "\(report.problems)")
            }
        }
    }

    @Test("any of several keys opens a repository, and no other password")
    func severalKeys() async throws {
        try await TemporaryDirectory.with { folder in
            let repo = folder.path("repo")
            let restic = try Restic(repo)
            try await restic.run("init")
            let passwordFile = folder.path("second")
            try Data("second password".utf8).write(to: URL(filePath: passwordFile))
            try await restic.run("key", "add", "--new-password-file", passwordFile)
            let store = LocalStore(path: repo)
            let one = try await Repository.open(in: store, password: password)
            let other = try await Repository.open(in: store, password: Array("second password".utf8))
            #expect(one.id == other.id && one.keyID != other.keyID)
            let error = await #expect(throws: RepositoryError.self) {
                _ = try await Repository.open(in: store, password: Array("third".utf8))
            }
            #expect(error?.code == .wrongPassword)
        }
    }

    @Test("restic takes our locks for its own, and we restic's")
    func locks() async throws {
        try await TemporaryDirectory.with { folder in
            let repo = folder.path("repo")
            let repository = try await makeRepository(at: repo)
            let restic = try Restic(repo)
            try await repository.withLock(.shared) {
                #expect(try await restic.run("list", "locks").text.split(separator: "\n").count >= 1)
                // An exclusive operation of restic is refused while we hold ours.
                try await restic.run("prune", expecting: 1)
            }
            try await restic.run("prune")
            #expect(try await repository.list(.lock).isEmpty)
        }
    }
}
