import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A prune on a store without a free byte", .timeLimit(.minutes(10)))
struct PruneFullStoreTests {
    private var generator = SeededGenerator(seed: 13)

    /// How the packs that may go lie in the repository.
    enum Layout: String, CaseIterable {
        /// An index file of their own names them.
        case ownIndex
        /// The only index file names them beside needed ones.
        case mixedIndex
        /// No index names them.
        case unindexed
    }

    /// A repository with one snapshot that stays, and packs that only a forgotten one needed.
    private mutating func prepare(_ layout: Layout, _ memory: MemoryStore) async throws -> (
        fixture: PruneFixture, kept: (StoredSnapshot, PruneFixture.Files), needed: Set<ResticID>
    ) {
        let fixture = try await PruneFixture.make(memory)
        let files = PruneFixture.Files.random(["a"], &generator)
        let kept = try await fixture.backUp(files)
        let needed = try await fixture.packs()
        let dropped = try await fixture.backUp(.random(["b", "c"], &generator))
        let repository = try await fixture.open()
        switch layout {
        case .ownIndex: break
        case .unindexed:
            for id in try await repository.list(.index) {
                let packs = try await repository.loadIndexFile(id).packs
                if packs.allSatisfy({ !needed.contains($0.id) }) { try await repository.remove(.index, id) }
            }
        case .mixedIndex:
            var all = IndexFile()
            for id in try await repository.list(.index) {
                all.packs += try await repository.loadIndexFile(id).packs
                try await repository.remove(.index, id)
            }
            try await repository.save(.index, all.encode())
        }
        try await repository.remove(.snapshot, dropped.id)
        return (fixture, (kept, files), needed)
    }

    /// Bytes of all objects.
    private func size(_ store: MemoryStore) -> Int64 {
        store.contents.values.reduce(0) { $0 + Int64($1.readableBytes) }
    }

    @Test(
        "that dies at any step loses nothing, and the next one finishes on the same full disk",
        arguments: Layout.allCases
    )
    mutating func crashes(layout: Layout) async throws {
        let origin = MemoryStore()
        let prepared = try await prepare(layout, origin)
        let counter = FaultyStore(try await LimitedSpaceStore(origin.copy(), free: 0))
        _ = try await prepared.fixture.on(counter).run { $0.grace = .zero }
        try #require(counter.writeCount > 3)
        for number in 1...counter.writeCount {
            let copy = origin.copy()
            let limited = try await LimitedSpaceStore(copy, free: 0)
            let dying = prepared.fixture.on(FaultyStore(limited, faults: [.crash(atWrite: number)]))
            // Whether it says so does not matter; what is left does.
            _ = try? await dying.run { $0.grace = .zero }
            let comment = Comment("\(layout): died at write \(number) of \(counter.writeCount)")
            let rest = prepared.fixture.on(copy)
            try await rest.expect([prepared.kept], comment)
            // The process is gone, and so is its lock; the disk is as large as it was.
            for key in copy.contents.keys where key.path.hasPrefix("locks/") { copy.replace(nil, at: key) }
            let free = size(origin) - size(copy)
            let again = try await LimitedSpaceStore(copy, free: max(0, free))
            // What died last had done everything: nothing is left to make room with, and nothing needs any.
            do {
                _ = try await prepared.fixture.on(again).run { $0.grace = .zero }
            } catch let error as RepositoryError where error.code == .full {
                #expect(free <= 0, comment)
            }
            try await rest.expect([prepared.kept], comment)
            #expect(try await rest.packs() == prepared.needed, comment)
            #expect(try await rest.indexedPacks() == prepared.needed, comment)
            #expect(try await rest.marks().isEmpty, comment)
        }
    }

    @Test("frees what nobody needs and then goes on as ever", arguments: Layout.allCases)
    mutating func frees(layout: Layout) async throws {
        let memory = MemoryStore()
        let prepared = try await prepare(layout, memory)
        let (fixture, needed) = (prepared.fixture, prepared.needed)
        let full = fixture.on(try await LimitedSpaceStore(memory, free: 0))
        let locked = await #expect(throws: RepositoryError.self) {
            try await full.backUp(.random(["x"], &generator))
        }
        #expect(locked?.code == .full)
        let report = try await full.run { $0.grace = .zero }
        #expect(report.problems.isEmpty)
        #expect(try await fixture.packs() == needed)
        #expect(try await fixture.indexedPacks() == needed)
        #expect(try await fixture.marks().isEmpty)
        #expect(try await fixture.open().list(.lock).isEmpty)
        try await fixture.expect([prepared.kept])
    }

    @Test("with room for a lock and for nothing else still frees what nobody needs")
    mutating func roomForALockOnly() async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        let files = PruneFixture.Files.random((0..<6).map { "f\($0)" }, &generator)
        let all = try await fixture.backUp(files)
        let some = files.filter { $0.key < "f2" }
        let kept = try await fixture.backUp(some)
        try await fixture.forget(all)
        let limited = try await LimitedSpaceStore(memory, free: 300)
        let report = try await fixture.on(limited).run { $0.grace = .zero }
        #expect(report.problems.contains { $0.contains("no room") })
        #expect(report.removedPacks > 0)
        try await fixture.expect([(kept, some)])
        // With the room that this made, the rest goes.
        limited.setFree(100_000)
        #expect(try await fixture.on(limited).run { $0.grace = .zero }.repackedPacks == 1)
        try await fixture.expect([(kept, some)])
    }

    @Test("removes nothing when somebody else holds a lock")
    mutating func company() async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        try await fixture.forget(try await fixture.backUp(.random(["b"], &generator)))
        try await fixture.plantLock(of: 4)
        let before = memory.contents
        let full = fixture.on(try await LimitedSpaceStore(memory, free: 0))
        let error = await #expect(throws: RepositoryError.self) { try await full.run { $0.grace = .zero } }
        #expect(error?.code == .locked)
        #expect(memory.contents.keys == before.keys)
    }

    @Test("says what would help when nothing may be removed yet")
    mutating func nothingToFree() async throws {
        let memory = MemoryStore()
        let fixture = try await PruneFixture.make(memory)
        try await fixture.forget(try await fixture.backUp(.random(["b"], &generator)))
        let full = fixture.on(try await LimitedSpaceStore(memory, free: 0))
        let error = await #expect(throws: RepositoryError.self) { try await full.run() }
        #expect(error?.code == .full && error?.hint?.contains("--grace 0") == true)
        #expect(try await fixture.packs().count == 2)
    }
}
