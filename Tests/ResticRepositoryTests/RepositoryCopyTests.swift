import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A copy into a second repository", .timeLimit(.minutes(10)))
struct RepositoryCopyTests {
    @discardableResult
    private func copy(_ fixture: CopyFixture, into store: any ObjectStore) async throws -> (CopyPlan, CopyReport) {
        let copy = RepositoryCopy(from: try await fixture.open(), to: try await openTarget(in: store))
        let plan = try await copy.plan(try await fixture.groups())
        return (plan, try await copy.run(plan))
    }

    @Test(
        "holds the same trees; the plan says what it takes; a second one copies nothing; a later one only what is new"
    )
    func incremental() async throws {
        let fixture = try await CopyFixture()
        let first = try await fixture.addSnapshot(1, blobs: 6, byteCount: 64 << 10, tags: ["a", "b"])
        let target = MemoryStore(location: "target")
        _ = try await makeTarget(in: target)
        let (plan, report) = try await copy(fixture, into: target)
        // Four trees: the root and three folders.
        #expect(plan.blobs == 6 + 4 && plan.snapshotCount == 1 && plan.presentSnapshots == 0)
        #expect(report.copied.count == 1 && report.failures.isEmpty)
        #expect(report.written.newDataBlobs == 6 && report.written.newTreeBlobs == 4)
        // Neither compressed again nor inflated: to the byte what the source holds.
        #expect(report.written.newStoredBytes == plan.storedBytes)
        let copied = try await openTarget(in: target)
        let snapshot = try #require(try await copied.repository.snapshots().first)
        #expect(snapshot.record.original == first.id && snapshot.record.tree == first.record.tree)
        #expect(snapshot.record.tags == ["a", "b"] && snapshot.record.parent == nil)
        try await expectWhole(copied)

        let before = target.contents
        let (again, nothing) = try await copy(fixture, into: target)
        #expect(again.isEmpty && again.blobs == 0 && again.presentSnapshots == 1 && nothing.copied.isEmpty)
        #expect(target.contents == before)

        try await fixture.addSnapshot(2, blobs: 3, byteCount: 64 << 10)
        let (more, _) = try await copy(fixture, into: target)
        #expect(more.snapshotCount == 1 && more.presentSnapshots == 1 && more.blobs == 3 + 4)
        try await expectWhole(try await openTarget(in: target))
    }

    @Test("recognises its copies on the way back, and not a snapshot whose tags were changed")
    func recognition() async throws {
        let fixture = try await CopyFixture()
        var changed = try await fixture.addSnapshot(1, blobs: 2, byteCount: 4096)
        let target = MemoryStore()
        _ = try await makeTarget(in: target)
        try await copy(fixture, into: target)
        let there = try await openTarget(in: target)
        let groups = try await there.repository.snapshots().map { CopyGroup(name: "back", snapshots: [$0]) }
        let back = try await RepositoryCopy(from: there, to: try await fixture.open()).plan(groups)
        #expect(back.isEmpty && back.presentSnapshots == 1)

        // As `restic tag` does it.
        var record = changed.record
        record.tags = ["other"]
        record.original = changed.id
        try await fixture.repository.remove(.snapshot, changed.id)
        changed = try await fixture.repository.save(record)
        let (plan, report) = try await copy(fixture, into: target)
        #expect(plan.snapshotCount == 1 && plan.blobs == 0 && report.copied.count == 1)
        let copies = try await openTarget(in: target).repository.snapshots()
        #expect(copies.count == 2 && Set(copies.map(\.persistentID)).count == 1)
    }

    @Test("of a damaged source leaves out what is damaged, says why, and what follows in its group")
    func damagedSource() async throws {
        let fixture = try await CopyFixture()
        let sound = try await fixture.addSnapshot(1, blobs: 4, byteCount: 32 << 10)
        let bad = try await fixture.addSnapshot(2, blobs: 4, byteCount: 32 << 10)
        let after = try await fixture.addSnapshot(3, blobs: 1, byteCount: 1000)
        let indexed = try await fixture.open()
        let file = try #require(try await indexed.node(at: "folder-0/file-0", in: bad.record.tree))
        let blob = try #require(file.content?.first)
        let location = try #require(indexed.location(of: blob, .data))
        let key = FileKind.pack.key(location.pack)
        var pack = try #require(fixture.store.contents[key])
        let position = pack.readerIndex + Int(location.offset) + 40
        let byte = try #require(pack.getInteger(at: position, as: UInt8.self))
        pack.setInteger(byte ^ 1, at: position)
        fixture.store.replace(pack, at: key)

        let target = MemoryStore()
        let copy = RepositoryCopy(from: try await fixture.open(), to: try await makeTarget(in: target))
        let plan = try await copy.plan([
            CopyGroup(name: "sound", snapshots: [sound]), CopyGroup(name: "bad", snapshots: [bad, after]),
        ])
        #expect(plan.problems.isEmpty)
        let report = try await copy.run(plan)
        #expect(report.copied.map(\.source) == [sound.id])
        #expect(report.failures.map(\.group) == ["bad"] && report.failures[0].reason.contains("'file-0'"))
        try await expectWhole(try await openTarget(in: target))

        // A tree that is lost shows in the plan already.
        let lost = try await fixture.repository.list(.index)
        try await fixture.repository.remove(.index, lost[0])
        let broken = RepositoryCopy(from: try await fixture.open(), to: nil)
        let broke = try await broken.plan(try await fixture.groups())
        #expect(!broke.problems.isEmpty)
    }

    @Test("that dies at any write leaves a whole repository, and the next one copies only the rest")
    func crashes() async throws {
        let fixture = try await CopyFixture()
        try await fixture.addSnapshot(1, blobs: 40, byteCount: 1 << 20)
        try await fixture.addSnapshot(2, blobs: 10, byteCount: 1 << 20)
        let empty = MemoryStore()
        _ = try await makeTarget(in: empty)
        let undisturbed = FaultyStore(empty.copy())
        let (whole, _) = try await copy(fixture, into: undisturbed)
        // Three packs of data at least, one of trees, an index, two snapshots.
        #expect(undisturbed.writeCount >= 7)
        for write in 1...undisturbed.writeCount {
            let store = empty.copy()
            let faulty = FaultyStore(store, faults: [.crash(atWrite: write)])
            await #expect(throws: (any Error).self, "write \(write)") { try await copy(fixture, into: faulty) }
            let left = try await openTarget(in: store)
            try await expectWhole(left, "write \(write)")
            if Restic.isInstalled {
                try await TemporaryDirectory.with { folder in
                    try await store.write(to: folder.path("repo"))
                    try await Restic(folder.path("repo"), password: targetPassword).run("check")
                }
            }
            let (rest, report) = try await copy(fixture, into: store)
            #expect(rest.blobs == whole.blobs - left.blobCount, "write \(write)")
            #expect(report.failures.isEmpty)
            let done = try await openTarget(in: store)
            #expect(try await done.repository.snapshots().count == 2)
            try await expectWhole(done, "write \(write)")
        }
    }

    @Test("keeps what is compressed as it is, and gives format 1 what it can read", .enabled(if: Restic.isInstalled))
    func versions() async throws {
        for (from, to) in [("1", "2"), ("2", "1"), ("1", "1"), ("2", "2")] {
            try await TemporaryDirectory.with { folder in
                let (source, target) = (folder.path("source"), folder.path("target"))
                try await makeOddTree(at: folder.path("files"))
                try FileManager.default.removeItem(atPath: folder.path("files/oddlink"))
                let (restic, other) = (try Restic(source), try Restic(target, password: targetPassword))
                try await restic.run("init", "--repository-version", from)
                try await restic.run("backup", folder.path("files"))
                try await other.run("init", "--repository-version", to)
                let opened = try await openRepository(at: source)
                let copy = RepositoryCopy(from: opened, to: try await openTarget(in: LocalStore(path: target)))
                let snapshots = try await opened.repository.snapshots()
                let plan = try await copy.plan([CopyGroup(name: "all", snapshots: snapshots)])
                let report = try await copy.run(plan)
                #expect(report.copied.count == 1 && report.failures.isEmpty)
                try await other.run("check", "--read-data")
                let copied = try await openTarget(in: LocalStore(path: target))
                var compressed = 0
                copied.index.forEach { _, _, location in compressed += location.uncompressedLength == nil ? 0 : 1 }
                #expect((compressed > 0) == (to == "2"), "\(from) to \(to)")
                if from == "2", to == "2" { #expect(report.written.newStoredBytes == plan.storedBytes) }
                try await other.run("restore", "latest", "--target", folder.path("restored"))
                let restored = folder.path("restored") + folder.path("files")
                #expect(try await fingerprint(restored) == (try await fingerprint(folder.path("files"))))
            }
        }
    }

    @Test("is recognised by restic, and recognises restic's", .enabled(if: Restic.isInstalled))
    func withRestic() async throws {
        try await TemporaryDirectory.with { folder in
            let (ours, theirs) = (folder.path("ours"), folder.path("theirs"))
            let source = try await makeRepository(at: ours)
            try FileManager.default.createDirectory(atPath: folder.path("files"), withIntermediateDirectories: true)
            try Data("one".utf8).write(to: URL(filePath: folder.path("files/a")))
            try await backUp(folder.path("files"), into: try await source.loadIndex())
            let restic = try Restic(theirs, password: targetPassword)
            try await restic.run("init")
            func plan() async throws -> CopyPlan {
                let opened = try await openRepository(at: ours)
                let groups = try await opened.repository.snapshots().map { CopyGroup(name: "", snapshots: [$0]) }
                let copy = RepositoryCopy(from: opened, to: try await openTarget(in: LocalStore(path: theirs)))
                let plan = try await copy.plan(groups)
                _ = try await copy.run(plan)
                return plan
            }
            // restic copies; we find it done.
            try await restic.copy(from: ours, password: password)
            #expect(try await plan().isEmpty)
            // We copy; restic finds it done.
            try Data("two".utf8).write(to: URL(filePath: folder.path("files/b")))
            try await backUp(folder.path("files"), into: try await openRepository(at: ours))
            #expect(try await plan().snapshotCount == 1)
            let count = try await restic.run("list", "snapshots").text.split(separator: "\n").count
            try await restic.copy(from: ours, password: password)
            #expect(try await restic.run("list", "snapshots").text.split(separator: "\n").count == count && count == 2)
            // And back: restic copies the copies to where they came from, which is nowhere new.
            try await Restic(ours).copy(from: theirs, password: targetPassword)
            #expect(try await source.snapshots().count == 2)
            try await restic.run("check", "--read-data")
        }
    }
}
