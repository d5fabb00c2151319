import LocalStorage
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A prune that dies", .timeLimit(.minutes(10)))
struct PruneCrashTests {
    private var generator = SeededGenerator(seed: 17)

    /// A repository with everything a prune can have to do: packs to mark, to repack, to unmark and to remove, marks of all ages.
    private mutating func makeBusy(_ store: any ObjectStore) async throws -> (
        PruneFixture, [(StoredSnapshot, PruneFixture.Files)]
    ) {
        var fixture = try await PruneFixture.make(store)
        fixture.options.maxUnused = .percent(0)
        let files = PruneFixture.Files.random((0..<6).map { "f\($0)" }, &generator, bytes: 9000)
        let others = PruneFixture.Files.random(["g"], &generator, bytes: 9000)
        let all = try await fixture.backUp(files)
        let returning = try await fixture.backUp(others)
        let aged = try await fixture.backUp(.random(["h", "i"], &generator, bytes: 9000))
        let some = files.filter { $0.key < "f3" }
        let kept = try await fixture.backUp(some)
        try await fixture.forget(returning)
        try await fixture.forget(aged)
        _ = try await fixture.run()
        fixture.clock.advance(hours: 25)
        try await fixture.forget(all)
        try await fixture.forget(try await fixture.backUp(.random(["j"], &generator, bytes: 9000)))
        let again = try await fixture.withRepository { try await $0.save(returning.record) }
        return (fixture, [(kept, some), (again, others)])
    }

    @Test("at any write loses nothing, and the next one completes", arguments: [false, true])
    mutating func everyWrite(graceOfZero: Bool) async throws {
        let origin = MemoryStore()
        let (fixture, points) = try await makeBusy(origin)
        let counter = FaultyStore(origin.copy())
        let undisturbed = try await fixture.on(counter).run { if graceOfZero { $0.grace = .zero } }
        #expect(undisturbed.unmarkedPacks > 0 && undisturbed.repackedPacks > 0 && undisturbed.removedPacks > 0)
        for number in 1...counter.writeCount {
            let copy = origin.copy()
            let dying = fixture.on(FaultyStore(copy, faults: [.crash(atWrite: number)]))
            // Whether it says so does not matter; what is left does.
            _ = try? await dying.run { if graceOfZero { $0.grace = .zero } }
            let rest = fixture.on(copy)
            let comment = Comment("died at write \(number) of \(counter.writeCount)")
            try await rest.expect(points, comment)
            await removeLocks(copy)
            _ = try await rest.run { if graceOfZero { $0.grace = .zero } }
            _ = try await rest.run { $0.grace = .zero }
            try await rest.expect(points, comment)
            #expect(try await rest.packs() == (try await rest.indexedPacks()), comment)
            #expect(try await rest.marks().isEmpty, comment)
            let plan = try await rest.plan()
            #expect(plan.packs.allSatisfy { $0.action == .keep && $0.unneededBytes == 0 }, comment)
        }
    }

    @Test(
        "leaves what restic check accepts, whenever that is",
        .enabled(if: Restic.isInstalled, "restic is not installed"),
        arguments: [UInt64(1), 2, 3]
    )
    mutating func resticAccepts(sample: UInt64) async throws {
        let origin = MemoryStore()
        let (fixture, points) = try await makeBusy(origin)
        let counter = FaultyStore(origin.copy())
        _ = try await fixture.on(counter).run { $0.grace = .zero }
        var numbers = SeededGenerator(seed: sample)
        for _ in 0..<4 {
            let number = Int(numbers.next() % UInt64(counter.writeCount)) + 1
            let copy = origin.copy()
            _ = try? await fixture.on(FaultyStore(copy, faults: [.crash(atWrite: number)])).run { $0.grace = .zero }
            await removeLocks(copy)
            try await TemporaryDirectory.with { folder in
                try await spill(copy, to: folder.path("repo"))
                try await Restic(folder.path("repo")).check()
                let local = fixture.on(LocalStore(path: folder.path("repo")))
                _ = try await local.run { $0.grace = .zero }
                try await Restic(folder.path("repo")).check()
                try await local.expect(points, "died at write \(number), seed \(sample)")
            }
        }
    }

    /// As 'unlock' does.
    private func removeLocks(_ store: MemoryStore) async {
        for key in store.contents.keys where key.path.hasPrefix("locks/") { store.replace(nil, at: key) }
    }

    /// Writes all objects into a folder, with the empty folders that restic expects.
    private func spill(_ store: MemoryStore, to path: String) async throws {
        let local = LocalStore(path: path)
        try await local.prepare()
        for (key, body) in store.contents { try await local.put(body, at: key, policy: .replaceExisting) }
        for folder in ["locks", "index", "snapshots", "data"] {
            _ = try await #require(Program.find("mkdir")).run(["-p", "\(path)/\(folder)"])
        }
    }
}
