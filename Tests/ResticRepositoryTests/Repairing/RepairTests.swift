import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

extension SampleRepository {
    /// Writes the repository as files and lets restic check it, all data read.
    func checkWithRestic(readingData: Bool = true) async throws {
        guard Restic.isInstalled else { return }
        try await TemporaryDirectory.with { folder in
            for (key, body) in store.contents where !key.path.hasPrefix("locks/") {
                let url = URL(filePath: folder.path(key.path))
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try Data(body.readableBytesView).write(to: url)
            }
            let restic = try Restic(folder.path)
            if readingData { try await restic.check() } else { try await restic.run("check") }
        }
    }

    /// Removes the locks, which the tests of repairs are not about.
    func removeLocks() {
        for key in keys(under: "locks") { store.replace(nil, at: key) }
    }

    /// Fails unless both snapshots restore as they were.
    func expectAllRestored() async throws {
        let indexed = try await open().loadIndex()
        for (snapshot, files) in zip(snapshots, contents) {
            #expect(try await Self.read(snapshot, in: indexed) == files)
        }
    }
}

@Suite("A repair of the index", .timeLimit(.minutes(5)))
struct IndexRepairTests {
    @Test("brings back what any damage to an index file took, and sets the old file aside", arguments: Damage.allCases)
    func heals(damage: Damage) async throws {
        let sample = try await SampleRepository.copy()
        try await damage.apply(to: .index, in: sample)
        let damaged = sample.store.contents
        let repository = try await sample.open()
        let repair = IndexRepair(repository)
        let plan = try await repair.plan()
        #expect(sample.store.contents == damaged, "a plan changes nothing")
        #expect(!plan.isEmpty)
        try await repair.apply(plan)
        let report = try await RepositoryCheck(repository, readingData: .all).run()
        #expect(report.isIntact, "\(report.findings)")
        try await sample.expectAllRestored()
        try await sample.checkWithRestic()
        // The old files are there, byte for byte.
        let kept = try await ReplacedFiles(repository).list()
        #expect(kept.count == plan.replaced.count)
        for file in kept {
            let original = try #require(ObjectKey(file.original))
            #expect(sample.store.contents[file.key] == damaged[original])
        }
        #expect(try await repair.plan().isEmpty)
        try await ReplacedFiles(repository).delete(kept)
        #expect(try await ReplacedFiles(repository).list().isEmpty)
    }

    @Test("stops naming a pack that is gone, and names it again when it is back")
    func missingPack() async throws {
        let sample = try await SampleRepository.copy()
        let pack = try #require(try await sample.packs(of: .data).first)
        let body = sample.store.contents[pack]
        sample.store.replace(nil, at: pack)
        let repository = try await sample.open()
        let repair = IndexRepair(repository)
        let plan = try await repair.plan()
        #expect(plan.missingPacks.map { FileKind.pack.key($0) } == [pack] && plan.replaced.count == 1)
        try await repair.apply(plan)
        let report = try await RepositoryCheck(repository).run()
        #expect(report.findings.map(\.kind) == [.blob], "\(report.findings)")
        #expect(try await repair.plan().isEmpty)
        sample.store.replace(body, at: pack)
        try await repair.apply(repair.plan())
        #expect(try await RepositoryCheck(repository, readingData: .all).run().isIntact)
        try await sample.expectAllRestored()
        try await sample.checkWithRestic()
    }

    @Test("of a sound repository has nothing to do")
    func sound() async throws {
        let sample = try await SampleRepository.copy()
        let plan = try await IndexRepair(sample.open()).plan()
        #expect(plan.isEmpty && plan.replaced.isEmpty && plan.unreadablePacks.isEmpty)
    }

    @Test("that dies at any write loses nothing and is completed by the next")
    func crashes() async throws {
        let sample = try await SampleRepository.copy()
        sample.removeLocks()
        try await Damage.flip.apply(to: .index, in: sample)
        try await forEachCrash(of: sample) { store in
            let repair = IndexRepair(try await Repository.open(in: store, password: password))
            try await repair.apply(repair.plan())
        } then: { after in
            let report = try await RepositoryCheck(after.open(), readingData: .all).run()
            #expect(report.isIntact, "\(report.findings)")
            try await after.expectAllRestored()
        }
    }
}

@Suite("A repair of packs", .timeLimit(.minutes(5)))
struct PackRepairTests {
    @Test("loses nothing when only the header is damaged", arguments: [Damage.flip, .truncate])
    func header(damage: Damage) async throws {
        let sample = try await SampleRepository.copy()
        try await damage.apply(to: .packHeader, in: sample)
        let repository = try await sample.open()
        let repair = PackRepair(repository)
        let before = sample.store.contents
        let plan = try await repair.plan([])
        #expect(plan.packs.count == 1 && plan.packs[0].lostBlobs == 0 && plan.packs[0].goodBlobs > 0)
        #expect(sample.store.contents == before, "a plan changes nothing")
        try await repair.apply(plan)
        let report = try await RepositoryCheck(repository, readingData: .all).run()
        #expect(report.isIntact && report.remarks.map(\.kind) == [.replacedFile], "\(report)")
        try await sample.expectAllRestored()
        try await sample.checkWithRestic()
        let kept = try await ReplacedFiles(repository).list()
        #expect(kept.contains { $0.original == FileKind.pack.key(plan.packs[0].id).path })
        #expect(try await repair.plan([]).isEmpty)
    }

    @Test("salvages every other blob, says what is lost, and the next backup heals it")
    func heals() async throws {
        try await TemporaryDirectory.with { folder in
            var random = SeededGenerator(seed: 11)
            let source = folder.path("source")
            try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
            try Data(random.bytes(200_000)).write(to: URL(filePath: "\(source)/vectors.bin"))
            try Data(random.bytes(3000)).write(to: URL(filePath: "\(source)/small.bin"))
            let created = try await makeRepository(at: folder.path("repo"))
            let (snapshot, _, _) = try await backUp(source, into: created.loadIndex())
            let indexed = try await created.loadIndex()
            let node = try #require(try await indexed.node(at: "vectors.bin", in: snapshot.record.tree))
            let blobs = try #require(node.content)
            let location = try #require(indexed.location(of: blobs[2], .data))
            try flip(folder.path("repo/\(FileKind.pack.key(location.pack).path)"), at: Int(location.offset) + 40)

            let repair = PackRepair(created)
            let plan = try await repair.plan([location.pack.short])
            #expect(plan.packs.map(\.lostBlobs) == [1] && plan.packs.map(\.goodBlobs) == [Set(blobs).count])
            #expect(plan.findings.first?.files.items == ["/vectors.bin"])
            try await repair.apply(plan)
            let lost = try await RepositoryCheck(created, readingData: .all).run()
            #expect(lost.findings.map(\.kind) == [.blob] && lost.findings[0].files.items == ["/vectors.bin"])
            #expect(lost.findings[0].details.items.contains { $0.contains(blobs[2].hex) })

            // With the snapshot as its parent, so that an unchanged file is taken over only if its blobs are there.
            let again = try await created.loadIndex()
            let (second, _, written) = try await backUp(source, into: again, parent: snapshot.record.tree)
            #expect(written.newDataBlobs == 1)
            #expect(second.record.tree == snapshot.record.tree)
            let healed = try await RepositoryCheck(created, readingData: .all).run()
            #expect(healed.isIntact, "\(healed.findings)")
            let read = try await SampleRepository.read(snapshot, in: created.loadIndex())
            #expect(
                read["vectors.bin"].map { Data($0) } == (try Data(contentsOf: URL(filePath: "\(source)/vectors.bin")))
            )
            if Restic.isInstalled { try await Restic(folder.path("repo")).check() }
        }
    }

    private func flip(_ path: String, at offset: Int) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[offset] ^= 0x04
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        try bytes.write(to: URL(filePath: path))
    }

    @Test("does not count as lost what another pack holds too")
    func copies() async throws {
        let sample = try await SampleRepository.copy()
        let repository = try await sample.open()
        let pack = try #require(try await sample.packs(of: .data).first)
        let id = try #require(FileKind.pack.id(in: pack))
        // Every blob of the pack once more, in a pack that another process wrote at the same time.
        let old = try await repository.loadIndex()
        let catalog = try await repository.loadCatalog()
        let target = IndexedRepository(repository: repository, index: catalog.makeIndex(without: [id]))
        _ = try await target.write { writer in
            for blob in catalog.contents(of: id).blobs {
                let content = try await old.load(blob.id, blob.type)
                try await writer.store(Array(content.readableBytesView), as: blob.type, id: blob.id)
            }
        }
        sample.store.replace(ByteBuffer(), at: pack)
        let report = try await RepositoryCheck(repository, readingData: .all).run()
        #expect(report.findings.count == 1 && report.findings[0].snapshots.isEmpty, "\(report.findings)")
        let repair = PackRepair(repository)
        let plan = try await repair.plan([])
        #expect(plan.packs.map(\.lostBlobs) == [0])
        try await repair.apply(plan)
        #expect(try await RepositoryCheck(repository, readingData: .all).run().isIntact)
        try await sample.expectAllRestored()
        try await sample.checkWithRestic()
    }

    @Test("refuses a name that no pack or more than one has")
    func names() async throws {
        let repair = PackRepair(try await SampleRepository.copy().open())
        let missing = await #expect(throws: RepositoryError.self) { try await repair.plan(["zz"]) }
        #expect(missing?.code == .missing)
        let ambiguous = await #expect(throws: RepositoryError.self) { try await repair.plan([""]) }
        #expect(ambiguous?.code == .ambiguous)
    }

    @Test(
        "that dies at any write loses nothing more and is completed by the next",
        arguments: [ObjectKind.packHeader, .dataPack]
    )
    func crashes(kind: ObjectKind) async throws {
        let sample = try await SampleRepository.copy()
        sample.removeLocks()
        try await Damage.flip.apply(to: kind, in: sample)
        try await forEachCrash(of: sample) { store in
            let repair = PackRepair(try await Repository.open(in: store, password: password))
            try await repair.apply(repair.plan([]))
        } meanwhile: { dead in
            // A blob that is lost is missed as soon as no index names it; where none is, restic accepts every state between.
            guard kind == .packHeader else { return }
            try await dead.checkWithRestic(readingData: false)
            try await dead.expectAllRestored()
        } then: { after in
            let report = try await RepositoryCheck(after.open(), readingData: .all).run()
            if kind == .packHeader {
                #expect(report.isIntact, "\(report.findings)")
                try await after.expectAllRestored()
            } else {
                #expect(
                    report.findings.map(\.kind) == [.blob] && report.findings[0].details.count == 1,
                    "\(report.findings)"
                )
            }
            #expect(try await PackRepair(after.open()).plan([]).isEmpty)
        }
    }
}

/// Runs `work` on copies of a repository so that it dies at its first write, its second, …, and calls `look`; then once more
/// without dying, and calls `check`.
private func forEachCrash(
    of sample: SampleRepository,
    _ work: (any ObjectStore) async throws -> Void,
    meanwhile look: (SampleRepository) async throws -> Void = { _ in },
    then check: (SampleRepository) async throws -> Void
) async throws {
    for number in 1... {
        let copy = SampleRepository(store: sample.store.copy(), snapshots: sample.snapshots, contents: sample.contents)
        let faulty = FaultyStore(copy.store, faults: [.crash(atWrite: number)])
        do {
            try await work(faulty)
        } catch {
            #expect(faulty.hasCrashed, "\(error)")
        }
        let hasCrashed = faulty.hasCrashed
        if hasCrashed {
            try await look(copy)
            try await work(copy.store)
        }
        try await check(copy)
        // Beyond the last write.
        if !hasCrashed {
            #expect(number > 3, "so few writes cannot have been all")
            return
        }
    }
}
