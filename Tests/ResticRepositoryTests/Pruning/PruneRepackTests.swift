import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A prune that repacks", .timeLimit(.minutes(10)))
struct PruneRepackTests {
    private var generator = SeededGenerator(seed: 11)

    /// One snapshot of two of the eight files whose packs are there.
    private mutating func makePartlyNeeded(_ store: any ObjectStore = MemoryStore()) async throws -> (
        PruneFixture, StoredSnapshot, PruneFixture.Files
    ) {
        let fixture = try await PruneFixture.make(store)
        let files = PruneFixture.Files.random((0..<8).map { "f\($0)" }, &generator, bytes: 50_000)
        let all = try await fixture.backUp(files)
        let some = files.filter { $0.key < "f2" }
        let kept = try await fixture.backUp(some)
        try await fixture.forget(all)
        return (fixture, kept, some)
    }

    @Test("copies what is needed, marks the old pack, removes it later")
    mutating func copies() async throws {
        let (fixture, kept, some) = try await makePartlyNeeded()
        let before = try await fixture.packs()
        let report = try await fixture.run()
        #expect(report.repackedPacks == 1 && (100_000..<120_000).contains(report.copiedBytes), "\(report)")
        let old = report.plan.ids(.repack)
        #expect(try await fixture.marks().isSuperset(of: old))
        #expect(try await fixture.packs().count == before.count + 1)
        try await fixture.expect([(kept, some)])
        fixture.clock.advance(hours: 25)
        #expect(try await fixture.run().repackedPacks == 0)
        #expect(try await fixture.packs().isDisjoint(with: old))
        try await fixture.expect([(kept, some)])
        let blobs = try await fixture.open().loadIndex().blobCount
        let usage = try await fixture.plan()
        #expect(usage.packs.allSatisfy { $0.unneededBytes == 0 && $0.action == .keep })
        #expect(blobs > 2)
    }

    @Test("keeps the sealed bytes: nothing is compressed or sealed anew")
    mutating func keepsSealedBytes() async throws {
        let memory = MemoryStore()
        let (fixture, _, _) = try await makePartlyNeeded(memory)
        func sealed() async throws -> Set<[UInt8]> {
            let repository = try await fixture.open().loadIndex()
            var places: [BlobLocation] = []
            repository.index.forEach { if $0 == .data { places.append($2) } }
            let contents = memory.contents
            return Set(
                places.map { place in
                    let pack = contents[FileKind.pack.key(place.pack)]
                    return pack?.getBytes(at: Int(place.offset), length: Int(place.length)) ?? []
                }
            )
        }
        let before = try await sealed()
        _ = try await fixture.run { $0.grace = .zero }
        let after = try await sealed()
        #expect(after.count >= 2 && after.isSubset(of: before) && after.count < before.count)
    }

    @Test("leaves a pack alone that holds a damaged blob, and says so")
    mutating func damaged() async throws {
        let memory = MemoryStore()
        let (fixture, kept, some) = try await makePartlyNeeded(memory)
        let repository = try await fixture.open().loadIndex()
        let node = try #require(try await repository.node(at: "f0", in: kept.record.tree))
        let blob = try #require(node.content?.first)
        let location = try #require(repository.location(of: blob, .data))
        let key = FileKind.pack.key(location.pack)
        var bytes = try await memory.get(key, range: nil)
        bytes.setInteger(UInt64(0), at: Int(location.offset) + 20)
        memory.replace(bytes, at: key)
        let report = try await fixture.run { $0.grace = .zero }
        #expect(report.problems.contains { $0.contains(location.pack.short) }, "\(report.problems)")
        #expect(report.repackedPacks == 0)
        #expect(try await fixture.packs().contains(location.pack))
        _ = some
    }

    @Test("merges small packs once they are many, and then no more")
    mutating func tiny() async throws {
        let fixture = try await PruneFixture.make()
        var points: [(StoredSnapshot, PruneFixture.Files)] = []
        for round in 0..<11 {
            let files = PruneFixture.Files.random(["f\(round)"], &generator, bytes: 9000)
            points.append((try await fixture.backUp(files), files))
        }
        #expect(try await fixture.packs().count == 22)
        #expect(try await fixture.run { $0.grace = .zero }.repackedPacks == 22)
        #expect(try await fixture.packs().count == 2)
        #expect(try await fixture.run { $0.grace = .zero }.repackedPacks == 0)
        try await fixture.expect(points)
    }

    @Test("fills new packs up to their length and writes several")
    mutating func severalPacks() async throws {
        var (fixture, kept, some) = try await makePartlyNeeded()
        fixture.options.packLength = 10_000
        _ = try await fixture.run { $0.grace = .zero }
        #expect(try await fixture.packs().count > 4)
        try await fixture.expect([(kept, some)])
    }
}
