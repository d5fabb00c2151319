import Locks
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// A clock that tests set. A short sleep moves it on and takes next to no time; a long one (the refreshing of a lock) lasts until it
/// is cancelled, so that time stands still meanwhile.
final class PruneClock: WallClock {
    private let state: Mutex<Int64>

    init(seconds: Int64 = 1_800_000_000) {
        state = Mutex(seconds)
    }

    var now: GoTime { GoTime(seconds: state.withLock(\.self)) }

    func advance(hours: Double) {
        state.withLock { $0 += Int64(hours * 3600) }
    }

    func sleep(_ duration: Duration) async throws {
        guard duration < .seconds(60) else { return try await Task.sleep(for: .seconds(3600)) }
        state.withLock { $0 += duration.components.seconds }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A repository that is backed up into and pruned by made-up processes, under a clock that stands still.
struct PruneFixture {
    let store: any ObjectStore
    let clock: PruneClock
    var options = PruneOptions()

    /// The names of files and what they hold.
    typealias Files = [String: [UInt8]]

    init(_ store: any ObjectStore = MemoryStore(), clock: PruneClock = PruneClock()) {
        self.store = store
        self.clock = clock
        options.wait = .zero
    }

    /// Makes the repository.
    static func make(_ store: any ObjectStore = MemoryStore()) async throws -> PruneFixture {
        let fixture = PruneFixture(store)
        _ = try await Repository.create(
            in: store,
            password: password,
            createdAt: fixture.clock.now,
            scrypt: cheapScrypt
        )
        return fixture
    }

    /// The same repository through another store.
    func on(_ store: any ObjectStore) -> PruneFixture {
        var fixture = PruneFixture(store, clock: clock)
        fixture.options = options
        return fixture
    }

    /// Opens the repository as a process of its own.
    func open(as process: Int32 = 1) async throws -> Repository {
        var options = Repository.Options()
        options.host = Host(name: "host-\(process)", userName: "", userID: 0, groupID: 0, processID: process)
        return try await Repository.open(in: store, password: password, options: options)
    }

    var timing: LockTiming {
        var timing = LockTiming()
        timing.settleTime = .zero
        return timing
    }

    func withRepository<Value: Sendable>(
        as process: Int32 = 1,
        _ body: @escaping @Sendable (Repository) async throws -> Value
    ) async throws -> Value {
        let repository = try await open(as: process)
        return try await repository.withLock(.shared, clock: clock, timing: timing) { try await body(repository) }
    }

    // MARK: Steps

    @discardableResult
    func backUp(_ files: Files, as process: Int32 = 1) async throws -> StoredSnapshot {
        try await withRepository(as: process) { try await store(files, into: $0.loadIndex()) }
    }

    /// The writing half of a backup, without its lock.
    func store(_ files: Files, into repository: IndexedRepository) async throws -> StoredSnapshot {
        let time = clock.now
        let (tree, _) = try await repository.write(WriteOptionsForTests.small) { writer in
            var composer = TreeComposer(time: .epoch, host: repository.repository.host)
            for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
                let content = try await writer.store(bytes)
                composer.addFile(name, size: Int64(bytes.count), blobs: try await content.blobs())
            }
            return try await composer.store(into: writer)
        }
        return try await repository.repository.save(SnapshotRecord(time: time, tree: tree, paths: ["/"]))
    }

    func forget(_ snapshot: StoredSnapshot) async throws {
        _ = try await withRepository { try await $0.remove(.snapshot, snapshot.id) }
    }

    func run(_ change: (inout PruneOptions) -> Void = { _ in }) async throws -> PruneReport {
        try await makeRun(change).run()
    }

    func plan(_ change: (inout PruneOptions) -> Void = { _ in }) async throws -> PrunePlan {
        try await makeRun(change).plan()
    }

    private func makeRun(_ change: (inout PruneOptions) -> Void) async throws -> PruneRun {
        var options = options
        change(&options)
        return PruneRun(try await open(as: 99), options: options, clock: clock, timing: timing)
    }

    /// Leaves the lock of a process that is at work.
    @discardableResult
    func plantLock(of process: Int32, exclusive: Bool = false) async throws -> ResticID {
        let record = LockRecord(
            time: clock.now,
            exclusive: exclusive,
            hostname: "host-\(process)",
            username: "",
            pid: Int(process)
        )
        return try await open(as: process).save(.lock, record.encode())
    }

    // MARK: Proofs

    /// Makes sure that these snapshots, and no others, are there, and that everything in them is as it was.
    func expect(_ snapshots: [(StoredSnapshot, Files)], _ comment: Comment? = nil) async throws {
        let repository = try await open().loadIndex()
        #expect(Set(try await repository.repository.list(.snapshot)) == Set(snapshots.map(\.0.id)), comment)
        for (snapshot, files) in snapshots {
            let report = try await TreeVerifier(depth: .content).verify(snapshot.record.tree, in: repository)
            #expect(report.problems.isEmpty, comment)
            for (name, bytes) in files {
                let found = try await repository.readFile(at: name, in: snapshot.record.tree, limit: 1 << 24)
                #expect(found == bytes, comment)
            }
        }
    }

    func packs() async throws -> Set<ResticID> { Set(try await open().list(.pack)) }
    func marks() async throws -> Set<ResticID> { Set(try await open().loadMarks().packs.keys) }

    /// The packs that the index names.
    func indexedPacks() async throws -> Set<ResticID> {
        let repository = try await open()
        var packs: Set<ResticID> = []
        try await repository.forEachIndexFile(try await repository.list(.index)) { packs.formUnion($1.map(\.id)) }
        return packs
    }
}

extension PruneFixture.Files {
    /// Files of some random content each.
    static func random(_ names: some Sequence<String>, _ generator: inout SeededGenerator, bytes: Int = 20_000) -> Self
    {
        Dictionary(uniqueKeysWithValues: names.map { ($0, generator.bytes(bytes)) })
    }
}
