import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A repair of snapshots", .timeLimit(.minutes(5)))
struct SnapshotRepairTests {
    /// Takes the blobs of a file out of the repository: their pack is gone, everything else in it is stored again.
    private func lose(_ lost: Set<BlobKey>, in sample: SampleRepository) async throws {
        let repository = try await sample.open()
        let catalog = try await repository.loadCatalog()
        var packs: Set<ResticID> = []
        catalog.forEach { if lost.contains(BlobKey($1.type, $1.id)) { packs.insert($0) } }
        let old = try await repository.loadIndex()
        let target = IndexedRepository(repository: repository, index: catalog.makeIndex(without: packs))
        _ = try await target.write { writer in
            for pack in packs {
                for blob in catalog.contents(of: pack).blobs where !lost.contains(BlobKey(blob.type, blob.id)) {
                    let content = try await old.load(blob.id, blob.type)
                    try await writer.store(Array(content.readableBytesView), as: blob.type, id: blob.id)
                }
            }
        }
        for pack in packs { sample.store.replace(nil, at: FileKind.pack.key(pack)) }
        let repair = IndexRepair(repository)
        try await repair.apply(repair.plan())
    }

    private func node(_ path: String, of number: Int, in sample: SampleRepository) async throws -> Node {
        let indexed = try await sample.open().loadIndex()
        return try #require(try await indexed.node(at: path, in: sample.snapshots[number].record.tree))
    }

    @Test("shortens a file that lost a part, and leaves everything else as it was")
    func shortened() async throws {
        let sample = try await SampleRepository.copy()
        let blobs = try #require(try await node("data/vectors.bin", of: 0, in: sample).content)
        try await lose([BlobKey(.data, blobs[1])], in: sample)
        let repair = SnapshotRepair(try await sample.open())
        let before = sample.store.contents
        let planned = try await repair.diagnose()
        #expect(sample.store.contents == before, "a diagnosis changes nothing")
        let indexed = try await repair.usableIndex()
        let done = try await repair.rewriteTrees(in: indexed)
        #expect(planned.map(\.tree) == done.map(\.tree) && planned.count == 2)
        #expect(done.allSatisfy { !$0.isIntact && $0.losses.map(\.path) == ["/data/vectors.bin"] })
        #expect(done.allSatisfy { $0.losses.map(\.kind) == [.shortened] })
        var expected = sample.contents[0]
        let whole = try #require(expected["data/vectors.bin"])
        let lost = done[0].losses[0].lostBytes
        let tree = try #require(done[0].tree)
        let record = SnapshotRecord(time: .epoch, tree: tree, paths: [])
        let copy = StoredSnapshot(id: sample.snapshots[0].id, record: record)
        let read = try await SampleRepository.read(copy, in: sample.open().loadIndex())
        let rest = try #require(read["data/vectors.bin"])
        #expect(Int64(rest.count) == Int64(whole.count) - lost && lost > 0)
        // The first blob, then what followed the gap.
        #expect(rest.prefix(4096) == whole.prefix(4096) && rest.suffix(1000) == whole.suffix(1000))
        expected["data/vectors.bin"] = rest
        #expect(read == expected)
    }

    @Test("removes a file that lost all, and empties a folder that lost its tree")
    func removed() async throws {
        let sample = try await SampleRepository.copy()
        let readme = try #require(try await node("notes/readme.txt", of: 1, in: sample).content)
        let deep = try #require(try await node("notes/deep", of: 1, in: sample).subtree)
        try await lose(Set(readme.map { BlobKey(.data, $0) } + [BlobKey(.tree, deep)]), in: sample)
        let repair = SnapshotRepair(try await sample.open())
        let indexed = try await repair.usableIndex()
        let done = try await repair.rewriteTrees(in: indexed)
        let second = try #require(done.last)
        #expect(
            Dictionary(uniqueKeysWithValues: second.losses.map { ($0.path, $0.kind) })
                == ["/notes/readme.txt": .removed, "/notes/deep": .emptied]
        )
        let record = SnapshotRecord(time: .epoch, tree: try #require(second.tree), paths: [])
        let copy = StoredSnapshot(id: sample.snapshots[1].id, record: record)
        var expected = sample.contents[1]
        expected["notes/readme.txt"] = nil
        expected["notes/deep/er/payload"] = nil
        #expect(try await SampleRepository.read(copy, in: sample.open().loadIndex()) == expected)
        // restic finds nothing wrong in the copies, once the originals are gone.
        let repository = try await sample.open()
        for diagnosis in done {
            var copy = diagnosis.snapshot.record
            copy.tree = try #require(diagnosis.tree)
            _ = try await repository.save(copy)
            try await repository.remove(.snapshot, diagnosis.snapshot.id)
        }
        #expect(try await RepositoryCheck(repository).run().findings.map(\.kind) == [])
        try await sample.checkWithRestic()
    }

    @Test("gives up a snapshot whose root is lost, and waits for packs that may be salvaged")
    func hopeless() async throws {
        let sample = try await SampleRepository.copy()
        try await lose([BlobKey(.tree, sample.snapshots[0].record.tree)], in: sample)
        let done = try await SnapshotRepair(sample.open()).diagnose()
        #expect(done.count == 2 && done[0].tree == nil && done[1].isIntact)
        let pack = try #require(try await sample.packs(of: .data).first)
        let body = try #require(sample.store.contents[pack])
        sample.store.replace(body.getSlice(at: body.readerIndex, length: 1000), at: pack)
        let error = await #expect(throws: RepositoryError.self) { try await SnapshotRepair(sample.open()).diagnose() }
        #expect(error?.hint?.contains("repair packs") ?? false)
    }
}
