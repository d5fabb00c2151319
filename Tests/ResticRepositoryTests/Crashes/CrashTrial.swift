import Foundation
import LocalStorage
import Locks
import NIOCore
import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

/// Ends an operation at each of its writes in turn, and judges what is left.
///
/// For every write there is (`put` and `delete`), three things happen to it in three trials, see ``Death``. After each,
/// the surviving store is opened without the wrapper, as the next process would, and every snapshot that was there before
/// has to verify with all its content, and to restore to the same files; `restic check` has to accept it. Then the
/// operation runs again, has to complete, and all is judged once more.
///
/// A helper of another operation writes
///
///     try await CrashTrial(of: prepared).run { repository in … }
///
/// where `prepared` is a ``MemoryStore`` with a repository that holds snapshots worth keeping.
struct CrashTrial {
    /// What happens to a write.
    enum Death: String, CaseIterable {
        /// The process dies before it.
        case before
        /// It is done, and the process dies before it knows.
        case after
        /// It is done, its answer is lost, and the process lives on.
        case answerLost

        func faults(at write: Int) -> [Fault] {
            let writes: Set<StoreOperation> = [.put, .delete]
            let lost = Fault(.failAfterDoing(.unavailable), on: writes, occurrences: write...write)
            return switch self {
            case .before: [.crash(atWrite: write)]
            case .after: [lost, .crash(atWrite: write + 1)]
            case .answerLost: [lost]
            }
        }
    }

    let prepared: MemoryStore
    /// Whether snapshots that were there before must still be there; a forget may say which it removes.
    var mayRemove: Set<ResticID> = []
    /// Looked at after every trial and every completion, beside what holds for all operations.
    var alsoJudge: @Sendable (IndexedRepository) async throws -> Void = { _ in }
    /// What must hold when the operation is through, be it for the first time or after a crash.
    var whenComplete: @Sendable (IndexedRepository) async throws -> Void = { _ in }

    init(of prepared: MemoryStore) {
        self.prepared = prepared
    }

    /// The process that dies; its locks are nobody's afterwards (no process has such a number, see `LockTests`).
    private static let victim = ResticRepository.Host(
        name: "here",
        userName: "me",
        userID: 1,
        groupID: 1,
        processID: 5_000_000
    )
    private static let survivor = ResticRepository.Host(
        name: "here",
        userName: "me",
        userID: 1,
        groupID: 1,
        processID: ResticRepository.Host.current.processID
    )

    /// Runs all trials.
    ///
    /// - Returns: how many writes the operation has.
    @discardableResult
    func run(_ operation: @escaping @Sendable (Repository) async throws -> Void) async throws -> Int {
        let before = try await Snapshots(prepared)
        #expect(!before.trees.isEmpty, "there must be something to lose")
        let judge = Judge()
        let writes = try await count(operation)
        try #require(writes > 0)
        for death in Death.allCases {
            for write in 1...writes {
                let label: Comment = "\(death) write \(write) of \(writes)"
                let store = prepared.copy()
                let faulty = FaultyStore(store, faults: death.faults(at: write))
                do {
                    try await operation(Self.open(faulty, Self.victim))
                } catch {
                    #expect(Self.isExpected(error), "\(label): \(error)")
                }
                try await inspect(store, before, judge, label)
                do {
                    try await operation(Self.open(store, Self.survivor))
                } catch {
                    Issue.record("the next run does not complete after \(label): \(error)")
                    continue
                }
                try await inspect(store, before, judge, "completed after \(label)")
                try await whenComplete(Self.open(store, Self.survivor).loadIndex())
            }
        }
        return writes
    }

    private func count(_ operation: (Repository) async throws -> Void) async throws -> Int {
        let store = prepared.copy()
        let counting = FaultyStore(store)
        try await operation(Self.open(counting, Self.survivor))
        try await whenComplete(Self.open(store, Self.survivor).loadIndex())
        return counting.writeCount
    }

    private static func open(_ store: any ObjectStore, _ host: ResticRepository.Host) async throws -> Repository {
        var options = Repository.Options()
        options.host = host
        return try await Repository.open(in: store, password: password, options: options)
    }

    /// What an operation may fail with when its store dies: the store's error, or one of ours about it.
    private static func isExpected(_ error: any Error) -> Bool {
        error is ObjectStoreError || error is RepositoryError
    }

    private func inspect(_ store: MemoryStore, _ before: Snapshots, _ judge: Judge, _ label: Comment) async throws {
        let repository = try await Self.open(store, Self.survivor).loadIndex()
        let after = try await Snapshots(store)
        for (snapshot, tree) in before.trees {
            guard after.trees[snapshot] == tree else {
                #expect(mayRemove.contains(snapshot), "\(label): snapshot \(snapshot.short) is gone")
                continue
            }
        }
        // New snapshots too: what is listed must be whole.
        for tree in Set(after.trees.values) {
            let report = try await TreeVerifier(depth: .content).verify(tree, in: repository)
            #expect(report.problems.isEmpty, "\(label): \(report.problems.prefix(3))")
        }
        try await judge.restore(before.trees, that: after, from: repository, label)
        try await judge.resticCheck(store, label)
        try await alsoJudge(repository)
    }
}

/// The snapshots of a store and their trees.
struct Snapshots {
    var trees: [ResticID: ResticID] = [:]

    init(_ store: MemoryStore) async throws {
        let repository = try await Repository.open(in: store, password: password)
        for snapshot in try await repository.snapshots() { trees[snapshot.id] = snapshot.record.tree }
    }
}

/// Judges that cost a process or many files: states that were judged once are not judged again.
private final class Judge: Sendable {
    private let checked = Mutex<Set<[String]>>([])
    private let fingerprints = Mutex<[ResticID: String]>([:])

    /// Whether it is for the first time; names are hashes of contents, but for `config`.
    private func isNew(_ store: MemoryStore) -> Bool {
        // Locks have a name of their own each time, and say nothing about the data.
        let names = store.contents.keys.map(\.path).filter { !$0.hasPrefix("locks/") }.sorted()
        return checked.withLock { $0.insert(names).inserted }
    }

    func resticCheck(_ store: MemoryStore, _ label: Comment) async throws {
        guard Restic.isInstalled, isNew(store) else { return }
        try await TemporaryDirectory.with { folder in
            let local = LocalStore(path: folder.path("repo"))
            try await local.prepare()
            for (key, body) in store.contents { try await local.put(body, at: key, policy: .refuseExisting) }
            // A dead process' lock is no damage; restic would wait for its age.
            let outcome = try await Restic(folder.path("repo")).run("--no-lock", "check")
            #expect(outcome.succeeded, "\(label)")
        }
    }

    /// Restores what was there before and compares it with its first restore; each tree once is enough, as its content was
    /// verified against the hashes in it.
    func restore(
        _ trees: [ResticID: ResticID],
        that snapshots: Snapshots,
        from repository: IndexedRepository,
        _ label: Comment
    ) async throws {
        for (snapshot, tree) in trees where snapshots.trees[snapshot] != nil {
            try await TemporaryDirectory.with { folder in
                let restorer = DirectoryRestorer(target: RawPath(folder.path("restored")))
                _ = try await restorer.restore(tree, from: repository)
                let found = try contents(of: folder.path("restored"))
                let expected = fingerprints.withLock { fingerprints in
                    defer { fingerprints[tree] = fingerprints[tree] ?? found }
                    return fingerprints[tree]
                }
                #expect(expected == nil || expected == found, "\(label): snapshot \(snapshot.short) restores otherwise")
            }
        }
    }

    /// Names and contents of all files.
    private func contents(of folder: String) throws -> String {
        try FileManager.default.subpathsOfDirectory(atPath: folder).sorted().map { path in
            let content = FileManager.default.contents(atPath: "\(folder)/\(path)") ?? Data()
            return "\(path) \(content.withUnsafeBytes { ContentHash.id(of: $0) })"
        }.joined(separator: "\n")
    }
}
