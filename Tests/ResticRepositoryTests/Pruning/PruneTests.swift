import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A prune in two phases", .timeLimit(.minutes(10)))
struct PruneTests {
    private var generator = SeededGenerator(seed: 7)

    @Test("marks first, waits for the grace period, then removes; what is needed stays")
    mutating func twoPhases() async throws {
        let fixture = try await PruneFixture.make()
        let kept = Files.random(["a", "b"], &generator)
        let dropped = Files.random(["c", "d"], &generator)
        let first = try await fixture.backUp(kept)
        let before = try await fixture.packs()
        let second = try await fixture.backUp(dropped)
        let superfluous = try await fixture.packs().subtracting(before)
        try await fixture.forget(second)

        #expect(try await fixture.plan().ids(.mark) == superfluous)
        #expect(try await fixture.marks().isEmpty, "a plan changes nothing")
        let marked = try await fixture.run()
        #expect(marked.markedPacks == superfluous.count && marked.removedPacks == 0)
        #expect(try await fixture.marks() == superfluous)
        #expect(try await fixture.packs() == before.union(superfluous))

        fixture.clock.advance(hours: 23)
        #expect(try await fixture.run().removedPacks == 0)
        fixture.clock.advance(hours: 2)
        let swept = try await fixture.run()
        #expect(swept.removedPacks == superfluous.count && swept.freedBytes > 40_000)
        #expect(try await fixture.packs() == before)
        #expect(try await fixture.indexedPacks() == before)
        #expect(try await fixture.marks().isEmpty)
        try await fixture.expect([(first, kept)])
        #expect(try await fixture.plan().packs.allSatisfy { $0.action == .keep })
    }

    @Test("with a grace of zero does both at once")
    mutating func graceOfZero() async throws {
        let fixture = try await PruneFixture.make()
        let kept = Files.random(["a"], &generator)
        let first = try await fixture.backUp(kept)
        let before = try await fixture.packs()
        try await fixture.forget(try await fixture.backUp(.random(["b"], &generator)))
        let report = try await fixture.run { $0.grace = .zero }
        #expect(report.removedPacks == 2)
        #expect(try await fixture.packs() == before)
        #expect(try await fixture.marks().isEmpty)
        try await fixture.expect([(first, kept)])
    }

    @Test("a backup that began before the mark is waited for, and what it relies on is unmarked")
    mutating func writerBeforeMark() async throws {
        let fixture = try await PruneFixture.make()
        let files = Files.random(["a"], &generator)
        try await fixture.forget(try await fixture.backUp(files))
        // Its index knows the packs as good ones.
        let lock = try await fixture.plantLock(of: 5)
        let writer = try await fixture.open(as: 5).loadIndex()
        #expect(try await fixture.run().markedPacks == 2)
        fixture.clock.advance(hours: 0.4)
        let held = try await fixture.run { $0.grace = .seconds(60) }
        #expect(held.removedPacks == 0 && held.waitingPacks == 2)
        #expect(held.waitsFor?.contains("host-5") == true)
        let packs = try await fixture.packs()
        let snapshot = try await fixture.store(files, into: writer)
        #expect(try await fixture.packs() == packs, "it stored nothing again")
        try await writer.repository.remove(.lock, lock)

        let report = try await fixture.run { $0.grace = .seconds(60) }
        #expect(report.unmarkedPacks == 2 && report.removedPacks == 0)
        #expect(try await fixture.marks().isEmpty)
        try await fixture.expect([(snapshot, files)])
    }

    @Test("a backup that began after the mark does not rely on marked packs: it stores again what lies only there")
    mutating func writerAfterMark() async throws {
        let fixture = try await PruneFixture.make()
        let files = Files.random(["a"], &generator)
        try await fixture.forget(try await fixture.backUp(files))
        let old = try await fixture.packs()
        _ = try await fixture.run()
        let snapshot = try await fixture.backUp(files)
        #expect(try await fixture.packs().count == 4)
        fixture.clock.advance(hours: 25)
        let report = try await fixture.run()
        #expect(report.removedPacks == 2 && report.unmarkedPacks == 0)
        #expect(try await fixture.packs().isDisjoint(with: old))
        try await fixture.expect([(snapshot, files)])
    }

    @Test("a snapshot that appears between the look and the removal keeps what it needs")
    mutating func snapshotInBetween() async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        let files = Files.random(["a"], &generator)
        let snapshot = try await fixture.backUp(files)
        try await fixture.forget(snapshot)
        // The snapshot returns while the prune waits for the exclusive lock: the first put of a lock is the shared one.
        let hooked = HookedStore(memory)
        let repository = try await fixture.open()
        hooked.beforePut("locks/", occurrence: 2) { _ = try await repository.save(snapshot.record) }
        let report = try await fixture.on(hooked).run { $0.grace = .zero }
        #expect(report.removedPacks == 0)
        let again = StoredSnapshot(id: try await repository.list(.snapshot)[0], record: snapshot.record)
        try await fixture.expect([(again, files)])
        #expect(try await fixture.run().unmarkedPacks == 2)
    }

    @Test("a mark is taken away when its pack is needed again")
    mutating func unmark() async throws {
        let fixture = try await PruneFixture.make()
        let files = Files.random(["a"], &generator)
        let snapshot = try await fixture.backUp(files)
        try await fixture.forget(snapshot)
        _ = try await fixture.run()
        // As restic does, which knows no marks.
        let again = try await fixture.withRepository { try await $0.save(snapshot.record) }
        fixture.clock.advance(hours: 25)
        let report = try await fixture.run()
        #expect(report.unmarkedPacks == 2 && report.removedPacks == 0)
        #expect(try await fixture.marks().isEmpty)
        try await fixture.expect([(again, files)])
    }

    @Test("packs of a dead backup that no index names go after the grace period, without an exclusive lock")
    mutating func unindexed() async throws {
        let fixture = try await PruneFixture.make()
        let files = Files.random(["a"], &generator)
        let snapshot = try await fixture.backUp(files)
        let kept = try await fixture.packs()
        let dead = try await leavePacks(fixture)
        #expect(try await fixture.run().markedPacks == dead.count)
        fixture.clock.advance(hours: 25)
        // Somebody else is at work, but was not when the packs were seen.
        try await fixture.plantLock(of: 8)
        #expect(try await fixture.run().removedPacks == dead.count)
        #expect(try await fixture.packs() == kept)
        try await fixture.expect([(snapshot, files)])
    }

    @Test("packs that no index names wait for a process that was there when they were seen", arguments: [false, true])
    mutating func unindexedOfTheLiving(graceOfZero: Bool) async throws {
        let fixture = try await PruneFixture.make()
        let lock = try await fixture.plantLock(of: 5)
        let packs = try await leavePacks(fixture)
        let first = try await fixture.run { if graceOfZero { $0.grace = .zero } }
        #expect(first.markedPacks == packs.count && first.removedPacks == 0)
        // It lives on: its lock is refreshed.
        try await fixture.open().remove(.lock, lock)
        fixture.clock.advance(hours: 25)
        let refreshed = try await fixture.plantLock(of: 5)
        let plan = try await fixture.plan()
        #expect(
            plan.packs.allSatisfy {
                $0.action == .wait && $0.reason == .holder(PackMark.Holder(hostname: "host-5", pid: 5))
            }
        )
        #expect(try await fixture.run().removedPacks == 0)
        #expect(try await fixture.packs() == packs)
        try await fixture.open().remove(.lock, refreshed)
        #expect(try await fixture.run().removedPacks == packs.count)
        #expect(try await fixture.packs().isEmpty)
    }

    /// Packs that their process died before it indexed them.
    private mutating func leavePacks(_ fixture: PruneFixture) async throws -> Set<ResticID> {
        let before = try await fixture.packs()
        let files = Files.random(["x", "y"], &generator)
        let faulty = FaultyStore(fixture.store, faults: [Fault(.crash, on: [.put], keyPrefix: "index/")])
        _ = try? await fixture.on(faulty).store(files, into: fixture.on(faulty).open(as: 7).loadIndex())
        let left = try await fixture.packs().subtracting(before)
        try #require(!left.isEmpty)
        return left
    }

    @Test("a clock that stands before what the repository shows removes nothing and says so")
    mutating func clockRefuses() async throws {
        let fixture = try await PruneFixture.make()
        try await fixture.forget(try await fixture.backUp(.random(["a"], &generator)))
        _ = try await fixture.run()
        fixture.clock.advance(hours: 25)
        let snapshot = try await fixture.backUp(.random(["b"], &generator))
        fixture.clock.advance(hours: -1)
        let report = try await fixture.run { $0.grace = .zero }
        #expect(report.removedPacks == 0)
        #expect(report.plan.sweepRefusal?.contains(snapshot.id.short) == true)
        #expect(report.plan.total(.wait).packs == 2)
        fixture.clock.advance(hours: 1)
        #expect(try await fixture.run().removedPacks == 2)
    }

    @Test("a tree that cannot be read stops everything", arguments: [true, false])
    mutating func damagedTree(isMissing: Bool) async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        let snapshot = try await fixture.backUp(.random(["a"], &generator))
        try await fixture.forget(try await fixture.backUp(.random(["b"], &generator)))
        let location = try #require(try await fixture.open().loadIndex().location(of: snapshot.record.tree, .tree))
        let key = FileKind.pack.key(location.pack)
        var bytes = try await memory.get(key, range: nil)
        bytes.setInteger(UInt8(0), at: Int(location.offset) + 20)
        bytes.setInteger(UInt8(0), at: Int(location.offset) + 21)
        memory.replace(isMissing ? nil : bytes, at: key)
        let before = memory.contents
        let error = await #expect(throws: RepositoryError.self) { try await fixture.run { $0.grace = .zero } }
        #expect(error?.code == .damaged && error?.message.contains("nothing was removed") == true)
        #expect(memory.contents.keys == before.keys)
    }

    @Test("a data blob that is in no index stops everything; so does one whose pack is gone")
    mutating func missingData() async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        _ = try await fixture.backUp(.random(["a"], &generator))
        let usage = try await fixture.open().loadIndex()
        var pack: ResticID?
        usage.index.forEach { if $0 == .data { pack = $2.pack } }
        memory.replace(nil, at: FileKind.pack.key(try #require(pack)))
        let gone = await #expect(throws: RepositoryError.self) { try await fixture.run { $0.grace = .zero } }
        #expect(gone?.code == .damaged)
        // An index that names the trees only.
        let repository = try await fixture.open()
        let file = try #require(try await repository.list(.index).first)
        var index = try await repository.loadIndexFile(file)
        index.packs.removeAll { $0.blobs.contains { $0.type == .data } }
        try await repository.save(.index, index.encode())
        try await repository.remove(.index, file)
        let unknown = await #expect(throws: RepositoryError.self) { try await fixture.run { $0.grace = .zero } }
        #expect(unknown?.code == .damaged)
    }

    @Test("a mark that cannot be read stops a prune and no backup")
    mutating func damagedMark() async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        let files = Files.random(["a"], &generator)
        let name = ResticID.random(using: &generator)
        memory.replace(ByteBuffer(string: "no mark"), at: FileKind.mark.key(name))
        let snapshot = try await fixture.backUp(files)
        let error = await #expect(throws: RepositoryError.self) { try await fixture.run() }
        #expect(error?.code == .damaged)
        try await fixture.expect([(snapshot, files)])
    }

    @Test("two prunes at once lose nothing, whoever comes first")
    mutating func twoPrunes() async throws {
        let fixture = try await PruneFixture.make()
        let files = Files.random((0..<8).map { "f\($0)" }, &generator)
        let all = try await fixture.backUp(files)
        let some = files.filter { $0.key < "f3" }
        let kept = try await fixture.backUp(some)
        try await fixture.forget(all)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    // One that finds the other at work may give up; it must not lose anything.
                    _ = try? await fixture.run {
                        $0.grace = .zero
                        $0.wait = .seconds(30)
                    }
                }
            }
        }
        try await fixture.expect([(kept, some)])
        _ = try await fixture.run { $0.grace = .zero }
        _ = try await fixture.run { $0.grace = .zero }
        try await fixture.expect([(kept, some)])
        #expect(try await fixture.packs() == (try await fixture.indexedPacks()))
    }

    private typealias Files = PruneFixture.Files
}
