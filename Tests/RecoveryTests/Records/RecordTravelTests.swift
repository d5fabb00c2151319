import Foundation
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("Records about restore points, where these are copied and repaired", .timeLimit(.minutes(10)))
struct RecordTravelTests {
    private func copy(_ fixture: RecordFixture, to target: MemoryStore, _ choice: CopySelection.Choice) async throws
        -> CopyReport
    {
        let source = try await RecordFixture.open(fixture.store)
        let selection = try await CopySelection(choice, of: try await source.repository.snapshots(), in: source)
        #expect(selection.failures.isEmpty)
        let copy = RepositoryCopy(from: source, to: try await RecordFixture.open(target))
        return try await copy.run(try await copy.plan(selection.groups))
    }

    private func makeTarget() async throws -> MemoryStore {
        let target = MemoryStore()
        let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
        _ = try await Repository.create(
            in: target,
            password: RecordFixture.password,
            createdAt: .epoch,
            scrypt: scrypt
        )
        return target
    }

    @Test("a copy has them, and gets those that came later", arguments: [true, false])
    func copied(everything: Bool) async throws {
        try await RecordFixture.with { fixture in
            let target = try await makeTarget()
            let choice: CopySelection.Choice = everything ? .everything : .system("test")
            let point = try await fixture.backUp()
            try await RecordFixture.writer(fixture.store).record(fixture.proof(point, .verified), of: point)
            try await RecordFixture.writer(fixture.store).pin(point, reason: "a")
            let first = try await copy(fixture, to: target, choice)
            #expect(first.copied.count == 4 && Set(first.copied.map(\.group)) == ["restore point \(point.manifest.id)"])
            #expect(try await fixture.standing(point, in: target) == fixture.standing(point))
            #expect(
                try await fixture.records(point.manifest.id, in: target) == fixture.records(point.manifest.id)
            )
            try await RecordFixture.writer(fixture.store, at: "2026-07-01T00:00:00Z").unpin(point, reason: nil)
            #expect(try await copy(fixture, to: target, choice).copied.count == 1)
            #expect(try await !fixture.standing(point, in: target).isPinned)
            #expect(try await copy(fixture, to: target, choice).copied.isEmpty)
            try await RecordFixture.check(target)
        }
    }

    @Test("one that is damaged keeps nothing from being copied")
    func damagedCopied() async throws {
        try await RecordFixture.with { fixture in
            let target = try await makeTarget()
            let point = try await fixture.backUp()
            try await RecordFixture.writer(fixture.store).pin(point, reason: "a")
            try await fixture.damage(try #require(try await fixture.recordSnapshots().first))
            let report = try await copy(fixture, to: target, .system("test"))
            #expect(report.copied.count == 2 && report.failures.count == 1)
            let copied = try await RestorePointCatalog(try await RecordFixture.open(target)).list(system: nil)
            #expect(copied.map(\.manifest) == [point.manifest])
        }
    }

    @Test("one that is damaged is written anew from its tags, at any death of the repair")
    func damagedRepaired() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            try await RecordFixture.writer(fixture.store).pin(point, reason: "a")
            try await fixture.damage(try #require(try await fixture.recordSnapshots().first))
            let original = try #require(try await fixture.recordSnapshots().first)
            let counting = FaultyStore(fixture.store.copy())
            _ = try await repair(counting)
            for write in 1...counting.writeCount {
                let store = fixture.store.copy()
                _ = try? await repair(FaultyStore(store, faults: [.crash(atWrite: write)]))
                let plan = try await repair(store)
                #expect(plan.items.map(\.record) == [point.manifest.id] && plan.items[0].isDone)
                #expect(plan.items[0].originals == [original.id] && plan.hopeless.isEmpty)
                let repository = try await Repository.open(in: store, password: RecordFixture.password)
                try await SnapshotRepairRun(repository).forget(try await SnapshotRepairRun(repository).plan())
                #expect(try await SnapshotRepairRun(repository).plan().isEmpty, "write \(write)")
                let records = try await fixture.records(point.manifest.id, in: store)
                #expect(records.count == 1 && records[0].kind == .pin && records[0].reason?.contains("tags") == true)
                #expect(try await fixture.standing(point, in: store).isPinned)
                try await RecordFixture.writer(store).unpin(point, reason: nil)
                #expect(try await !fixture.standing(point, in: store).isPinned)
            }
        }
    }

    private func repair(_ store: any ObjectStore) async throws -> SnapshotRepairPlan {
        try await SnapshotRepairRun(try await Repository.open(in: store, password: RecordFixture.password)).apply()
    }

    @Test("a repaired copy of a restore point is pinned as the original was, and not proven")
    func repairedPoint() async throws {
        try await RecordFixture.with { fixture in
            let first = try await fixture.backUp()
            var generator = SeededGenerator(seed: 1)
            try Data(generator.bytes(50_000)).write(to: URL(filePath: fixture.folder.path("new.bin")))
            let before = Set(fixture.store.keysInOrder)
            let point = try await fixture.backUp()
            let packs = fixture.store.keysInOrder.filter { !before.contains($0) && $0.path.hasPrefix("data/") }
            let writer = try await RecordFixture.writer(fixture.store)
            try await writer.record(fixture.proof(point, .verified), of: point)
            try await writer.pin(point, reason: "old")
            try await writer.unpin(point, reason: nil)
            try await writer.pin(point, reason: "kept")
            try await fixture.loseLargestBlob(of: packs)
            let repository = try await Repository.open(in: fixture.store, password: RecordFixture.password)
            let plan = try await repair(fixture.store)
            let item = try #require(plan.items.first { $0.restorePoint == point.manifest.id })
            #expect(item.originals.count == 6, "two of the restore point, four records")
            let copy = try await fixture.point(try #require(item.copy))
            let standing = try await fixture.standing(copy)
            #expect(standing.isPinned && standing.provenComponents.isEmpty)
            #expect(try await fixture.records(copy.manifest.id).map(\.reason) == ["kept"])
            try await SnapshotRepairRun(repository).forget(try await SnapshotRepairRun(repository).plan())
            #expect(try await fixture.recordSnapshots().count == 1)
            try await RecordFixture.writer(fixture.store).unpin(copy, reason: nil)
            #expect(try await !fixture.standing(copy).isPinned)
            #expect(try await fixture.standing(first) == PointStanding())
        }
    }
}
