import Foundation
import NIOCore
import ResticFormat
import Sealing
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A restore of sealed configuration", .timeLimit(.minutes(5)))
struct ConfigurationRestoreTests {
    /// Two sets of files, backed up; the live ones still there.
    private func withBackup(_ body: (SealedFixture, ConfigurationIdentities) async throws -> Void) async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            try await body(fixture, ConfigurationIdentities(files: [try fixture.identityFile()]))
        }
    }

    @Test("brings content, permissions and times back, folders too, and changes nothing when run again")
    func roundTrip() async throws {
        try await withBackup { fixture, identities in
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o711],
                ofItemAtPath: fixture.folder.path("app/certs")
            )
            try await fixture.backUp(try fixture.set())
            let before = try files(in: fixture)
            try FileManager.default.removeItem(atPath: fixture.app)
            let first = try await fixture.restore(identities: identities)
            #expect(first[0].restoredFiles == 4 && first[0].differences.isEmpty && first[0].warnings.isEmpty)
            #expect(try files(in: fixture) == before)
            #expect(try fixture.mode("app/certs") == 0o711)
            // Done: needs no identity any more.
            let second = try await fixture.restore(identities: ConfigurationIdentities())
            #expect(second[0].restoredFiles == 0 && second[0].unchangedFiles == 4)
            #expect(try files(in: fixture) == before)
        }
    }

    /// Everything about the files but their change times.
    private func files(in fixture: SealedFixture) throws -> [String: String] {
        var found: [String: String] = [:]
        for path in try FileManager.default.subpathsOfDirectory(atPath: fixture.app) {
            let place = "app/\(path)"
            let attributes = try FileManager.default.attributesOfItem(atPath: fixture.folder.path(place))
            guard attributes[.type] as? FileAttributeType == .typeRegular else { continue }
            let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            found[path] = "\(String(try fixture.mode(place), radix: 8)) \(time) \(try fixture.read(place))"
        }
        return found
    }

    @Test("without an identity, or with another's, says to whom it is sealed and writes nothing")
    func identities() async throws {
        try await withBackup { fixture, _ in
            let stranger = ConfigurationIdentities(files: [try fixture.identityFile(AgeIdentity(), named: "other.txt")])
            for identities in [ConfigurationIdentities(), stranger] {
                let error = await #expect(throws: RecoveryError.self) {
                    _ = try await fixture.restore(to: .folder(fixture.folder.path("out")), identities: identities)
                }
                #expect(error?.code == .cannotOpen)
                #expect(
                    error?.message.contains("\(try fixture.identity.recipient)") == true,
                    "\(String(describing: error))"
                )
                #expect(error?.hint?.contains("--identity") == true)
                #expect(!FileManager.default.fileExists(atPath: fixture.folder.path("out")))
            }
            try fixture.write("no identity in here", to: "broken.txt")
            let broken = ConfigurationIdentities(files: [fixture.folder.path("broken.txt")])
            let code = await recoveryCode {
                _ = try await fixture.restore(to: .folder(fixture.folder.path("out")), identities: broken)
            }
            #expect(code == .cannotOpen)
        }
    }

    @Test("finds the identity that the configuration names")
    func configuredIdentity() async throws {
        try await withBackup { fixture, _ in
            var set = try fixture.set()
            set.identity = .file(path: fixture.folder.path("key.txt"))
            let identities = ConfigurationIdentities(sets: [set])
            let outcome = try await fixture.restore(to: .folder(fixture.folder.path("out")), identities: identities)
            #expect(outcome[0].restoredFiles == 4)
        }
    }

    @Test("leaves what differs alone unless it is told to replace it, and then replaces only that")
    func existing() async throws {
        try await withBackup { fixture, identities in
            try fixture.write("DB_PASSWORD=changed by hand\n", to: "app/.env.production")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o666],
                ofItemAtPath: fixture.folder.path("app/config/app.yaml")
            )
            try fixture.write("mine", to: "app/config/mine.yaml")
            let error = await #expect(throws: RecoveryError.self) {
                _ = try await fixture.restore(identities: identities)
            }
            #expect(error?.code == .targetNotEmpty)
            #expect(error?.message.contains(".env.production, config/app.yaml") == true, "\(String(describing: error))")
            #expect(try fixture.read("app/.env.production").contains("by hand"))
            let outcome = try await fixture.restore(to: .inPlace, identities: identities)
            #expect(outcome[0].restoredFiles == 1 && outcome[0].unchangedFiles == 3 && outcome[0].differences.isEmpty)
            #expect(try fixture.mode("app/config/app.yaml") == 0o640, "a looser mode is mended")
            #expect(try fixture.read("app/config/mine.yaml") == "mine")
            #expect(try fixture.read("app/.env.production").contains(SealedFixture.secrets[0]))
        }
    }

    @Test("replaces a link by the file, not what the link points to, and refuses folders that are links")
    func links() async throws {
        try await withBackup { fixture, identities in
            try fixture.write("outside", to: "outside.txt")
            let file = fixture.folder.path("app/.env.production")
            try FileManager.default.removeItem(atPath: file)
            try FileManager.default.createSymbolicLink(
                atPath: file,
                withDestinationPath: fixture.folder.path("outside.txt")
            )
            let outcome = try await fixture.restore(to: .inPlace, identities: identities)
            #expect(outcome[0].restoredFiles == 1 && outcome[0].differences.isEmpty)
            #expect(try fixture.read("outside.txt") == "outside" && fixture.mode("app/.env.production") == 0o600)

            try FileManager.default.moveItem(
                atPath: fixture.folder.path("app/certs"),
                toPath: fixture.folder.path("certs-elsewhere")
            )
            try FileManager.default.createSymbolicLink(
                atPath: fixture.folder.path("app/certs"),
                withDestinationPath: fixture.folder.path("certs-elsewhere")
            )
            let code = await recoveryCode { _ = try await fixture.restore(to: .inPlace, identities: identities) }
            #expect(code == .refused)
        }
    }

    @Test("that was interrupted goes on, and removes what it left behind; nothing of it was readable for others")
    func interrupted() async throws {
        try await withBackup { fixture, identities in
            // As if killed with one file done and another one written beside its place.
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/config"))
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/certs/app.pem"))
            let leftover = SecretFile.temporaryPath(for: fixture.folder.path("app/certs/app.pem"))
            try Data("-----BEG".utf8).write(to: URL(filePath: leftover))
            let outcome = try await fixture.restore(identities: identities)
            #expect(outcome[0].restoredFiles == 3 && outcome[0].unchangedFiles == 1 && outcome[0].differences.isEmpty)
            let all = try FileManager.default.subpathsOfDirectory(atPath: fixture.app)
            #expect(!all.contains { $0.contains(".holdfast-") }, "\(all)")
        }
    }

    @Test("that fails while a file is written leaves no part of it in any folder")
    func failed() async throws {
        try await withBackup { fixture, identities in
            try fixture.write([UInt8](repeating: 65, count: 3_000_000), to: "app/certs/long.pem")
            try await fixture.backUp(try fixture.set())
            let repository = try await fixture.open()
            let stored = try await StoredConfiguration(try await fixture.point(), in: repository)
            let index = try await stored.index(of: "app")
            let file = try #require(index.files.first { $0.path == "certs/long.pem" })
            let blobs = try #require(try await stored.node(of: file, in: index)?.content)
            try #require(blobs.count > 1, "damage is to be met in the middle")
            let last = try #require(blobs.last)
            let location = try #require(repository.index.location(of: last, .data))
            let key = FileKind.pack.key(location.pack)
            var body = try #require(fixture.store.contents[key])
            let place = body.readerIndex + Int(location.offset) + 60
            body.setInteger((body.getInteger(at: place, as: UInt8.self) ?? 0) ^ 1, at: place)
            fixture.store.replace(body, at: key)
            try FileManager.default.removeItem(atPath: fixture.app)
            await #expect(throws: RepositoryError.self) { _ = try await fixture.restore(identities: identities) }
            let all = try FileManager.default.subpathsOfDirectory(atPath: fixture.app)
            #expect(!all.contains { $0.hasSuffix("long.pem") || $0.contains(".holdfast-") }, "\(all)")
            #expect(all.contains("certs/app.pem"), "what came before stays: \(all)")
        }
    }

    @Test(
        "a secret file is its owner's alone from its first byte on, whatever the umask, and has no name before it is whole"
    )
    func secretFile() async throws {
        try await TemporaryDirectory.with { folder in
            var file = SealedIndexTests.file("x")
            file.mode = 0o640
            (file.uid, file.gid) = (geteuid(), getegid())
            let path = folder.path("x")
            let old = umask(0)
            defer { umask(old) }
            do {
                let secret = try SecretFile(for: path)
                try secret.append(.init(string: "secret"))
                for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                    let mode = try FileManager.default.attributesOfItem(atPath: folder.path(name))[.posixPermissions]
                    #expect(mode as? Int == 0o600, "\(name)")
                }
                #expect(!FileManager.default.fileExists(atPath: path))
                // Given up: nothing stays.
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            let secret = try SecretFile(for: path)
            try secret.append(.init(string: "secret"))
            #expect(try secret.apply(file).isEmpty)
            try secret.publish(replaces: false)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
            let second = try SecretFile(for: path)
            #expect(throws: (any Error).self) { try second.publish(replaces: false) }
            try second.publish(replaces: true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["x"])
        }
    }

    @Test("chooses sets by name, and names those that are there")
    func sets() async throws {
        try await withBackup { fixture, identities in
            let restore = ConfigurationRestore(
                try await fixture.point(),
                from: try await fixture.open(),
                to: .folder("/x"),
                identities: identities
            )
            #expect(try restore.plan(["app"]).map(\.target) == ["/x/configuration/app"])
            let error = #expect(throws: RecoveryError.self) { try restore.plan(["other"]) }
            #expect(error?.code == .notInRestorePoint && error?.hint?.contains("app") == true)
        }
    }
}

@Suite("Live configuration compared with a restore point", .timeLimit(.minutes(5)))
struct ConfigurationComparisonTests {
    @Test("tells files that are missing, changed, new or readable for more, with names of keys and no values")
    func findings() async throws {
        try await SealedFixture.with { fixture in
            try fixture.writeFiles()
            try await fixture.backUp(try fixture.set())
            func compare() async throws -> [String: LiveFinding] {
                let run = ConfigurationComparison(try await fixture.point(), from: try await fixture.open())
                let findings = try await run.run()
                return Dictionary(uniqueKeysWithValues: findings.map { ($0.name, $0) })
            }
            let same = try await compare()
            #expect(same.count == 4 && same.values.allSatisfy { $0.state == .same && $0.component == .configuration })

            try fixture.write("DB_PASSWORD=new-Secret-2185\nADDED=1\n", to: "app/.env.production")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644],
                ofItemAtPath: fixture.folder.path("app/config/app.yaml")
            )
            try FileManager.default.removeItem(atPath: fixture.folder.path("app/certs/app.pem"))
            try fixture.write(
                "{ \"port\": 80, \"api\": {\"key\": \"\(SealedFixture.secrets[2])\"}}",
                to: "app/config/app.json",
                mode: 0o644
            )
            try fixture.write("x: 1", to: "app/config/new.yaml")
            let found = try await compare()
            #expect(found["app/.env.production"]?.detail == "DB_PASSWORD changed; ADDED added; LOG_LEVEL removed")
            #expect(found["app/.env.production"]?.different == 1 && found["app/.env.production"]?.missing == 1)
            #expect(found["app/config/app.yaml"]?.detail == "permissions 0640 → 0644")
            #expect(found["app/certs/app.pem"]?.state == .missing)
            #expect(found["app/config/app.json"]?.detail == "the content changed", "only its notation")
            #expect(found["app/config/new.yaml"]?.state == .larger)
            for secret in SealedFixture.secrets + ["new-Secret-2185"] {
                #expect(!found.values.contains { "\($0)".contains(secret) })
            }
            try FileManager.default.removeItem(atPath: fixture.app)
            #expect(try await compare().values.allSatisfy { $0.state == .missing })
        }
    }
}
