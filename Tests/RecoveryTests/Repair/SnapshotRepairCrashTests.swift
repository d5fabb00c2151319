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

@Suite("A repair of restore points", .timeLimit(.minutes(10)))
struct SnapshotRepairCrashTests {
    private static let password = Array("a password".utf8)

    private func open(_ store: any ObjectStore) async throws -> Repository {
        try await Repository.open(in: store, password: Self.password)
    }

    /// Two restore points of one folder. What only the second one's new file needs is gone for good.
    ///
    /// - Returns: their ids, the whole one first.
    private func prepare(_ store: MemoryStore, in folder: TemporaryDirectory) async throws -> [String] {
        let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
        _ = try await Repository.create(in: store, password: Self.password, createdAt: .epoch, scrypt: scrypt)
        let documents = HoldfastConfiguration.Documents(name: "docs", path: folder.path, selection: .everything)
        let plan = BackupPlan(system: "test", collections: [], folders: [documents])
        func backUp() async throws -> String {
            let repository = try await open(store).loadIndex()
            let run = BackupRun(plan, into: repository, client: nil, logger: Logger(label: "test"), toolVersion: "test")
            return try await run.run().restorePoint.id
        }
        var generator = SeededGenerator(seed: 1)
        try Data(generator.bytes(50_000)).write(to: URL(filePath: folder.path("old.bin")))
        let first = try await backUp()
        let before = Set(store.keysInOrder)
        try Data(generator.bytes(50_000)).write(to: URL(filePath: folder.path("new.bin")))
        let second = try await backUp()
        try await lose(try #require(newDataBlob(since: before, in: store)), in: store)
        return [first, second]
    }

    /// The larger data blob that the second backup stored: the file, not the manifest.
    private func newDataBlob(since before: Set<ObjectKey>, in store: MemoryStore) async throws -> ResticID? {
        let packs = Set(store.keysInOrder.filter { !before.contains($0) }.compactMap { FileKind.pack.id(in: $0) })
        var found: (id: ResticID, length: UInt32)?
        try await open(store).loadIndex().index.forEach { type, id, location in
            guard type == .data, packs.contains(location.pack), location.length > found?.length ?? 0 else { return }
            found = (id, location.length)
        }
        return found?.id
    }

    /// Damages a blob in its pack, and has everything else in that pack salvaged.
    private func lose(_ blob: ResticID, in store: MemoryStore) async throws {
        let repository = try await open(store)
        let location = try #require(try await repository.loadIndex().location(of: blob, .data))
        let key = FileKind.pack.key(location.pack)
        var body = try #require(store.contents[key])
        let index = body.readerIndex + Int(location.offset) + 40
        body.setInteger((body.getInteger(at: index, as: UInt8.self) ?? 0) ^ 1, at: index)
        store.replace(body, at: key)
        let repair = PackRepair(repository)
        _ = try await repair.apply(try await repair.plan([location.pack.hex]))
    }

    /// Whether a restore point verifies with all its content.
    private func isIntact(_ id: String, in store: MemoryStore) async throws -> Bool {
        let repository = try await open(store).loadIndex()
        let point = try await RestorePointCatalog(repository).find(id, system: nil)
        return try await VerificationRun(repository).verify(point, depth: .content).isIntact
    }

    @Test("that dies at any write loses nothing, and the next one leaves one whole copy of what is damaged")
    func crashes() async throws {
        try await TemporaryDirectory.with { folder in
            let prepared = MemoryStore()
            let ids = try await prepare(prepared, in: folder)
            let counting = FaultyStore(prepared.copy())
            _ = try await SnapshotRepairRun(try await open(counting)).apply()
            try #require(counting.writeCount >= 3, "a pack or more, their index and two snapshots")
            for write in 1...counting.writeCount {
                let store = prepared.copy()
                let dying = FaultyStore(store, faults: [.crash(atWrite: write)])
                await #expect(throws: (any Error).self, "write \(write)") {
                    _ = try await SnapshotRepairRun(try await open(dying)).apply()
                }
                #expect(try await isIntact(ids[0], in: store), "write \(write)")
                #expect(try await !isIntact(ids[1], in: store), "write \(write): nothing makes it whole again")
                let done = try await SnapshotRepairRun(try await open(store)).apply()
                #expect(done.items.count == 1 && done.items[0].isDone && done.hopeless.isEmpty, "write \(write)")
                let copy = try #require(done.items[0].copy)
                #expect(try await isIntact(copy, in: store), "write \(write)")
                let points = try await RestorePointCatalog(try await open(store).loadIndex()).list(system: "test")
                #expect(Set(points.map(\.manifest.id)) == Set(ids + [copy]), "write \(write): one copy, not two")
            }
        }
    }
}
