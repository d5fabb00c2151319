import Locks
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A check of the repository", .timeLimit(.minutes(5)))
struct RepositoryCheckTests {
    @Test("finds nothing in a sound repository, and reads every byte of every pack once")
    func sound() async throws {
        let sample = try await SampleRepository.copy()
        let counting = CountingStore(sample.store)
        let repository = try await Repository.open(in: counting, password: password)
        let structure = try await RepositoryCheck(repository).run()
        #expect(structure.isIntact && structure.remarks.isEmpty, "\(structure.findings) \(structure.remarks)")
        let trees = try await treeBytes(repository)
        let before = counting.counts.readByteCount
        let report = try await RepositoryCheck(repository, readingData: .all).run()
        #expect(report.isIntact && report.remarks.isEmpty, "\(report.findings) \(report.remarks)")
        #expect(report.packsRead == report.packs && report.bytesRead == report.packBytes)
        #expect(report.blobsRead == report.blobs && report.snapshots == 2 && report.keys == 2)
        // Besides the packs: the small files, and each tree for the structure.
        let small = sample.store.contents.filter { !$0.key.path.hasPrefix("data/") }
            .reduce(0) { $0 + Int64($1.value.readableBytes) }
        #expect(counting.counts.readByteCount - before <= report.packBytes + trees + small)
    }

    private func treeBytes(_ repository: Repository) async throws -> Int64 {
        var sum: Int64 = 0
        try await repository.loadCatalog().forEach { if $1.type == .tree { sum += Int64($1.length) } }
        return sum
    }

    @Test("names the files and snapshots that a damaged blob hits")
    func hits() async throws {
        let sample = try await SampleRepository.copy()
        let repository = try await sample.open()
        let indexed = try await repository.loadIndex()
        let node = try #require(try await indexed.node(at: "data/vectors.bin", in: sample.snapshots[0].record.tree))
        let blob = try #require(node.content?.dropFirst().first)
        let location = try #require(indexed.location(of: blob, .data))
        sample.flip(FileKind.pack.key(location.pack), at: Int(location.offset) + 20)
        #expect(try await RepositoryCheck(repository).run().isIntact)
        let report = try await RepositoryCheck(repository, readingData: .all).run()
        let finding = try #require(report.findings.first)
        #expect(report.findings.count == 1 && finding.kind == .pack && finding.object == location.pack.hex)
        #expect(finding.files.items == ["/data/vectors.bin"] && finding.files.count == 1)
        #expect(finding.snapshots.items.map(\.id) == sample.snapshots.map(\.id).reversed())
        #expect(finding.details.items.contains { $0.contains("fails its authentication") }, "\(finding)")
    }

    @Test("names every file of a missing pack, and nothing of others")
    func missingPack() async throws {
        let sample = try await SampleRepository.copy()
        let repository = try await sample.open()
        let indexed = try await repository.loadIndex()
        let node = try #require(try await indexed.node(at: "data/more.bin", in: sample.snapshots[1].record.tree))
        let blob = try #require(node.content?.first)
        let pack = try #require(indexed.location(of: blob, .data)).pack
        sample.store.replace(nil, at: FileKind.pack.key(pack))
        let report = try await RepositoryCheck(repository).run()
        let finding = try #require(report.findings.first)
        #expect(report.findings.count == 1 && finding.snapshots.items.map(\.id) == [sample.snapshots[1].id])
        #expect(finding.files.items.sorted() == ["/data/more.bin", "/notes/second.txt"], "\(finding)")
    }

    @Test("asks a fresh index before it calls a pack missing that a prune took away")
    func pruned() async throws {
        let sample = try await SampleRepository.copy()
        let store = sample.store
        let pack = try #require(try await sample.packs(of: .data).first)
        // What a prune does while the check reads: the blobs in a new pack, a new index, the old ones gone.
        let moving = BusyStore(store) { [pack] in
            let repository = try await Repository.open(in: store, password: password)
            let catalog = try await repository.loadCatalog()
            let id = try #require(FileKind.pack.id(in: pack))
            let old = try await repository.loadIndex()
            let target = IndexedRepository(repository: repository, index: catalog.makeIndex(without: [id]))
            _ = try await target.write { writer in
                for blob in catalog.contents(of: id).blobs {
                    let content = try await old.load(blob.id, blob.type)
                    try await writer.store(Array(content.readableBytesView), as: blob.type, id: blob.id)
                }
            }
            let rewrite = IndexRewrite(
                of: try await repository.loadCatalog(),
                dropping: [id: "pruned"],
                rebuilding: [:]
            )
            try await rewrite.apply(to: repository)
            store.replace(nil, at: pack)
        }
        let repository = try await Repository.open(in: moving, password: password)
        let report = try await RepositoryCheck(repository, readingData: .all).run()
        #expect(moving.wasCalled)
        #expect(report.isIntact, "\(report.findings)")
        #expect(report.packsRead >= report.packs)
    }

    @Test("understands subsets as restic does")
    func subsets() {
        #expect(DataSubset("5%") == .percent(5) && DataSubset("2.5%") == .percent(2.5))
        #expect(DataSubset("500M") == .bytes(500 << 20) && DataSubset("2G") == .bytes(2 << 30))
        #expect(DataSubset("1234") == .bytes(1234) && DataSubset("3/7") == .group(3, of: 7))
        for wrong in ["", "0%", "101%", "x", "0/3", "4/3", "1/257", "1/", "-5M", "5X", "1/2/3", "%", "nan%"] {
            #expect(DataSubset(wrong) == nil, "\(wrong)")
        }
    }

    @Test("all groups of a subset together are all packs, and a draw depends on the generator alone")
    func choices() {
        var random = SeededGenerator(seed: 7)
        var packs: [ResticID: Int64] = [:]
        for _ in 0..<300 { packs[ResticID.random(using: &random)] = 1000 }
        var generator = SeededGenerator(seed: 1)
        let groups = (1...5).flatMap { DataSubset.group($0, of: 5).choose(from: packs, using: &generator) }
        #expect(groups.count == 300 && Set(groups) == Set(packs.keys))
        #expect(DataSubset.percent(10).choose(from: packs, using: &generator).count == 30)
        #expect(DataSubset.percent(0.01).choose(from: packs, using: &generator).count == 1)
        #expect(DataSubset.bytes(4500).choose(from: packs, using: &generator).count == 5)
        var (one, two) = (SeededGenerator(seed: 3), SeededGenerator(seed: 3))
        let draw = DataSubset.percent(10).choose(from: packs, using: &one)
        #expect(draw == DataSubset.percent(10).choose(from: packs, using: &two))
        #expect(draw != DataSubset.percent(10).choose(from: packs, using: &one))
    }
}

extension SampleRepository {
    /// Turns a bit of a stored object over.
    func flip(_ key: ObjectKey, at offset: Int) {
        guard var bytes = store.contents[key],
            let byte = bytes.getInteger(at: bytes.readerIndex + offset, as: UInt8.self)
        else { return }
        bytes.setInteger(byte ^ 1, at: bytes.readerIndex + offset)
        store.replace(bytes, at: key)
    }
}

/// Calls something once, after the first listing of the packs: what another process does meanwhile.
private final class BusyStore: ObjectStore {
    private let base: MemoryStore
    private let hook: @Sendable () async throws -> Void
    private let called = Mutex(false)

    init(_ base: MemoryStore, _ hook: @escaping @Sendable () async throws -> Void) {
        self.base = base
        self.hook = hook
    }

    var wasCalled: Bool { called.withLock(\.self) }
    var location: String { base.location }
    var capabilities: StoreCapabilities { base.capabilities }
    func prepare() async throws { try await base.prepare() }
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws {
        try await base.put(body, at: key, policy: policy)
    }
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer {
        try await base.get(key, range: range)
    }
    func byteCount(of key: ObjectKey) async throws -> Int64? { try await base.byteCount(of: key) }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws {
        try await base.list(under: prefix, body)
        guard prefix == FileKind.pack.folder else { return }
        let isFirst = called.withLock { called in
            defer { called = true }
            return !called
        }
        if isFirst { try await hook() }
    }
    func delete(_ key: ObjectKey) async throws -> Bool { try await base.delete(key) }
}
