import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A rotation", .timeLimit(.minutes(10)))
struct RepositoryRotationTests {
    private func fixture() async throws -> CopyFixture {
        let fixture = try await CopyFixture()
        try await fixture.addSnapshot(1, blobs: 5, byteCount: 8192, tags: ["one"])
        try await fixture.addSnapshot(2, blobs: 3, byteCount: 8192)
        return fixture
    }

    private func open(_ store: MemoryStore?, _ phrase: [UInt8]) async throws -> IndexedRepository {
        try await Repository.open(in: try #require(store), password: phrase).loadIndex()
    }

    /// The new repository is at the configured place, the old one retired, and nothing else is left.
    private func expectDone(_ place: MemoryRotationPlace, like fixture: CopyFixture, _ comment: Comment? = nil)
        async throws
    {
        let new = try await open(place["current"], targetPassword)
        try await expectWhole(new, comment)
        let trees = try await new.repository.snapshots().map(\.record.tree)
        #expect(try await trees == fixture.repository.snapshots().map(\.record.tree), comment)
        let old = try await open(place["retired"], password)
        #expect(old.repository.id == fixture.repository.id && new.repository.id != old.repository.id, comment)
        #expect(place["next"] == nil, comment)
        #expect(place["current"]?.contents[RotationJournal.key] == nil, comment)
        #expect(try await RepositoryRotation(at: place, rotationOptions()).state() == .idle, comment)
    }

    @Test(
        "puts a repository with other keys in the place, of which the old password and the old key open nothing",
        arguments: [true, false]
    )
    func whole(isAtomic: Bool) async throws {
        let fixture = try await fixture()
        let place = MemoryRotationPlace(fixture.store, isAtomic: isAtomic)
        let blobs = try await fixture.open().blobCount
        let (state, plan) = try await RepositoryRotation(at: place, rotationOptions()).plan()
        #expect(state == .idle && plan?.blobs == blobs && place["next"] == nil)
        let report = try await RepositoryRotation(at: place, rotationOptions()).run()
        #expect(report.copiedSnapshots == 2 && report.provenBlobs == blobs && report.retired == "retired")
        try await expectDone(place, like: fixture)
        let new = try await open(place["current"], targetPassword).repository
        #expect(new.config.chunkerPolynomial != fixture.repository.config.chunkerPolynomial)
        // No lock stays anywhere.
        #expect(try await new.list(.lock).isEmpty)
        #expect(try await open(place["retired"], password).repository.list(.lock).isEmpty)

        let error = await #expect(throws: RepositoryError.self) { _ = try await open(place["current"], password) }
        #expect(error?.code == .wrongPassword)
        let oldContext = try SealingContext(key: fixture.repository.masterKey)
        for (key, body) in try #require(place["current"]).contents where key.path != RotationJournal.key.path {
            var output = [UInt8](repeating: 0, count: body.readableBytes)
            #expect(throws: ResticCryptoError.self, "\(key)") {
                try body.withUnsafeReadableBytes { sealed in
                    try output.withUnsafeMutableBytes { _ = try oldContext.open(sealed, into: $0) }
                }
            }
        }
        #expect(new.masterKey != fixture.repository.masterKey)
    }

    @Test(
        "that dies at any write or step leaves the old or the new repository whole, and the next one ends it",
        arguments: [true, false]
    )
    func crashes(isAtomic: Bool) async throws {
        let fixture = try await fixture()
        let undisturbed = MemoryRotationPlace(fixture.store.copy(), isAtomic: isAtomic)
        _ = try await RepositoryRotation(at: undisturbed, rotationOptions()).run()
        #expect(undisturbed.operations > 15)
        for operation in 1...undisturbed.operations {
            let place = MemoryRotationPlace(fixture.store.copy(), isAtomic: isAtomic)
            place.die(at: operation)
            // The last lock is removed with a remark in the log when that fails.
            _ = try? await RepositoryRotation(at: place, rotationOptions()).run()
            place.revive()
            let comment: Comment = "died at \(operation)"
            let state = try await RepositoryRotation(at: place, rotationOptions()).state()
            switch state {
            case .idle where place["retired"] == nil, .filling:
                let old = try await open(place["current"], password)
                #expect(old.repository.id == fixture.repository.id, comment)
                try await expectWhole(old, comment)
            case .halfSwitched:
                #expect(!isAtomic, comment)
                try await expectWhole(try await open(place["next"], targetPassword), comment)
                try await expectWhole(try await open(place["retired"], password), comment)
            default: try await expectWhole(try await open(place["current"], targetPassword), comment)
            }
            if isAtomic, Restic.isInstalled {
                for (name, phrase) in [
                    (
                        "current",
                        state == .filling || place["retired"] == nil && state == .idle ? password : targetPassword
                    ), ("next", state == .exchanged ? password : targetPassword),
                ] {
                    guard let store = place[name], store.contents[FileKind.config] != nil else { continue }
                    try await TemporaryDirectory.with { folder in
                        try await store.write(to: folder.path(name))
                        // What a dead process left: its lock, which restic wants to be told about.
                        try await Restic(folder.path(name), password: phrase).run("check", "--no-lock")
                    }
                }
            }
            if state == .idle, place["retired"] != nil { continue }
            let report = try await RepositoryRotation(at: place, rotationOptions()).run()
            #expect(report.found == state, comment)
            try await expectDone(place, like: fixture, comment)
        }
    }

    @Test("brings what was stored while it ran, and not what was forgotten")
    func meanwhile() async throws {
        let fixture = try await fixture()
        let place = MemoryRotationPlace(fixture.store, isAtomic: true)
        place.dieAtSwitch()
        await #expect(throws: (any Error).self) {
            _ = try await RepositoryRotation(at: place, rotationOptions()).run()
        }
        place.revive()
        #expect(try await RepositoryRotation(at: place, rotationOptions()).state() == .filling)
        try await fixture.addSnapshot(3, blobs: 2, byteCount: 8192)
        let gone = try await fixture.repository.snapshots()[0]
        try await fixture.repository.remove(.snapshot, gone.id)
        let report = try await RepositoryRotation(at: place, rotationOptions()).run()
        #expect(report.found == .filling)
        try await expectDone(place, like: fixture)
        #expect(try await open(place["current"], targetPassword).repository.snapshots().count == 2)
    }

    @Test("of a damaged repository does not switch, and says what is damaged")
    func damaged() async throws {
        let fixture = try await fixture()
        let place = MemoryRotationPlace(fixture.store, isAtomic: true)
        let pack = try #require(try await fixture.repository.list(.pack).first)
        var body = try #require(fixture.store.contents[FileKind.pack.key(pack)])
        body.setInteger(UInt8(0xFF) ^ (body.getInteger(at: body.readerIndex + 50) ?? 0), at: body.readerIndex + 50)
        fixture.store.replace(body, at: FileKind.pack.key(pack))
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await RepositoryRotation(at: place, rotationOptions()).run()
        }
        #expect(error?.code == .damaged)
        #expect(try await open(place["current"], password).repository.id == fixture.repository.id)
        #expect(try await RepositoryRotation(at: place, rotationOptions()).state() == .filling)
    }

    @Test("does not switch to a new repository in which a blob has gone bad since it was stored")
    func badTarget() async throws {
        let fixture = try await fixture()
        let place = MemoryRotationPlace(fixture.store, isAtomic: true)
        // Stopped before the switch, with everything copied.
        place.dieAtSwitch()
        _ = try? await RepositoryRotation(at: place, rotationOptions()).run()
        place.revive()
        let next = try #require(place["next"])
        let key = try #require(next.contents.keys.first { $0.path.hasPrefix("data/") })
        var body = try #require(next.contents[key])
        body.setInteger(UInt8(0xFF) ^ (body.getInteger(at: body.readerIndex + 50) ?? 0), at: body.readerIndex + 50)
        next.replace(body, at: key)
        await #expect(throws: RepositoryError.self) {
            _ = try await RepositoryRotation(at: place, rotationOptions()).run()
        }
        #expect(try await open(place["current"], password).repository.id == fixture.repository.id)
    }

    @Test("refuses what is in the way, and another new password than it was begun with")
    func refusals() async throws {
        let fixture = try await fixture()
        let foreign = MemoryRotationPlace(fixture.store.copy(), isAtomic: true)
        try await foreign.next.prepare()
        try await foreign.next.put(ByteBuffer(string: "mine"), at: FileKind.config, policy: .replaceExisting)
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await RepositoryRotation(at: foreign, rotationOptions()).run()
        }
        #expect(error?.code == .alreadyExists)

        let place = MemoryRotationPlace(fixture.store.copy(), isAtomic: true)
        place.dieAtSwitch()
        _ = try? await RepositoryRotation(at: place, rotationOptions()).run()
        place.revive()
        let other = await #expect(throws: RepositoryError.self) {
            _ = try await RepositoryRotation(at: place, rotationOptions(new: Array("third".utf8))).run()
        }
        #expect(other?.code == .wrongPassword && other?.message.contains("another new password") == true)
        await #expect(throws: RepositoryError.self) {
            _ = try await RepositoryRotation(at: place, rotationOptions(old: Array("third".utf8))).run()
        }
    }

    @Test("waits for nobody who uses the repository exclusively, and nobody writes with the old key into the new one")
    func race() async throws {
        let fixture = try await fixture()
        let place = MemoryRotationPlace(fixture.store, isAtomic: true)
        // Opened before the switch, locked after it.
        let late = try await Repository.open(in: place.current, password: password)
        try await fixture.repository.withLock(.exclusive) {
            let error = await #expect(throws: RepositoryError.self) {
                _ = try await RepositoryRotation(at: place, rotationOptions()).run()
            }
            #expect(error?.code == .locked)
        }
        _ = try await RepositoryRotation(at: place, rotationOptions()).run()
        let error = await #expect(throws: RepositoryError.self) {
            try await late.withLock(.shared) { Issue.record("a lock was taken with the old key") }
        }
        #expect(error?.code == .lockLost)
        let new = try await open(place["current"], targetPassword)
        #expect(try await new.repository.list(.lock).isEmpty)
    }

    @Test("with the chunking kept, the new repository cuts as the old one")
    func keptChunking() async throws {
        let fixture = try await fixture()
        let place = MemoryRotationPlace(fixture.store, isAtomic: true)
        var options = rotationOptions()
        options.keepsChunking = true
        _ = try await RepositoryRotation(at: place, options).run()
        let new = try await open(place["current"], targetPassword).repository
        #expect(new.config.chunkerPolynomial == fixture.repository.config.chunkerPolynomial)
    }
}
