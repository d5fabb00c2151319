import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// The password of the repositories that tests copy to.
let targetPassword = Array("another phrase".utf8)

/// A repository in memory whose snapshots are made of a few large blobs, without the cost of cutting them: copies of it write
/// several packs.
struct CopyFixture {
    let store = MemoryStore(location: "source")
    let repository: Repository

    init() async throws {
        repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
    }

    /// Adds a snapshot of a folder with one file a blob, every fourth of them compressible.
    @discardableResult
    func addSnapshot(_ number: Int, blobs: Int, byteCount: Int, tags: [String] = []) async throws -> StoredSnapshot {
        var generator = SeededGenerator(seed: UInt64(number))
        let contents = (0..<blobs).map { index in
            index % 4 != 3
                ? generator.bytes(byteCount)
                : Array(generator.bytes(64).map { [UInt8](repeating: $0, count: byteCount / 64) }.joined())
        }
        let indexed = try await repository.loadIndex()
        let (tree, _) = try await indexed.write { writer in
            var composer = TreeComposer(time: .epoch, host: .current)
            for (index, content) in contents.enumerated() {
                let id = content.withUnsafeBytes { ContentHash.id(of: $0) }
                try await writer.store(
                    TransferBlob(
                        id: id,
                        type: .data,
                        body: ByteBuffer(bytes: content),
                        uncompressedLength: nil,
                        keepsForm: false
                    )
                )
                composer.addFile("folder-\(index % 3)/file-\(index)", size: Int64(content.count), blobs: [id])
            }
            return try await composer.store(into: writer)
        }
        var record = SnapshotRecord(
            time: GoTime(seconds: Int64(number)),
            tree: tree,
            paths: ["/data"],
            hostname: "test"
        )
        record.tags = tags
        return try await repository.save(record)
    }

    func open() async throws -> IndexedRepository {
        try await Repository.open(in: store, password: password).loadIndex()
    }

    /// Each snapshot a group of its own, oldest first.
    func groups() async throws -> [CopyGroup] {
        try await repository.snapshots().map { CopyGroup(name: $0.id.short, snapshots: [$0]) }
    }
}

func makeTarget(in store: any ObjectStore) async throws -> IndexedRepository {
    try await Repository.create(in: store, password: targetPassword, createdAt: .epoch, scrypt: cheapScrypt).loadIndex()
}

func openTarget(in store: any ObjectStore) async throws -> IndexedRepository {
    try await Repository.open(in: store, password: targetPassword).loadIndex()
}

/// Everything that can be reached from the snapshots of a repository is there and is what it says.
func expectWhole(_ repository: IndexedRepository, _ comment: Comment? = nil) async throws {
    for snapshot in try await repository.repository.snapshots() {
        let report = try await TreeVerifier(depth: .content).verify(snapshot.record.tree, in: repository)
        #expect(report.problems.isEmpty, comment)
    }
}

extension MemoryStore {
    /// Writes all objects into a folder, for programs that want files.
    func write(to folder: String) async throws {
        let store = LocalStore(path: folder)
        try await store.prepare()
        for (key, body) in contents { try await store.put(body, at: key, policy: .replaceExisting) }
    }
}
