import Foundation
import LocalStorage
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Statistics")
struct StatisticsTests {
    /// Some groups of random trees that share files and folders in every way.
    private func makeGroups(
        in repository: IndexedRepository,
        _ generator: inout SeededGenerator
    ) async throws -> [[ResticID]] {
        let contents = (0..<12).map { _ in generator.bytes(Int.random(in: 0...9000, using: &generator)) }
        var groups: [[ResticID]] = []
        try await TemporaryDirectory.with { folder in
            for group in 0..<4 {
                var roots: [ResticID] = []
                for root in 0..<Int.random(in: 1...2, using: &generator) {
                    let source = folder.path("source-\(group)-\(root)")
                    for _ in 0..<Int.random(in: 1...8, using: &generator) {
                        let parent =
                            source
                            + "/\(Int.random(in: 0..<3, using: &generator))/\(Int.random(in: 0..<2, using: &generator))"
                        try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
                        let content = try #require(contents.randomElement(using: &generator))
                        let file = URL(filePath: parent + "/\(Int.random(in: 0..<4, using: &generator))")
                        try Data(content).write(to: file)
                    }
                    roots.append(try await backUp(source, into: repository).0.record.tree)
                }
                groups.append(roots)
            }
        }
        // And one that is there already.
        return groups + [groups[0]]
    }

    /// Every blob that trees need, found the plain way.
    private func blobs(_ roots: [ResticID], in repository: IndexedRepository) async throws -> Set<[UInt8]> {
        var blobs: Set<[UInt8]> = []
        for root in roots {
            blobs.insert([1] + root.bytes)
            try await repository.walk(root) { entry in
                if let subtree = entry.node.subtree { blobs.insert([1] + subtree.bytes) }
                for blob in entry.node.content ?? [] { blobs.insert([0] + blob.bytes) }
                return true
            }
        }
        return blobs
    }

    private func stored(_ blob: [UInt8], in repository: IndexedRepository) -> Int64 {
        let type: BlobType = blob[0] == 1 ? .tree : .data
        return Int64(repository.location(of: ResticID(blob.dropFirst())!, type)?.length ?? 0)
    }

    @Test("give each group what only it needs, and call unneeded what none needs", arguments: 1...8)
    func unique(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let repository = try await makeRepositoryInMemory(chunkerPolynomial: 0x3DA3_358B_4DC1_73)
        let all = try await makeGroups(in: repository, &generator)
        // The last but one is given up: what only it needed is needed by nobody.
        let groups = all.enumerated().filter { $0.offset != 3 }.map(\.element)
        let statistics = try await StatisticsRun(repository).run(groups)
        #expect(statistics.problems.isEmpty, "\(statistics.problems)")
        var needs: [Set<[UInt8]>] = []
        for group in groups { needs.append(try await blobs(group, in: repository)) }
        for (index, group) in statistics.groups.enumerated() {
            let others = needs.enumerated().filter { $0.offset != index }.reduce(into: Set()) {
                $0.formUnion($1.element)
            }
            let only = needs[index].subtracting(others)
            #expect(group.unique.count == only.count, "group \(index), seed \(seed)")
            #expect(group.unique.storedBytes == only.reduce(0) { $0 + stored($1, in: repository) }, "seed \(seed)")
        }
        #expect(statistics.groups[0].unique.count == 0 && statistics.groups[3].unique.count == 0)
        let needed = needs.reduce(into: Set()) { $0.formUnion($1) }
        #expect(statistics.referencedData.count + statistics.referencedTrees.count == needed.count, "seed \(seed)")
        #expect(statistics.unreferenced.count == repository.blobCount - needed.count, "seed \(seed)")
        #expect(statistics.duplicateBytes == 0 && statistics.unindexedPacks.count == 0)
        let files = try #require(statistics.files[.pack])
        #expect(files.bytes > statistics.data.storedBytes + statistics.trees.storedBytes)
    }

    @Test("count a hard link once, in each folder that holds it and in all together")
    func hardLinks() async throws {
        try await TemporaryDirectory.with { folder in
            let source = folder.path("source")
            for name in ["a", "b"] {
                try FileManager.default.createDirectory(atPath: "\(source)/\(name)", withIntermediateDirectories: true)
            }
            try Data(repeating: 7, count: 1000).write(to: URL(filePath: "\(source)/a/x"))
            try FileManager.default.linkItem(atPath: "\(source)/a/x", toPath: "\(source)/b/y")
            try Data(repeating: 8, count: 10).write(to: URL(filePath: "\(source)/b/z"))
            let repository = try await makeRepositoryInMemory()
            let tree = try await backUp(source, into: repository).0.record.tree
            let statistics = try await StatisticsRun(repository).run([[tree], [tree]])
            #expect(statistics.groups.allSatisfy { $0.restoreSize.bytes == 1010 && $0.restoreSize.files == 3 })
            #expect(statistics.groups[0].restoreSize.entries == 5)
            #expect(statistics.restoreSize.bytes == 2020)
        }
    }

    @Test("see packs that no index names, second copies of blobs, and packs that are gone")
    func leftovers() async throws {
        let store = MemoryStore()
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
        .loadIndex()
        // A second writer that has not seen the first one's index stores the same blobs again.
        let other = try await Repository.open(in: store, password: password).loadIndex()
        let tree = try await TemporaryDirectory.with { folder in
            try FileManager.default.createDirectory(atPath: folder.path("s"), withIntermediateDirectories: true)
            try Data((0..<9999).map { UInt8(truncatingIfNeeded: $0 &* 31) }).write(
                to: URL(filePath: folder.path("s/f"))
            )
            _ = try await backUp(folder.path("s"), into: other)
            return try await backUp(folder.path("s"), into: repository).0.record.tree
        }
        let stray = try #require(ResticID(hex: String(repeating: "a", count: 64)))
        store.replace(ByteBuffer(repeating: 0, count: 123), at: FileKind.pack.key(stray))
        let both = try await Repository.open(in: store, password: password).loadIndex()
        let statistics = try await StatisticsRun(both).run([[tree]])
        let once = statistics.data.storedBytes + statistics.trees.storedBytes
        #expect(statistics.unindexedPacks.count > 1, "the stray one, and those of second copies: \(statistics)")
        #expect(
            statistics.freeableBytes >= once + 123 && statistics.freeableBytes < once + 123 + 400,
            "\(statistics)"
        )

        let pack = try #require(both.location(of: tree, .tree)).pack
        store.replace(nil, at: FileKind.pack.key(pack))
        let damaged = try await StatisticsRun(both).run([[tree]])
        #expect(damaged.missingPacks == 1 && damaged.problemCount == 2, "\(damaged.problems)")
    }

    @Test(
        "agree with restic's in each of its modes",
        .enabled(if: Restic.isInstalled, "restic is not installed"),
        arguments: SizeMode.allCases
    )
    func restic(mode: SizeMode) async throws {
        try await TemporaryDirectory.with { folder in
            let (source, repo) = (folder.path("source"), folder.path("repo"))
            try await makeOddTree(at: source)
            try FileManager.default.removeItem(atPath: source + "/oddlink")
            let restic = try Restic(repo)
            try await restic.run("init")
            try await restic.run("backup", source)
            try Data("another".utf8).write(to: URL(filePath: source + "/plain/hello.txt"))
            try await restic.run("backup", source)
            let repository = try await openRepository(at: repo)
            let groups = try await repository.repository.snapshots().map { [$0.record.tree] }
            let count = try await SizeCounter(repository).count(mode, of: groups)
            let text = try await restic.run("stats", "--mode", mode.rawValue, "--json").output
            let theirs = try #require(try JSONSerialization.jsonObject(with: Data(text)) as? [String: Any])
            #expect(count.problems.isEmpty && count.bytes > 0)
            #expect(theirs["total_size"] as? Int64 == count.bytes, "\(count) \(theirs)")
            if let blobs = count.blobs { #expect(theirs["total_blob_count"] as? Int == blobs, "\(theirs)") }
            if let entries = count.entries { #expect(theirs["total_file_count"] as? Int == entries, "\(theirs)") }
        }
    }
}

@Suite("A pack's header")
struct PackContentsTests {
    private func makePacks() async throws -> (MemoryStore, IndexedRepository) {
        let store = MemoryStore()
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
        .loadIndex()
        try await TemporaryDirectory.with { folder in
            try FileManager.default.createDirectory(atPath: folder.path("s"), withIntermediateDirectories: true)
            var generator = SeededGenerator(seed: 3)
            for name in 0..<5 { try Data(generator.bytes(20_000)).write(to: URL(filePath: folder.path("s/\(name)"))) }
            _ = try await backUp(folder.path("s"), into: repository)
        }
        return (store, repository)
    }

    @Test("names what the index takes from the pack, at the same places")
    func agreement() async throws {
        let (_, repository) = try await makePacks()
        var count = 0
        for id in try await repository.repository.list(.pack) {
            let contents = try await repository.repository.packContents(id)
            for blob in contents.blobs {
                let location = try #require(repository.location(of: blob.id, blob.type))
                #expect(location.pack == id && location.offset == blob.offset && location.length == blob.length)
                #expect(location.uncompressedLength == blob.uncompressedLength)
            }
            #expect(Set(contents.blobs.map(\.id)) == Set(repository.blobs(inPack: id).map(\.id)))
            count += contents.blobs.count
        }
        #expect(count == repository.blobCount && count > 5)
    }

    @Test("is refused when its end is damaged, cut off or empty", arguments: [-1, -4, -5, -40])
    func damage(offset: Int) async throws {
        let (store, repository) = try await makePacks()
        let id = try #require(try await repository.repository.list(.pack).first)
        let key = FileKind.pack.key(id)
        let sound = Array(try #require(store.contents[key]).readableBytesView)
        var flipped = sound
        flipped[flipped.count + offset] ^= 0x41
        for bytes in [flipped, Array(sound.dropLast(-offset)), []] {
            store.replace(ByteBuffer(bytes: bytes), at: key)
            let error = await #expect(throws: RepositoryError.self) {
                try await repository.repository.packContents(id)
            }
            #expect(error?.code == .damaged)
        }
        store.replace(nil, at: key)
        let gone = await #expect(throws: RepositoryError.self) { try await repository.repository.packContents(id) }
        #expect(gone?.code == .missing)
    }
}
