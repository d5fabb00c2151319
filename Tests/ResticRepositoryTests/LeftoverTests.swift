import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// What a run leaves that is killed before its index is written, and what the next one makes of it.
@Suite("Packs that no index names", .timeLimit(.minutes(2)))
struct LeftoverTests {
    /// A repository into which `bytes` were stored by a run that died before its index: the packs are there, nothing else.
    private func makeLeftovers(_ bytes: [UInt8]) async throws -> (MemoryStore, Repository) {
        let store = MemoryStore()
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: SystemWallClock().now,
            scrypt: cheapScrypt
        )
        _ = try await repository.loadIndex().write(WriteOptionsForTests.small) { try await $0.store(bytes).blobs() }
        for id in try await repository.list(.index) { try await repository.remove(.index, id) }
        return (store, repository)
    }

    private func bytes(_ seed: UInt64) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return generator.bytes(300_000)
    }

    @Test("are taken over: their blobs are not stored again, and read as ever")
    func takesOver() async throws {
        let content = bytes(1)
        let (_, repository) = try await makeLeftovers(content)
        let packs = Set(try await repository.list(.pack))
        let indexed = try await repository.loadIndex()
        let adopted = try await indexed.adoptLeftovers()
        #expect(adopted.packCount == packs.count && adopted.byteCount > 300_000)
        let (blobs, statistics) = try await indexed.write(WriteOptionsForTests.small) {
            try await $0.store(content).blobs()
        }
        #expect(statistics.newDataBlobs == 0)
        #expect(Set(try await repository.list(.pack)) == packs)
        // The next to open it knows them too.
        let again = try await repository.loadIndex()
        var read: [UInt8] = []
        for try await part in again.content(of: blobs) { read += part.readableBytesView }
        #expect(read == content)
        #expect(try await again.adoptLeftovers() == AdoptedPacks())
    }

    @Test("are left alone when they are going to be removed, or are no packs of this repository")
    func leavesAlone() async throws {
        let (store, repository) = try await makeLeftovers(bytes(2))
        let pack = try #require(try await repository.list(.pack).first)
        let key = FileKind.pack.key(pack)
        let whole = try await store.get(key, range: nil)
        // Half a pack, and bytes that never were one.
        store.replace(try #require(whole.getSlice(at: whole.readerIndex, length: 1000)), at: key)
        let noise = ResticID(hex: String(repeating: "ab", count: 32))
        store.replace(ByteBuffer(repeating: 7, count: 5000), at: FileKind.pack.key(try #require(noise)))
        #expect(try await repository.loadIndex().adoptLeftovers() == AdoptedPacks())
        // Whole again, but marked.
        store.replace(whole, at: key)
        _ = try await repository.saveMarks(
            [PackMark.Pack(id: pack, reason: .unindexed)],
            time: SystemWallClock().now,
            holders: []
        )
        #expect(try await repository.loadIndex().adoptLeftovers() == AdoptedPacks())
        #expect(try await repository.list(.index).isEmpty)
    }

    @Test("are only looked for after a death, and while nobody else is at work")
    func conditions() async throws {
        let (_, repository) = try await makeLeftovers(bytes(3))
        @Sendable func adopt() async throws -> AdoptedPacks {
            try await repository.withLock(.shared, clock: SystemWallClock(), timing: LockTiming()) { (own: OwnLock) in
                try await repository.loadIndex().adoptLeftovers(under: own)
            }
        }
        @Sendable func leaveDeadLock() async throws {
            let host = repository.host
            let record = LockRecord(
                time: GoTime(seconds: 0),
                exclusive: false,
                hostname: "elsewhere",
                username: host.userName,
                pid: 1,
                uid: 0,
                gid: 0
            )
            try await repository.save(.lock, record.encode())
        }
        #expect(try await adopt() == AdoptedPacks())
        try await repository.withLock(.shared) {
            try await leaveDeadLock()
            // Another run is alive beside us.
            let adopted = try await adopt()
            #expect(adopted == AdoptedPacks())
        }
        try await leaveDeadLock()
        #expect(try await adopt().packCount > 0)
    }
}
