import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A prune where what is written is retained", .timeLimit(.minutes(5)))
struct PruneRetentionTests {
    private typealias Files = PruneFixture.Files
    private var generator = SeededGenerator(seed: 34)

    @Test("keeps what is retained, says until when, and removes it with its versions when that is over")
    mutating func waits() async throws {
        let fixture = try await RetainingFixture.make()
        let prunes = fixture.prunes
        let kept = Files.random(["a", "b"], &generator)
        let first = try await prunes.backUp(kept)
        let before = try await prunes.packs()
        prunes.clock.advance(hours: 24)
        let second = try await prunes.backUp(.random(["c", "d"], &generator))
        let end = GoTime(seconds: fixture.now + RetainingFixture.length)
        let superfluous = try await prunes.packs().subtracting(before)
        try await prunes.forget(second)

        #expect(try await prunes.run().markedPacks == superfluous.count)
        prunes.clock.advance(hours: 25)
        let plan = try await prunes.plan()
        #expect(plan.ids(.wait) { $0.reason == .retention(until: end) } == superfluous)
        let retained = try #require(plan.retained)
        #expect(retained.packs == superfluous.count && retained.until == end && retained.byteCount > 40_000)
        let waiting = try await prunes.run()
        #expect(waiting.removedPacks == 0 && waiting.erasedObjects > 0)
        #expect(try await prunes.packs() == before.union(superfluous))
        // The snapshot was forgotten and its version stays.
        #expect(waiting.retainedVersions > 0 && waiting.versionsRetainedUntil == end)

        prunes.clock.advance(hours: 24 * 30)
        let swept = try await prunes.run()
        #expect(swept.removedPacks == superfluous.count && swept.erasedBytes > 40_000)
        #expect(try await prunes.packs() == before && swept.plan.retained == nil)
        let left = fixture.store.removedObjects.map(\.key.path)
        #expect(!left.contains { $0.hasPrefix("data/") || $0.hasPrefix("snapshots/") }, "\(left)")
        try await prunes.expect([(first, kept)])
        // What is needed went on being retained.
        for key in fixture.neededKeys {
            #expect(try #require(fixture.store.retained[key]) >= fixture.now + RetainingFixture.length / 2, "\(key)")
        }
    }

    @Test("waits also when it would mark and remove in one run")
    mutating func graceOfZero() async throws {
        let fixture = try await RetainingFixture.make()
        try await fixture.prunes.backUp(.random(["a"], &generator))
        try await fixture.prunes.forget(try await fixture.prunes.backUp(.random(["b"], &generator)))
        let packs = try await fixture.prunes.packs()
        let report = try await fixture.prunes.run { $0.grace = .zero }
        #expect(report.removedPacks == 0 && report.markedPacks == 2 && report.plan.retained?.packs == 2)
        #expect(try await fixture.prunes.packs() == packs)
    }

    @Test("says that versions stay which this identity may not remove")
    mutating func mayNot() async throws {
        let fixture = try await RetainingFixture.make { $0.mayErase = false }
        try await fixture.prunes.backUp(.random(["a"], &generator))
        try await fixture.prunes.forget(try await fixture.prunes.backUp(.random(["b"], &generator)))
        fixture.prunes.clock.advance(hours: 24 * 40)
        let report = try await fixture.prunes.run { $0.grace = .zero }
        #expect(report.removedPacks == 2 && report.erasedObjects == 0)
        #expect(report.problems.contains { $0.contains("s3:DeleteObjectVersion") }, "\(report.problems)")
        #expect(fixture.store.removedObjects.contains { $0.key.path.hasPrefix("data/") })
    }

    @Test("extends what others stored without a retention, whatever the last round says")
    mutating func others() async throws {
        let fixture = try await RetainingFixture.make()
        let snapshot = try await fixture.prunes.backUp(.random(["a"], &generator))
        fixture.prunes.clock.advance(hours: 24 * 16)
        _ = try await fixture.extend()
        // As restic leaves it: the object again, without one.
        let key = FileKind.snapshot.key(snapshot.id)
        let body = try await fixture.store.get(key, range: nil)
        _ = try await fixture.store.delete(key)
        fixture.store.replace(body, at: key)
        #expect(fixture.store.retained[key] == nil)
        #expect(try await fixture.extend().extended == 0)
        #expect(try await fixture.prunes.run().extendedFiles == 1)
        #expect(fixture.store.retained[key] == fixture.now + RetainingFixture.length)
    }

    @Test("does not remove the versions of a pack that somebody has hidden and a snapshot needs")
    mutating func hidden() async throws {
        let fixture = try await RetainingFixture.make()
        try await fixture.prunes.backUp(.random(["a"], &generator))
        let pack = try #require(try await fixture.prunes.packs().first)
        _ = try await fixture.store.delete(FileKind.pack.key(pack))
        fixture.prunes.clock.advance(hours: 24 * 40)
        let error = await #expect(throws: RepositoryError.self) { try await fixture.prunes.run { $0.grace = .zero } }
        #expect(error?.code == .damaged)
        #expect(fixture.store.removedObjects.contains { $0.key == FileKind.pack.key(pack) })
    }

    @Test("leaves a forgotten snapshot's version for the grace period even when nothing retains it")
    mutating func undo() async throws {
        let fixture = try await RetainingFixture.make()
        let snapshot = try await fixture.prunes.backUp(.random(["a"], &generator))
        fixture.prunes.clock.advance(hours: 24 * 40)
        try await fixture.prunes.forget(snapshot)
        let key = FileKind.snapshot.key(snapshot.id)
        _ = try await fixture.prunes.run()
        #expect(fixture.store.removedObjects.contains { $0.key == key })
        fixture.prunes.clock.advance(hours: 25)
        _ = try await fixture.prunes.run()
        #expect(!fixture.store.removedObjects.contains { $0.key == key })
    }
}
