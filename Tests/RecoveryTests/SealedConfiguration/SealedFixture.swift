import Foundation
import Logging
import NIOCore
import ResticCrypto
import ResticFormat
import Sealing
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

/// A repository in memory, a folder with settings and secrets, and a key to seal them to.
struct SealedFixture: Sendable {
    static let password = Array("a password".utf8)
    /// Values that may be found in no place but sealed ones.
    static let secrets = ["first-Secret-7741", "yaml-Secret-8852", "json-Secret-9963", "pem-Secret-line-1074"]

    let folder: TemporaryDirectory
    let store: MemoryStore
    let identity: AgeIdentity

    static func with(_ body: (SealedFixture) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let store = MemoryStore()
            let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
            _ = try await Repository.create(in: store, password: password, createdAt: .epoch, scrypt: scrypt)
            try await body(SealedFixture(folder: folder, store: store, identity: AgeIdentity()))
        }
    }

    var app: String { folder.path("app") }

    func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    func write(_ bytes: [UInt8], to path: String, mode: Int = 0o600) throws {
        let url = URL(filePath: folder.path(path))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    }

    func read(_ path: String) throws -> String {
        try String(contentsOfFile: folder.path(path), encoding: .utf8)
    }

    func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: folder.path(path))[.posixPermissions] as? Int)
    }

    /// One file of each kind.
    func writeFiles() throws {
        try write("DB_PASSWORD=\(Self.secrets[0])\nLOG_LEVEL=info\n", to: "app/.env.production")
        try write("db:\n  host: localhost\n  password: \(Self.secrets[1])\n", to: "app/config/app.yaml", mode: 0o640)
        try write("{\"api\": {\"key\": \"\(Self.secrets[2])\"}, \"port\": 80}", to: "app/config/app.json", mode: 0o644)
        try write("-----BEGIN KEY-----\n\(Self.secrets[3])\n-----END KEY-----\n", to: "app/certs/app.pem", mode: 0o400)
    }

    static let patterns = [".env.*", "config/*.{yaml,json}", "certs/*.pem"]

    func set(
        _ name: String = "app",
        files: [String] = patterns,
        recipients: HoldfastConfiguration.SealedFiles.Recipients? = nil
    ) throws -> HoldfastConfiguration.SealedFiles {
        .init(
            name,
            path: app,
            selection: PathSelection(include: try files.map { try PathPattern($0) }),
            recipients: try recipients ?? .age([identity.recipient])
        )
    }

    func open() async throws -> IndexedRepository {
        try await Repository.open(in: store, password: Self.password).loadIndex()
    }

    @discardableResult
    func backUp(_ sets: HoldfastConfiguration.SealedFiles...) async throws -> BackupReport {
        let plan = BackupPlan(system: "test", collections: [], folders: [], sealed: sets)
        return try await BackupRun(
            plan,
            into: try await open(),
            client: nil,
            logger: Logger(label: "test"),
            toolVersion: "test"
        ).run()
    }

    func point(_ id: String = "latest") async throws -> RestorePoint {
        try await RestorePointCatalog(try await open()).find(id, system: "test")
    }

    func index(_ set: String = "app", of id: String = "latest") async throws -> SealedIndex {
        try await StoredConfiguration(try await point(id), in: try await open()).index(of: set)
    }

    /// What of a set lies sealed in the newest restore point.
    func sealed(_ path: String, set: String = "app") async throws -> [UInt8] {
        let repository = try await open()
        let stored = try await StoredConfiguration(try await point(), in: repository)
        let index = try await stored.index(of: set)
        let file = try #require(index.files.first { $0.path == path })
        let node = try #require(try await stored.node(of: file, in: index))
        var bytes: [UInt8] = []
        for try await buffer in repository.content(of: node.content ?? []) { bytes += buffer.readableBytesView }
        return bytes
    }

    /// Everything in the repository as whoever has its password reads it.
    func blobs() async throws -> [[UInt8]] {
        let repository = try await open()
        var all: [(BlobType, ResticID)] = []
        repository.index.forEach { type, id, _ in all.append((type, id)) }
        var contents: [[UInt8]] = []
        for (type, id) in all { contents.append(Array(try await repository.load(id, type).readableBytesView)) }
        return contents
    }

    /// A file with the identity in it, as `age-keygen` writes it.
    func identityFile(_ identity: AgeIdentity? = nil, named name: String = "key.txt") throws -> String {
        try write(try AgeKeyFile.exposedText(of: identity ?? self.identity, comment: "test"), to: name)
        return folder.path(name)
    }

    func restore(
        to destination: ConfigurationRestore.Destination = .original,
        identities: ConfigurationIdentities,
        of id: String = "latest"
    ) async throws -> [ConfigurationRestore.Outcome] {
        let restore = ConfigurationRestore(
            try await point(id),
            from: try await open(),
            to: destination,
            identities: identities
        )
        let steps = try restore.plan([])
        try await restore.check(steps)
        return try await restore.run(steps)
    }
}

/// The code of the error that `body` throws.
func recoveryCode(_ body: () async throws -> Void) async -> RecoveryError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? RecoveryError)?.code
    }
}
