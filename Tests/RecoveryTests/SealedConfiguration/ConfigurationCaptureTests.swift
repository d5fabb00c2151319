import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import Sealing
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A backup of sealed configuration", .timeLimit(.minutes(5)))
struct ConfigurationCaptureTests {
    @Test("takes what the patterns choose, and whoever has the password sees sizes and key names, never a value")
    func capture() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try fixture.write("not chosen", to: "app/.envrc")
            try fixture.write("not chosen either", to: "app/config/deep/x.yaml")
            let report = try await fixture.backUp(try fixture.set())
            #expect(report.configuration.new == 4 && report.warnings.isEmpty && !report.isPartial)
            let summary = try #require(report.restorePoint[.configuration]?.sets?.first)
            #expect(summary.files == 4 && summary.format == .age)
            #expect(summary.recipients == ["\(try fixture.identity.recipient)"])

            let index = try await fixture.index()
            #expect(
                index.files.map(\.path) == [".env.production", "certs/app.pem", "config/app.json", "config/app.yaml"]
            )
            #expect(index.files.map(\.mode) == [0o600, 0o400, 0o644, 0o640])
            #expect(index.files[0].keys.map(\.name) == ["DB_PASSWORD", "LOG_LEVEL"])
            #expect(index.files[2].keys.map(\.name) == ["api.key", "port"])
            #expect(index.files[3].keys.map(\.name) == ["db.host", "db.password"])
            let blobs = try await fixture.blobs()
            #expect(blobs.count > 6)
            for secret in SealedFixture.secrets + ["info", "localhost"] {
                #expect(!blobs.contains { $0.contains(Array(secret.utf8)) }, "\(secret) is in the repository")
            }
            #expect(blobs.contains { $0.contains(Array("DB_PASSWORD".utf8)) }, "the search finds what is there")
            let verification = try await VerificationRun(try await fixture.open()).verify(
                try await fixture.point(),
                depth: .content
            )
            #expect(verification.isIntact, "\(verification.parts)")
        }
    }

    @Test("stores nothing again while content and recipients are the same, also when times and permissions change")
    func unchanged() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            let first = try await fixture.sealed(".env.production")
            let second = try await fixture.backUp(try fixture.set())
            #expect(second.configuration.unmodified == 4)
            #expect(second.written.newDataBlobs == 1 && second.written.newTreeBlobs == 2, "the manifest and its trees")
            try fixture.write(
                "DB_PASSWORD=\(SealedFixture.secrets[0])\nLOG_LEVEL=info\n",
                to: "app/.env.production",
                mode: 0o640
            )
            let third = try await fixture.backUp(try fixture.set())
            #expect(third.configuration.unmodified == 4)
            #expect(try await fixture.sealed(".env.production") == first)
            #expect(try await fixture.index().files[0].mode == 0o640)
        }
    }

    @Test("seals anew exactly the file in which one value changed")
    func change() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            let yaml = try await fixture.sealed("config/app.yaml")
            let old = try await fixture.point()
            try fixture.write("DB_PASSWORD=another\nLOG_LEVEL=info\nNEW=1\n", to: "app/.env.production")
            let report = try await fixture.backUp(try fixture.set())
            #expect(report.configuration.changed == 1 && report.configuration.unmodified == 3)
            #expect(try await fixture.sealed("config/app.yaml") == yaml)
            let run = ComparisonRun(try await fixture.open())
            let comparison = try await run.compareConfiguration(old, try await fixture.point())
            #expect(comparison.sets.isEmpty && comparison.files.count == 1)
            let change = try #require(comparison.files.first)
            #expect(change.path == ".env.production" && change.changedKeys == ["DB_PASSWORD"])
            #expect(change.addedKeys == ["NEW"] && change.removedKeys.isEmpty && !change.hasOtherChanges)
            #expect(change.detail == "DB_PASSWORD changed; NEW added")
        }
    }

    @Test("seals everything anew to other recipients, and each of several opens it alone")
    func recipients() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            let old = try await fixture.point()
            let others = [AgeIdentity(), AgeIdentity()]
            let keys = try others.map { try $0.recipient }
            let report = try await fixture.backUp(try fixture.set(recipients: .age(keys)))
            #expect(report.configuration.changed == 4 && report.configuration.unmodified == 0)
            // In another order they are the same.
            let again = try await fixture.backUp(try fixture.set(recipients: .age(keys.reversed())))
            #expect(again.configuration.unmodified == 4)
            let sealed = try await fixture.sealed("certs/app.pem")
            for identity in others {
                var unsealer = AgeUnsealer(with: AgeIdentities(keys: [identity]))
                var plain = try unsealer.open(ByteBuffer(bytes: sealed))
                plain.writeImmutableBuffer(try unsealer.finish())
                #expect(String(buffer: plain).contains(SealedFixture.secrets[3]))
            }
            let comparison = try await ComparisonRun(try await fixture.open()).compareConfiguration(
                old,
                try await fixture.point()
            )
            #expect(comparison.files.isEmpty, "the content is the same: \(comparison)")
            #expect(comparison.sets.map(\.newRecipients) == [keys.map(\.description).sorted()])
        }
    }

    @Test("with a passphrase is taken over while it is the same, and sealed anew when it is another")
    func passphrase() async throws {
        try await SealedFixture.with { fixture in
            try fixture.write("A=\(SealedFixture.secrets[0])\n", to: "app/.env.production")
            try fixture.write("first phrase\n", to: "kit")
            let reference = SecretReference.file(path: fixture.folder.path("kit"))
            let set = try fixture.set(files: [".env.*"], recipients: .passphrase(reference))
            try await fixture.backUp(set)
            #expect(try await fixture.backUp(set).configuration.unmodified == 1)
            try fixture.write("second phrase\n", to: "kit")
            #expect(try await fixture.backUp(set).configuration.changed == 1)
            let identities = ConfigurationIdentities(sets: [set])
            let outcome = try await fixture.restore(to: .folder(fixture.folder.path("out")), identities: identities)
            #expect(outcome.map(\.restoredFiles) == [1] && outcome[0].differences.isEmpty)
            // Somebody who types it, where the configuration is lost too.
            let asked = ConfigurationIdentities(ask: { _ in Array("second phrase".utf8) })
            let typed = try await fixture.restore(to: .folder(fixture.folder.path("typed")), identities: asked)
            #expect(typed.map(\.restoredFiles) == [1])
            let wrong = ConfigurationIdentities(ask: { _ in Array("first phrase".utf8) })
            let code = await recoveryCode {
                _ = try await fixture.restore(to: .folder(fixture.folder.path("wrong")), identities: wrong)
            }
            #expect(code == .cannotOpen)
            #expect(!FileManager.default.fileExists(atPath: fixture.folder.path("wrong")))
        }
    }

    @Test("reports links, pipes and patterns that find nothing, and leaves the repository out")
    func skipped() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try FileManager.default.createSymbolicLink(
                atPath: fixture.folder.path("app/certs/link.pem"),
                withDestinationPath: "app.pem"
            )
            try FileManager.default.createSymbolicLink(
                atPath: fixture.folder.path("app/elsewhere"),
                withDestinationPath: "config"
            )
            #expect(mkfifo(fixture.folder.path("app/certs/pipe.pem"), 0o600) == 0)
            let set = try fixture.set(files: SealedFixture.patterns + ["elsewhere/*.yaml", "gone.toml"])
            let report = try await fixture.backUp(set)
            #expect(report.isPartial)
            let skipped = report.restorePoint.skipped
            #expect(skipped.map(\.path) == ["certs/link.pem", "certs/pipe.pem", "elsewhere"])
            #expect(skipped.allSatisfy { $0.kind == .unsupported })
            // The link to a folder stands for what the pattern means; the other pattern finds nothing at all.
            #expect(report.warnings.contains { $0.contains("'gone.toml'") }, "\(report.warnings)")
        }
    }

    @Test("reports a file that this user may not read", .enabled(if: geteuid() != 0, "root reads everything"))
    func unreadable() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try fixture.write("A=b\n", to: "app/.env.locked", mode: 0)
            let report = try await fixture.backUp(try fixture.set())
            #expect(report.restorePoint.skipped.map(\.kind) == [.unreadable])
            #expect(report.restorePoint.skipped.map(\.path) == [".env.locked"])
        }
    }

    @Test("is refused when nothing is left of a set that had files; an empty first one is a warning")
    func emptied() async throws {
        try await SealedFixture.with { fixture in
            try fixture.write("x", to: "app/other")
            let first = try await fixture.backUp(try fixture.set())
            #expect(first.warnings.count == SealedFixture.patterns.count)
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            for path in ["app/.env.production", "app/certs", "app/config"] {
                try FileManager.default.removeItem(atPath: fixture.folder.path(path))
            }
            #expect(await recoveryCode { try await fixture.backUp(try fixture.set()) } == .emptySource)
            try FileManager.default.removeItem(atPath: fixture.app)
            await #expect(throws: RepositoryError.self) { try await fixture.backUp(try fixture.set()) }
        }
    }

    @Test("takes long files by pieces, and those of no bytes", arguments: [0, 1, 1 << 20, 1 << 20 + 1, 5_000_000])
    func sizes(size: Int) async throws {
        try await SealedFixture.with { fixture in
            var generator = SeededGenerator(seed: UInt64(size))
            let content = generator.bytes(size)
            try fixture.write(content, to: "app/certs/store.pem")
            try await fixture.backUp(try fixture.set())
            #expect(try await fixture.backUp(try fixture.set()).configuration.unmodified == 1)
            let identities = ConfigurationIdentities(files: [try fixture.identityFile()])
            try FileManager.default.removeItem(atPath: fixture.app)
            let outcome = try await fixture.restore(identities: identities)
            #expect(outcome[0].differences.isEmpty && outcome[0].restoredBytes == Int64(size))
            #expect(try Array(Data(contentsOf: URL(filePath: fixture.folder.path("app/certs/store.pem")))) == content)
        }
    }

    @Test("seals anew what a damaged restore point holds")
    func damaged() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            let repository = try await fixture.open()
            let stored = try await StoredConfiguration(try await fixture.point(), in: repository)
            let tree = try stored.point.tree(of: .configuration)
            let node = try #require(try await repository.node(at: DigestKey.path, in: tree))
            let blob = try #require(node.content?.first)
            let location = try #require(repository.index.location(of: blob, .data))
            let key = FileKind.pack.key(location.pack)
            var body = try #require(fixture.store.contents[key])
            let place = body.readerIndex + Int(location.offset) + 20
            body.setInteger((body.getInteger(at: place, as: UInt8.self) ?? 0) ^ 1, at: place)
            fixture.store.replace(body, at: key)
            let report = try await fixture.backUp(try fixture.set())
            #expect(report.configuration.new == 4, "nothing can be compared with: \(report.configuration)")
            let identities = ConfigurationIdentities(files: [try fixture.identityFile()])
            let outcome = try await fixture.restore(to: .folder(fixture.folder.path("out")), identities: identities)
            #expect(outcome[0].restoredFiles == 4 && outcome[0].differences.isEmpty)
        }
    }

    @Test("names a file beside a folder of its sealed name so that both fit")
    func names() async throws {
        try await SealedFixture.with { fixture in
            try fixture.write("one", to: "app/certs")
            try fixture.write("two", to: "app/certs.age/inner")
            try await fixture.backUp(try fixture.set(files: ["**"]))
            #expect(
                try await fixture.index().files.map(\.sealed) == ["files/certs.age.age", "files/certs.age/inner.age"]
            )
            let identities = ConfigurationIdentities(files: [try fixture.identityFile()])
            let outcome = try await fixture.restore(to: .folder(fixture.folder.path("out")), identities: identities)
            #expect(outcome[0].differences.isEmpty)
            #expect(try fixture.read("out/configuration/app/certs") == "one")
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first, count >= part.count else { return false }
        return indices.dropLast(part.count - 1).contains { self[$0] == first && self[$0...].starts(with: part) }
    }
}
