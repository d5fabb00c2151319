import Foundation
import Logging
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

/// A repository with restore points of a folder of documents, and records about them.
struct RecordFixture {
    static let password = Array("a password".utf8)

    /// Stands still until it is told otherwise.
    struct Clock: WallClock {
        var now: GoTime
        func sleep(_ duration: Duration) async throws {}
    }

    let store: MemoryStore
    let folder: TemporaryDirectory

    static func with(_ body: (RecordFixture) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            let store = MemoryStore()
            let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
            _ = try await Repository.create(in: store, password: password, createdAt: .epoch, scrypt: scrypt)
            try Data("a page".utf8).write(to: URL(filePath: folder.path("page.md")))
            try await body(RecordFixture(store: store, folder: folder))
        }
    }

    static func open(_ store: any ObjectStore) async throws -> IndexedRepository {
        try await Repository.open(in: store, password: password).loadIndex()
    }

    static func time(_ text: String) -> GoTime { GoTime(rfc3339: text) ?? .zero }

    static func writer(_ store: any ObjectStore, at time: String = "2026-06-15T12:00:00Z") async throws -> RecordWriter
    {
        RecordWriter(try await open(store), clock: Clock(now: Self.time(time)), toolVersion: "test")
    }

    func backUp() async throws -> RestorePoint {
        let documents = HoldfastConfiguration.Documents(name: "docs", path: folder.path, selection: .everything)
        let plan = BackupPlan(system: "test", collections: [], folders: [documents])
        let repository = try await Self.open(store)
        let run = BackupRun(plan, into: repository, client: nil, logger: Logger(label: "test"), toolVersion: "test")
        return try await point(try await run.run().restorePoint.id)
    }

    func point(_ id: String) async throws -> RestorePoint {
        try await RestorePointCatalog(try await Self.open(store)).find(id, system: nil)
    }

    func proof(
        _ point: RestorePoint,
        _ outcome: Proof.Outcome,
        components: [Component] = [.documents],
        restorePoint: String? = nil
    ) -> Proof {
        Proof(
            restorePoint: restorePoint ?? point.manifest.id,
            kind: .drillDocuments,
            components: components,
            outcome: outcome,
            startedAt: Self.time("2026-06-15T11:00:00Z"),
            finishedAt: Self.time("2026-06-15T11:30:00Z"),
            tool: "test",
            host: "here",
            checks: [.init(name: "documents", outcome: outcome, detail: "39 of 39", seconds: 1.5)]
        )
    }

    func standing(_ point: RestorePoint, in other: (any ObjectStore)? = nil) async throws -> PointStanding {
        try await RecordCatalog(try await Self.open(other ?? store)).standings()[point.manifest.id]
    }

    func records(_ id: String, in other: (any ObjectStore)? = nil) async throws -> [RestorePointRecord] {
        let found = try await RecordCatalog(try await Self.open(other ?? store)).records(of: id)
        #expect(found.unreadable.isEmpty)
        return found.records
    }

    /// Loses the pack that holds a snapshot's root tree.
    func damage(_ snapshot: StoredSnapshot) async throws {
        let repository = try await Self.open(store)
        let location = try #require(repository.location(of: snapshot.record.tree, .tree))
        store.replace(nil, at: FileKind.pack.key(location.pack))
    }

    /// Damages the largest data blob in some packs, and has everything else in its pack salvaged.
    func loseLargestBlob(of packs: [ObjectKey]) async throws {
        let packs = Set(packs.compactMap { FileKind.pack.id(in: $0) })
        let repository = try await Self.open(store)
        var found: BlobLocation?
        repository.index.forEach { type, _, location in
            guard type == .data, packs.contains(location.pack), location.length > found?.length ?? 0 else { return }
            found = location
        }
        let location = try #require(found)
        let key = FileKind.pack.key(location.pack)
        var body = try #require(store.contents[key])
        let index = body.readerIndex + Int(location.offset) + 40
        body.setInteger((body.getInteger(at: index, as: UInt8.self) ?? 0) ^ 1, at: index)
        store.replace(body, at: key)
        let repair = PackRepair(repository.repository)
        _ = try await repair.apply(try await repair.plan([location.pack.hex]))
    }

    /// Asks the real program whether it accepts a state of the repository.
    static func check(_ store: MemoryStore) async throws {
        guard let restic = Program.find("restic") else { return }
        try await TemporaryDirectory.with { folder in
            for (key, body) in store.contents {
                let url = URL(filePath: folder.path("repo/\(key.path)"))
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(body.readableBytesView).write(to: url)
            }
            let outcome = try await restic.run(
                ["-r", folder.path("repo"), "--no-cache", "--no-lock", "check", "--read-data"],
                environment: ["RESTIC_PASSWORD": String(decoding: password, as: UTF8.self)]
            )
            #expect(outcome.status == 0, "\(outcome)")
        }
    }

    /// The snapshots of records, oldest first.
    func recordSnapshots() async throws -> [StoredSnapshot] {
        try await Repository.open(in: store, password: Self.password).snapshots().filter(\.record.isRecord)
    }
}
