import Foundation
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("The index cache")
struct IndexCacheTests {
    /// A repository in memory with some blobs, and a store that counts what is read from it.
    private func makeRepository(indexes: Int = 3) async throws -> (MemoryStore, [ResticID]) {
        let store = MemoryStore()
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
        var generator = SeededGenerator(seed: 7)
        var blobs: [ResticID] = []
        for _ in 0..<indexes {
            let indexed = try await repository.loadIndex()
            let (ids, _) = try await indexed.write(WriteOptionsForTests.small) { [bytes = generator.bytes(200_000)] in
                let content = try await $0.store(bytes)
                var composer = TreeComposer(time: .epoch, host: .current)
                composer.addFile("file", size: 200_000, blobs: try await content.blobs())
                _ = try await composer.store(into: $0)
                return try await content.blobs()
            }
            blobs += ids
        }
        return (store, blobs)
    }

    private func open(_ store: any ObjectStore) async throws -> Repository {
        try await Repository.open(in: store, password: password)
    }

    private func entries(_ repository: IndexedRepository) -> [String] {
        var entries: [String] = []
        repository.index.forEach { entries.append("\($0) \($1) \($2)") }
        return entries.sorted()
    }

    private func cacheFiles(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.split(separator: "/").count == 3 }
            .sorted()
    }

    @Test("gives the same index a second time, without reading an index file of the repository")
    func secondOpening() async throws {
        try await TemporaryDirectory.with { folder in
            let (store, blobs) = try await makeRepository()
            let cache = IndexCache(folder: folder.path("cache"))
            let uncached = try await open(store).loadIndex()
            let first = try await open(store).loadIndex(cache: cache)
            let faulty = FaultyStore(store)
            let repository = try await open(faulty)
            faulty.order(Fault(.fail(.unavailable), on: [.get], keyPrefix: "index/", occurrences: 1...100))
            let second = try await repository.loadIndex(cache: cache)
            #expect(entries(first) == entries(uncached) && entries(second) == entries(uncached))
            #expect(blobs.allSatisfy { second.location(of: $0, .data) != nil } && !blobs.isEmpty)
            await #expect(throws: ObjectStoreError.self) { try await repository.loadIndex() }
        }
    }

    @Test("is for this user only, and holds no id and no name in plain")
    func isPrivate() async throws {
        try await TemporaryDirectory.with { folder in
            let (store, blobs) = try await makeRepository()
            let repository = try await open(store)
            _ = try await repository.loadIndex(cache: IndexCache(folder: folder.path("a/cache")))
            let files = try cacheFiles(folder.path("a/cache"))
            #expect(files.count == 3 && files.allSatisfy { $0.hasPrefix("\(repository.id)/index/") })
            for path in try ["a", "a/cache"] + FileManager.default.subpathsOfDirectory(atPath: folder.path("a")) {
                let full = path.hasPrefix("a") && path.count < 8 ? folder.path(path) : folder.path("a/\(path)")
                let attributes = try FileManager.default.attributesOfItem(atPath: full)
                let mode = try #require(attributes[.posixPermissions] as? Int)
                let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
                #expect(mode == (isFolder ? 0o700 : 0o600), "\(full)")
            }
            for file in files {
                let bytes = try Data(contentsOf: URL(filePath: folder.path("a/cache/\(file)")))
                #expect(blobs.allSatisfy { bytes.range(of: Data($0.bytes)) == nil })
                #expect(bytes.range(of: Data("hfindex1".utf8)) == nil)
            }
        }
    }

    @Test(
        "is built again when a file of it is damaged, foreign or missing",
        arguments: ["flipped", "cut", "empty", "longer", "swapped", "other key", "missing", "folder"]
    )
    func rebuilt(damage: String) async throws {
        try await TemporaryDirectory.with { folder in
            let (store, _) = try await makeRepository()
            let cache = IndexCache(folder: folder.path("cache"))
            let expected = entries(try await open(store).loadIndex(cache: cache))
            let files = try cacheFiles(folder.path("cache")).map { folder.path("cache/\($0)") }
            let sound = try Data(contentsOf: URL(filePath: files[0]))
            var bytes = sound
            try FileManager.default.removeItem(atPath: files[0])
            switch damage {
            case "flipped": bytes[bytes.count / 2] ^= 1
            case "cut": bytes.removeLast(50)
            case "empty": bytes = Data()
            case "longer": bytes.append(0)
            case "swapped": bytes = try Data(contentsOf: URL(filePath: files[1]))
            case "other key":
                let (other, _) = try await makeRepository(indexes: 1)
                let there = IndexCache(folder: folder.path("other"))
                _ = try await open(other).loadIndex(cache: there)
                let file = try #require(try cacheFiles(folder.path("other")).first)
                bytes = try Data(contentsOf: URL(filePath: folder.path("other/\(file)")))
            default: break
            }
            switch damage {
            case "missing": break
            case "folder":
                try FileManager.default.createDirectory(atPath: files[0], withIntermediateDirectories: false)
            default: try bytes.write(to: URL(filePath: files[0]))
            }
            #expect(entries(try await open(store).loadIndex(cache: cache)) == expected)
            // Sound again, unless something stands in its place that is none of the cache's.
            if damage != "folder" {
                #expect(try Data(contentsOf: URL(filePath: files[0])).count == sound.count)
            }
            #expect(entries(try await open(store).loadIndex(cache: cache)) == expected)
        }
    }

    @Test("that can be neither read nor written is no error")
    func unusable() async throws {
        try await TemporaryDirectory.with { folder in
            let (store, _) = try await makeRepository()
            try Data("a file".utf8).write(to: URL(filePath: folder.path("file")))
            for path in ["/proc/nowhere/cache", folder.path("file"), folder.path("file/below")] {
                let repository = try await open(store).loadIndex(cache: IndexCache(folder: path))
                #expect(entries(repository).count == (try await open(store).loadIndex().blobCount))
            }
            #expect(try String(contentsOfFile: folder.path("file"), encoding: .utf8) == "a file")
        }
    }

    @Test("forgets index files that the repository no longer has")
    func goneIndexes() async throws {
        try await TemporaryDirectory.with { folder in
            let (store, _) = try await makeRepository()
            let cache = IndexCache(folder: folder.path("cache"))
            _ = try await open(store).loadIndex(cache: cache)
            let repository = try await open(store)
            let gone = try #require(try await repository.list(.index).first)
            try await repository.remove(.index, gone)
            let reopened = try await open(store).loadIndex(cache: cache)
            #expect(entries(reopened) == entries(try await open(store).loadIndex()))
            let files = try cacheFiles(folder.path("cache"))
            #expect(files.count == 2 && !files.contains { $0.hasSuffix(gone.hex) })
        }
    }

    @Test("removes what other repositories left unused for 30 days, and nothing that is not its own")
    func unused() async throws {
        try await TemporaryDirectory.with { folder in
            let root = folder.path("cache")
            let (old, _) = try await makeRepository(indexes: 1)
            let (recent, _) = try await makeRepository(indexes: 1)
            let (current, _) = try await makeRepository(indexes: 1)
            let oldID = try await open(old).loadIndex(cache: IndexCache(folder: root)).repository.id
            let recentID = try await open(recent).loadIndex(cache: IndexCache(folder: root)).repository.id
            try Data("mine".utf8).write(to: URL(filePath: "\(root)/notes.txt"))
            let now = Date.now
            func age(_ id: String, days: Double) throws {
                try FileManager.default.setAttributes(
                    [.modificationDate: now.addingTimeInterval(-days * 86_400)],
                    ofItemAtPath: "\(root)/\(id)"
                )
            }
            try age(oldID, days: 31)
            try age(recentID, days: 29)
            let currentID = try await open(current).loadIndex(cache: IndexCache(folder: root)).repository.id
            let left = try FileManager.default.contentsOfDirectory(atPath: root)
            #expect(Set(left) == [recentID, currentID, "notes.txt"])
        }
    }

    @Test("stays within its bound: other repositories go first, then its own files")
    func bound() async throws {
        try await TemporaryDirectory.with { folder in
            let root = folder.path("cache")
            let (other, _) = try await makeRepository(indexes: 2)
            let (current, _) = try await makeRepository(indexes: 3)
            let otherID = try await open(other).loadIndex(cache: IndexCache(folder: root)).repository.id
            var cache = IndexCache(folder: root)
            // Their lengths differ from one repository to the next, since each draws the polynomial that it cuts by: all but the
            // shortest file have room, whichever goes.
            let trial = folder.path("trial")
            _ = try await open(current).loadIndex(cache: IndexCache(folder: trial))
            let lengths = try cacheFiles(trial).map { file in
                try #require(FileManager.default.attributesOfItem(atPath: "\(trial)/\(file)")[.size] as? Int64)
            }
            cache.maximumByteCount = lengths.reduce(0, +) - (try #require(lengths.min()))
            let expected = entries(try await open(current).loadIndex())
            for _ in 0..<2 {
                #expect(entries(try await open(current).loadIndex(cache: cache)) == expected)
                let files = try cacheFiles(root)
                #expect(files.count == 2 && !files.contains { $0.hasPrefix(otherID) }, "\(files)")
            }
        }
    }

    @Test("keeps every number of an index file, whatever it holds", arguments: 0..<20 as Range<UInt64>)
    func compactForm(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func random() -> ResticID { ResticID.random(using: &generator) }
        let packs = (0..<Int.random(in: 0...5, using: &generator)).map { _ in
            IndexPack(
                id: random(),
                blobs: (0..<Int.random(in: 1...40, using: &generator)).map { _ in
                    PackedBlob(
                        id: random(),
                        type: Bool.random(using: &generator) ? .data : .tree,
                        offset: UInt32.random(in: 0...(UInt32.max / 2), using: &generator),
                        length: UInt32.random(in: 32...(UInt32.max / 2), using: &generator),
                        uncompressedLength: Bool.random(using: &generator)
                            ? UInt32.random(in: 1...UInt32.max, using: &generator) : nil
                    )
                }
            )
        }
        let id = random()
        let json = IndexFile(packs: packs).encode()
        let compact = try json.withUnsafeBytes { try CompactIndex(json: $0, id: id) }
        let again = try #require(CompactIndex(bytes: compact.bytes, id: id))
        var found: [IndexPack] = []
        again.forEach(
            pack: { found.append(IndexPack(id: $0, blobs: [])) },
            blob: { found[found.count - 1].blobs.append($0) }
        )
        #expect(found == packs, "seed \(seed)")
        #expect(again.blobCount == packs.reduce(0) { $0 + $1.blobs.count } && again.packCount == packs.count)
        #expect(CompactIndex(bytes: compact.bytes, id: random()) == nil)
        for _ in 0..<50 {
            var damaged = compact.bytes
            if Bool.random(using: &generator) {
                damaged.removeLast(Int.random(in: 1...damaged.count, using: &generator))
                #expect(CompactIndex(bytes: damaged, id: id) == nil, "seed \(seed)")
            } else {
                // Authentication is what finds these: they must only do no harm.
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] ^= UInt8.random(
                    in: 1...255,
                    using: &generator
                )
                CompactIndex(bytes: damaged, id: id)?.forEach(pack: { _ in }, blob: { _ in })
            }
        }
    }
}
