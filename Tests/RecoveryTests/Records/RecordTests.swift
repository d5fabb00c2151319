import Foundation
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A record about a restore point", .timeLimit(.minutes(10)))
struct RecordTests {
    @Test("is read as it was written, and the restore point is what its records say")
    func roundTrip() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            #expect(try await fixture.standing(point) == PointStanding())
            let proof = fixture.proof(point, .verified)
            let proven = try await RecordFixture.writer(fixture.store, at: "2026-06-15T12:00:00Z").record(
                proof,
                of: point
            )
            let pinned = try await RecordFixture.writer(fixture.store, at: "2026-06-16T12:00:00Z")
                .pin(point, reason: "before the move, of \"all\" that is")
            var standing = try await fixture.standing(point)
            #expect(standing.isPinned && standing.provenComponents == [.documents])
            #expect(standing.proven(.documents) == RecordFixture.time("2026-06-15T12:00:00Z"))
            #expect(standing.proven(.qdrant) == nil && standing.failedComponents.isEmpty)
            let unpinned = try await RecordFixture.writer(fixture.store, at: "2026-06-17T12:00:00Z")
                .unpin(point, reason: nil)
            #expect(try await fixture.records(point.manifest.id) == [proven, pinned, unpinned])
            #expect(proven.proof == proof && pinned.reason?.contains("\"all\"") == true)
            #expect(unpinned.revokes == [pinned.id])
            standing = try await fixture.standing(point)
            #expect(!standing.isPinned && standing.provenComponents == [.documents])
            let record = try #require(try await fixture.recordSnapshots().first?.record)
            #expect(record.paths == ["/holdfast/records"] && record.hostname == "test")
            #expect(record.tags.starts(with: ["holdfast", "rp:\(point.manifest.id)", "record", "record:proof"]))
            try await RecordFixture.check(fixture.store)
        }
    }

    @Test("says nothing of other restore points")
    func others() async throws {
        try await RecordFixture.with { fixture in
            let (first, second) = (try await fixture.backUp(), try await fixture.backUp())
            try await RecordFixture.writer(fixture.store).pin(first, reason: nil)
            #expect(try await fixture.standing(second) == PointStanding())
            #expect(try await fixture.records(second.manifest.id).isEmpty)
        }
    }

    @Test(
        "that a later attempt failed ends what was proven; a later one that succeeds restores it; untested changes nothing"
    )
    func failed() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            func record(_ outcome: Proof.Outcome, day: Int) async throws -> PointStanding {
                try await RecordFixture.writer(fixture.store, at: "2026-06-\(day)T12:00:00Z")
                    .record(fixture.proof(point, outcome), of: point)
                return try await fixture.standing(point)
            }
            #expect(try await record(.untested, day: 10) == PointStanding())
            #expect(try await record(.verified, day: 11).proven(.documents) != nil)
            let failed = try await record(.failed, day: 12)
            #expect(failed.proven(.documents) == nil && failed.provenAt == nil)
            #expect(failed.failed(.documents) == RecordFixture.time("2026-06-12T12:00:00Z"))
            #expect(try await record(.untested, day: 13) == failed)
            let again = try await record(.verified, day: 14)
            #expect(again.proven(.documents) == RecordFixture.time("2026-06-14T12:00:00Z"))
            #expect(again.failed(.documents) == nil)
            // At the same moment the worse one counts.
            #expect(try await record(.failed, day: 14).proven(.documents) == nil)
        }
    }

    @Test("is refused when it is about nothing that this restore point holds")
    func refused() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            let writer = try await RecordFixture.writer(fixture.store)
            let before = fixture.store.contents.count
            let wrong = [
                fixture.proof(point, .verified, restorePoint: "00000000"),
                fixture.proof(point, .verified, components: []),
                fixture.proof(point, .verified, components: [.documents, .qdrant]),
            ]
            for proof in wrong {
                let error = await #expect(throws: RecoveryError.self) { try await writer.record(proof, of: point) }
                #expect(error?.code == .refused)
            }
            let error = await #expect(throws: RecoveryError.self) { try await writer.unpin(point, reason: nil) }
            #expect(error?.code == .nothingToDo && error?.message.contains(point.manifest.id) == true)
            let long = String(repeating: "long", count: RestorePointRecord.maximumByteCount / 4)
            let tooLong = await #expect(throws: RecoveryError.self) { try await writer.pin(point, reason: long) }
            #expect(tooLong?.code == .refused)
            #expect(fixture.store.contents.count == before, "nothing was written")
        }
    }

    @Test("is refused when the restore point was forgotten meanwhile")
    func forgotten() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            let writer = try await RecordFixture.writer(fixture.store)
            fixture.store.replace(nil, at: FileKind.snapshot.key(point.snapshot))
            let error = await #expect(throws: RecoveryError.self) { try await writer.pin(point, reason: nil) }
            #expect(error?.code == .noRestorePoint)
            #expect(try await fixture.recordSnapshots().isEmpty)
        }
    }

    @Test("of a pin holds although the clock stood before that of the unpin that did not know it")
    func clocks() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            try await RecordFixture.writer(fixture.store, at: "2031-01-01T00:00:00Z").pin(point, reason: "a")
            try await RecordFixture.writer(fixture.store, at: "2030-01-01T00:00:00Z").unpin(point, reason: nil)
            #expect(try await !fixture.standing(point).isPinned, "whatever the clocks say, it knew of that pin")
            try await RecordFixture.writer(fixture.store, at: "2020-01-01T00:00:00Z").pin(point, reason: "b")
            #expect(try await fixture.standing(point).isPinned)
            try await RecordFixture.writer(fixture.store, at: "2020-01-01T00:00:00Z").pin(point, reason: "c")
            try await RecordFixture.writer(fixture.store, at: "2010-01-01T00:00:00Z").unpin(point, reason: nil)
            #expect(try await !fixture.standing(point).isPinned, "one unpin takes back all pins")
        }
    }

    @Test("is no component, no manifest, no remains of a run and no foreign snapshot")
    func isNothingElse() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            let before = try await PointsInTime(try await RecordFixture.open(fixture.store).repository)
            try await RecordFixture.writer(fixture.store).record(fixture.proof(point, .verified), of: point)
            try await RecordFixture.writer(fixture.store).pin(point, reason: nil)
            let repository = try await RecordFixture.open(fixture.store)
            #expect(try await RestorePointCatalog(repository).list(system: nil) == [point])
            let all = try await PointsInTime(repository.repository)
            #expect(all.otherSnapshots.isEmpty && all.restorePoints.count == 1)
            let found = try all.find(point.manifest.id)
            #expect(found.snapshots == before.restorePoints[0].snapshots && found.records.count == 2)
            #expect(found.trees == before.restorePoints[0].trees && found.ownedTrees.count == found.trees.count + 2)
            let plan = try ForgetPlanner(options: ForgetOptions(), now: SystemWallClock().now).plan(
                try await repository.repository.snapshots()
            )
            #expect(plan.entries.count == 1 && plan.entries[0].kind == .restorePoint)
            #expect(plan.entries[0].components == ["documents"] && plan.entries[0].snapshots.count == 4)
            #expect(plan.entries[0].time == point.time)
            let first = try await repository.repository.loadSnapshot(plan.entries[0].snapshots[0])
            #expect(first.isManifest, "the manifest goes first, the records last")
            let last = try await repository.repository.loadSnapshot(plan.entries[0].snapshots[3])
            #expect(last.record.isRecord)
        }
    }

    @Test("that dies at any write leaves a repository that restic accepts, and no half record")
    func crashes() async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            let counting = FaultyStore(fixture.store.copy())
            try await RecordFixture.writer(counting).pin(point, reason: "a")
            try #require(counting.writeCount == 4, "a pack of data, one of trees, their index, the snapshot")
            for write in 1...counting.writeCount {
                let store = fixture.store.copy()
                let dying = try await RecordFixture.writer(FaultyStore(store, faults: [.crash(atWrite: write)]))
                await #expect(throws: (any Error).self) { try await dying.pin(point, reason: "a") }
                #expect(try await !fixture.standing(point, in: store).isPinned, "write \(write)")
                #expect(try await fixture.records(point.manifest.id, in: store).isEmpty)
                try await RecordFixture.check(store)
                try await RecordFixture.writer(store).pin(point, reason: "again")
                #expect(try await fixture.records(point.manifest.id, in: store).map(\.reason) == ["again"])
            }
        }
    }

    @Test("of which the content is lost still counts, and is told apart", arguments: ["lost", "newer"])
    func unreadable(how: String) async throws {
        try await RecordFixture.with { fixture in
            let point = try await fixture.backUp()
            try await RecordFixture.writer(fixture.store).pin(point, reason: "a")
            let snapshot = try #require(try await fixture.recordSnapshots().first)
            if how == "lost" {
                try await fixture.damage(snapshot)
            } else {
                let repository = try await RecordFixture.open(fixture.store)
                let bytes = Array(#"{"format":2,"id":"00000000","kind":"vote"}"#.utf8)
                let (tree, _) = try await repository.write { writer in
                    let content = try await writer.store(bytes)
                    var composer = TreeComposer(time: .epoch, host: .current)
                    composer.addFile(
                        RestorePointRecord.path,
                        size: Int64(bytes.count),
                        blobs: try await content.blobs()
                    )
                    return try await composer.store(into: writer)
                }
                var record = snapshot.record
                record.tree = tree
                _ = try await repository.repository.save(record)
                try await repository.repository.remove(.snapshot, snapshot.id)
            }
            let found = try await RecordCatalog(try await RecordFixture.open(fixture.store))
                .records(of: point.manifest.id)
            #expect(found.records.isEmpty && found.unreadable.map(\.kind) == [.pin])
            #expect(found.unreadable[0].error.code == .damagedRestorePoint)
            #expect(how == "lost" || found.unreadable[0].error.message.contains("newer"))
            #expect(try await fixture.standing(point).isPinned)
        }
    }
}
