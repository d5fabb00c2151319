import Foundation
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("A process that dies at any of its writes", .timeLimit(.minutes(10)))
struct CrashAtEveryWriteTests {
    /// Two folders of a few files, the second one like the first with changes.
    private func withFolders(_ body: (_ first: String, _ second: String) async throws -> Void) async throws {
        try await TemporaryDirectory.with { folder in
            var generator = SeededGenerator(seed: 11)
            for name in ["first", "second"] {
                for part in ["", "deep/"] {
                    let path = folder.path("\(name)/\(part)")
                    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                    for file in 0..<3 {
                        let bytes = file == 0 ? [UInt8](repeating: 7, count: 90_000) : generator.bytes(30_000)
                        try Data(bytes).write(to: URL(filePath: "\(path)/file-\(file)"))
                    }
                }
            }
            try await body(folder.path("first"), folder.path("second"))
        }
    }

    /// A repository with a snapshot of `folder`.
    private func prepare(_ folder: String) async throws -> (MemoryStore, StoredSnapshot) {
        let store = MemoryStore()
        let repository = try await Repository.create(
            in: store,
            password: password,
            createdAt: .epoch,
            scrypt: cheapScrypt
        )
        let (snapshot, _, _) = try await backUp(folder, into: try await repository.loadIndex())
        return (store, snapshot)
    }

    @Test("in a backup leaves all earlier snapshots whole, and the next backup completes")
    func backup() async throws {
        try await withFolders { first, second in
            let (store, parent) = try await prepare(first)
            var trial = CrashTrial(of: store)
            trial.whenComplete = { repository in
                let snapshots = try await repository.repository.snapshots()
                let locks = try await repository.repository.list(.lock)
                #expect(snapshots.count >= 3 && locks.isEmpty)
            }
            // Two snapshots under one lock: of a changed folder, and of the first one again with its parent.
            let writes = try await trial.run { repository in
                try await repository.withLock(.shared, timing: .immediate) {
                    let indexed = try await repository.loadIndex()
                    try await backUp(second, into: indexed)
                    try await backUp(first, into: indexed, parent: parent.record.tree)
                }
            }
            #expect(writes >= 6, "packs, indexes, snapshots and the lock")
        }
    }

    @Test("in a lock that is taken over leaves the data alone, and the next one gets the lock", arguments: LockMode.all)
    func lock(mode: LockMode) async throws {
        try await withFolders { first, _ in
            let (store, _) = try await prepare(first)
            let repository = try await Repository.open(in: store, password: password)
            for age: Int64 in [3_600, 7_200] {
                let time = GoTime(seconds: SystemWallClock().now.seconds - age)
                let lock = LockRecord(time: time, exclusive: true, hostname: "elsewhere", username: "x", pid: 1)
                try await repository.save(.lock, lock.encode())
            }
            var trial = CrashTrial(of: store)
            trial.whenComplete = { repository in
                let locks = try await repository.repository.list(.lock)
                #expect(locks.isEmpty)
            }
            let writes = try await trial.run { repository in
                try await repository.withLock(mode, timing: .immediate) {}
            }
            #expect(writes == 4, "two stale locks removed, one written, one removed")
        }
    }

    @Test("in the making of another key leaves the first one valid, and the other one is made the next time")
    func key() async throws {
        try await withFolders { first, _ in
            let (store, _) = try await prepare(first)
            var trial = CrashTrial(of: store)
            trial.whenComplete = { repository in
                let store = repository.repository.store
                _ = try await Repository.open(in: store, password: Array("another".utf8))
            }
            try await trial.run { repository in
                _ = try await repository.addKey(
                    password: Array("another".utf8),
                    createdAt: .epoch,
                    scrypt: cheapScrypt
                )
            }
        }
    }

    @Test("in a change of the password leaves one of the two that opens", arguments: CrashTrial.Death.allCases)
    func passwordChange(death: CrashTrial.Death) async throws {
        try await withFolders { first, _ in
            let (store, snapshot) = try await prepare(first)
            let new = Array("another".utf8)
            func change(in store: any ObjectStore) async throws {
                let repository = try await Repository.open(in: store, password: password)
                _ = try await repository.changePassword(
                    from: password,
                    to: new,
                    createdAt: .epoch,
                    scrypt: cheapScrypt
                )
            }
            let counting = FaultyStore(store.copy())
            try await change(in: counting)
            #expect(counting.writeCount == 2, "a key written, a key removed")
            for write in 1...counting.writeCount {
                let left = store.copy()
                _ = try? await change(in: FaultyStore(left, faults: death.faults(at: write)))
                var opened = 0
                for phrase in [password, new] {
                    guard let repository = try? await Repository.open(in: left, password: phrase) else { continue }
                    opened += 1
                    let report = try await TreeVerifier(depth: .content)
                        .verify(snapshot.record.tree, in: try await repository.loadIndex())
                    #expect(report.problems.isEmpty, "\(death) write \(write)")
                }
                #expect(opened > 0, "\(death) write \(write): no password opens the repository")
            }
        }
    }

    @Test("in a forget and prune removes nothing that is needed, and the next one frees the rest")
    func prune() async throws {
        try await withFolders { first, second in
            let (store, kept) = try await prepare(first)
            let repository = try await Repository.open(in: store, password: password).loadIndex()
            let (dropped, _, _) = try await backUp(second, into: repository)
            var trial = CrashTrial(of: store)
            trial.mayRemove = [dropped.id]
            trial.whenComplete = { repository in
                let snapshots = try await repository.repository.snapshots().map(\.id)
                #expect(snapshots == [kept.id])
                let plan = try await Self.prune(repository.repository).plan()
                #expect(plan.packs.allSatisfy { $0.action == .keep && $0.unneededBytes == 0 })
            }
            let writes = try await trial.run { repository in
                try await repository.remove(.snapshot, dropped.id)
                _ = try await Self.prune(repository).run()
            }
            #expect(writes >= 5, "a snapshot and packs removed, indexes written and removed")
        }
    }

    @Test("in a repair of the index leaves all snapshots whole, and the next one finishes it")
    func repair() async throws {
        try await withFolders { first, second in
            let (store, _) = try await prepare(first)
            let repository = try await Repository.open(in: store, password: password)
            let indexes = try await repository.list(.index)
            let (unfinished, _, _) = try await backUp(second, into: try await repository.loadIndex())
            // What a backup leaves that died before its index: packs that no index names.
            try await repository.remove(.snapshot, unfinished.id)
            for index in try await repository.list(.index) where !indexes.contains(index) {
                try await repository.remove(.index, index)
            }
            var trial = CrashTrial(of: store)
            trial.whenComplete = { repository in
                let plan = try await IndexRepair(repository.repository).plan()
                #expect(plan.isEmpty && plan.unreadablePacks.isEmpty)
            }
            let writes = try await trial.run { repository in
                try await repository.withLock(.exclusive, timing: .immediate) {
                    let repair = IndexRepair(repository)
                    let plan = try await repair.plan()
                    try await repair.apply(plan)
                }
            }
            #expect(writes >= 3, "the lock and an index")
        }
    }

    private static func prune(_ repository: Repository) -> PruneRun {
        var options = PruneOptions()
        options.grace = .zero
        options.maxUnused = .percent(0)
        options.wait = .zero
        return PruneRun(repository, options: options, timing: .immediate)
    }

    @Test("in the making of a repository leaves none, or one that opens", arguments: CrashTrial.Death.allCases, [1, 2])
    func creation(death: CrashTrial.Death, write: Int) async throws {
        func create(in store: any ObjectStore) async throws {
            _ = try await Repository.create(in: store, password: password, createdAt: .epoch, scrypt: cheapScrypt)
        }
        let counting = FaultyStore(MemoryStore())
        try await create(in: counting)
        #expect(counting.writeCount == 2)

        let store = MemoryStore()
        await #expect(throws: ObjectStoreError.self) {
            try await create(in: FaultyStore(store, faults: death.faults(at: write)))
        }
        // The configuration is written last: with it there is a repository, and a whole one.
        let exists = write == 2 && death != .before
        if exists {
            _ = try await Repository.open(in: store, password: password).loadIndex()
        } else {
            let error = await #expect(throws: RepositoryError.self) {
                _ = try await Repository.open(in: store, password: password)
            }
            #expect(error?.code == .noRepository)
        }
        // A key that a dead process left is not taken for nobody's: another process may be between its two writes.
        if store.contents.isEmpty {
            try await create(in: store)
        } else {
            let error = await #expect(throws: RepositoryError.self) { try await create(in: store) }
            #expect(error?.code == .alreadyExists && error?.hint != nil)
        }
    }

    @Test("in a copy from another repository leaves all that was there whole, and the next copy brings the rest")
    func copy() async throws {
        try await withFolders { first, second in
            let (store, _) = try await prepare(first)
            let (sourceStore, _) = try await prepare(second)
            let source = try await Repository.open(in: sourceStore, password: password).loadIndex()
            let snapshots = try await source.repository.snapshots()
            var trial = CrashTrial(of: store)
            trial.whenComplete = { repository in
                let trees = try await repository.repository.snapshots().map(\.record.tree)
                #expect(trees.count == 2 && trees.contains(snapshots[0].record.tree))
            }
            let writes = try await trial.run { repository in
                let copy = RepositoryCopy(from: source, to: try await repository.loadIndex())
                let plan = try await copy.plan([CopyGroup(name: "all", snapshots: snapshots)])
                let report = try await copy.run(plan)
                guard report.failures.isEmpty else { throw RepositoryError(.source, "\(report.failures)") }
            }
            #expect(writes >= 4, "two packs, an index, a snapshot")
        }
    }

    @Test("is noticed to lose what was there, when an operation removes first and writes afterwards")
    func harness() async throws {
        try await withFolders { first, _ in
            let (store, _) = try await prepare(first)
            try await withKnownIssue("to order") {
                try await CrashTrial(of: store).run { repository in
                    // All is there again at the end, but not on the way.
                    let packs = try await repository.list(.pack)
                    for pack in packs {
                        let body = try await repository.store.get(FileKind.pack.key(pack), range: nil)
                        try await repository.remove(.pack, pack)
                        try await repository.store.put(body, at: FileKind.pack.key(pack), policy: .replaceExisting)
                    }
                }
            } matching: { issue in
                issue.comments.contains { $0.rawValue.contains("write") } || issue.error != nil
            }
        }
    }

    @Test(
        "A full disk in the making of a repository leaves nothing that the next attempt stumbles over",
        arguments: [1, 2]
    )
    func creationOnFullDisk(write: Int) async throws {
        let store = MemoryStore()
        let faulty = FaultyStore(
            store,
            faults: [Fault(.fail(.insufficientSpace), on: [.put], occurrences: write...write)]
        )
        await #expect(throws: ObjectStoreError.self) {
            _ = try await Repository.create(in: faulty, password: password, createdAt: .epoch, scrypt: cheapScrypt)
        }
        #expect(store.contents.isEmpty)
        _ = try await Repository.create(in: store, password: password, createdAt: .epoch, scrypt: cheapScrypt)
    }
}

extension LockMode {
    static let all: [LockMode] = [.shared, .exclusive]
}

extension LockTiming {
    /// No other process is there to be waited for.
    static var immediate: LockTiming {
        var timing = LockTiming()
        timing.settleTime = .zero
        return timing
    }
}
