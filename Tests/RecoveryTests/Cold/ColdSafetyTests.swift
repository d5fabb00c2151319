import Foundation
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite("A storage that is restored into", .timeLimit(.minutes(2)))
struct ColdSafetyTests {
    /// A restore that is made to believe that its target is a mount point.
    private func mounted(
        _ fixture: ColdFixture,
        inPlace: Bool = false,
        _ progress: any ProgressSink = SilentProgress()
    ) async throws -> ColdRestore {
        var restore = try await fixture.restore(.configured(inPlace: inPlace), progress)
        restore.isMountPoint = { _ in true }
        return restore
    }

    private func empty(_ fixture: ColdFixture) throws {
        try FileManager.default.removeItem(atPath: fixture.storage)
        try FileManager.default.createDirectory(atPath: fixture.storage, withIntermediateDirectories: true)
    }

    private func marks(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(".holdfast") }
    }

    @Test(
        "is never taken for the leftovers of a restore by the names in it: newer content is refused, and stays",
        arguments: ["mount point", "mount point, in place", "folder"]
    )
    func newer(kind: String) async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            try fixture.write("newer", to: "raft_state.json")
            let restore =
                kind == "folder"
                ? try await fixture.restore(.folder(fixture.storage))
                : try await mounted(fixture, inPlace: kind.hasSuffix("in place"))
            let step = try #require(try await restore.plan())
            #expect(step.replaces && !step.completes)
            let error = await #expect(throws: RecoveryError.self) { try await restore.check(step) }
            #expect(error?.code == .targetNotEmpty || error?.code == .refused, "\(String(describing: error))")
            // Nor by a caller who does not ask.
            let late = await #expect(throws: RecoveryError.self) { _ = try await restore.run(step) }
            #expect(late?.code == .targetNotEmpty)
            #expect(try String(contentsOfFile: fixture.path("raft_state.json"), encoding: .utf8) == "newer")
        }
    }

    @Test(
        "is completed when it bears the mark of a restore of the same, which goes at the end",
        arguments: [true, false]
    )
    func completes(isMounted: Bool) async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let restore =
                isMounted ? try await mounted(fixture) : try await fixture.restore(.folder(fixture.storage))
            try RestoreMark(point: try await fixture.latest().manifest.id).set(in: fixture.storage)
            try fixture.write("half", to: "raft_state.json")
            let backup = await #expect(throws: RecoveryError.self) { _ = try await fixture.backUp() }
            #expect(backup?.message.contains("only partly restored") == true, "half a storage is no backup")
            let step = try #require(try await restore.plan())
            #expect(step.completes && !step.replaces)
            try await restore.check(step)
            let outcome = try await restore.run(step)
            #expect(outcome.differences.isEmpty && outcome.report.restoredFiles == 1, "\(outcome)")
            #expect(try marks(fixture.storage).isEmpty)

            // The mark of another restore point says nothing of this one.
            try RestoreMark(point: "00000000").set(in: fixture.storage)
            let other = try #require(try await restore.plan())
            #expect(other.replaces && !other.completes)
        }
    }

    @Test("is refused while somebody has a file of it open for writing, though nothing says which server that is")
    func folderInUse() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            let restore = try await fixture.restore(.folder(fixture.storage))
            try RestoreMark(point: try await fixture.latest().manifest.id).set(in: fixture.storage)
            let descriptor = open(fixture.path("collections/book/0/wal"), O_RDONLY)
            try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
            defer { close(descriptor) }
            let step = try #require(try await restore.plan())
            let error = await #expect(throws: RecoveryError.self) { try await restore.check(step) }
            #expect(error?.code == .sourceInUse)
        }
    }

    @Test("beside its place, is put aside when it lacks the mark, whatever the names in it")
    func unmarkedNext() async throws {
        try await ColdFixture.with { fixture in
            _ = try await fixture.backUp()
            try FileManager.default.moveItem(atPath: fixture.storage, toPath: fixture.storage + ".next")
            try Data("newer".utf8).write(to: URL(filePath: fixture.storage + ".next/raft_state.json"))
            let outcome = try await fixture.restored(.configured(inPlace: false))
            #expect(outcome.differences.isEmpty && outcome.warnings.count == 1)
            #expect(try marks(fixture.storage).isEmpty)
            let aside = try #require(try fixture.entries("volume").first { $0.contains(".retired-") })
            let kept = try String(
                contentsOfFile: fixture.folder.path("volume/\(aside)/raft_state.json"),
                encoding: .utf8
            )
            #expect(kept == "newer")
        }
    }

    @Test("keeps its container stopped when the restore fails; the next one completes it and starts it")
    func failsHalfway() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            _ = try await fixture.backUp()
            try empty(fixture)
            let restore = try await mounted(fixture)
            let step = try #require(try await restore.plan())
            engine.change { [path = fixture.path("raft_state.json")] in
                $0.containers["qdrant"]?.onStop = {
                    try? FileManager.default.createDirectory(atPath: path + "/x", withIntermediateDirectories: true)
                }
            }
            // Something has come into it meanwhile: nothing is written, and the server goes on.
            let before = await #expect(throws: RecoveryError.self) { _ = try await restore.run(step) }
            #expect(before?.code == .targetNotEmpty && engine.isRunning("qdrant"))

            try empty(fixture)
            try RestoreMark(point: try await fixture.latest().manifest.id).set(in: fixture.storage)
            let again = try #require(try await restore.plan())
            #expect(again.completes)
            // A folder where a file belongs: it cannot be put there.
            let blocked = Guarded(0)
            engine.change { [path = fixture.path("raft_state.json")] in
                $0.containers["qdrant"]?.onStop = {
                    blocked.change { $0 += 1 }
                    mkdir(path, 0o700)
                    mkdir(path + "/.holdfast-restore-x", 0o700)
                }
            }
            let error = await #expect(throws: RecoveryError.self) { _ = try await restore.run(again) }
            #expect(blocked.value == 1)
            #expect(error?.code == .containerLeftStopped, "\(String(describing: error))")
            #expect(error?.message.contains("only partly restored") == true && error?.cause != nil)
            #expect(!engine.isRunning("qdrant"))
            #expect(try marks(fixture.storage).count == 1)

            // Nobody starts it before it is whole.
            #expect(await fixture.stopped.startAbandoned().failures.map(\.code) == [.containerLeftStopped])
            #expect(fixture.stopped.describeAbandoned().first?.contains("only partly restored") == true)
            #expect(!engine.isRunning("qdrant"))
            try FileManager.default.removeItem(atPath: fixture.path("raft_state.json"))
            let final = try #require(try await restore.plan())
            #expect(final.completes)
            try await restore.check(final)
            let outcome = try await restore.run(final)
            #expect(outcome.differences.isEmpty && outcome.failure == nil)
            #expect(engine.isRunning("qdrant") && fixture.stopped.describeAbandoned().isEmpty)
        }
    }

    @Test("is no ground for a start when the restore is cancelled halfway")
    func cancelled() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            _ = try await fixture.backUp()
            try empty(fixture)
            let restore = try await mounted(fixture)
            let step = try #require(try await restore.plan())
            let (ready, signal) = AsyncStream.makeStream(of: Void.self)
            let work = Guarded<Task<ColdRestore.Outcome, any Error>?>(nil)
            engine.change { [storage = fixture.storage, id = try await fixture.latest().manifest.id] in
                $0.containers["qdrant"]?.onStop = {
                    // As if files had been written before.
                    try? RestoreMark(point: id).set(in: storage)
                    work.value?.cancel()
                }
            }
            let task = Task {
                for await _ in ready {}
                return try await restore.run(step)
            }
            work.change { $0 = task }
            signal.finish()
            let error = await #expect(throws: RecoveryError.self) { _ = try await task.value }
            #expect(error?.code == .containerLeftStopped && error?.cause is CancellationError)
            #expect(!engine.isRunning("qdrant"))
        }
    }

    @Test("whose container was left stopped is reported, although what comes after it fails")
    func laterFailure() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(.refuse("start", times: .max))
            let missing = HoldfastConfiguration.Documents(
                name: "docs",
                path: fixture.folder.path("nowhere"),
                selection: .everything
            )
            let error = await #expect(throws: RecoveryError.self) {
                _ = try await fixture.backUp(documents: [missing])
            }
            #expect(error?.code == .containerLeftStopped, "\(String(describing: error))")
            #expect(error?.message.contains("'qdrant'") == true)
            #expect(error?.message.contains("and the backup failed then") == true)
        }
    }

    @Test("a container that ends as soon as it is started does not count as started again")
    func abandonedDies() async throws {
        try await ColdFixture.withContainer { fixture, engine in
            engine.order(.refuse("start", times: .max))
            _ = try await fixture.backUp()
            engine.order(.diesAtStart)
            let result = await fixture.stopped.startAbandoned()
            #expect(result.remarks.isEmpty && result.failures.map(\.code) == [.containerLeftStopped])
            // The lock of a note that was let go stays with a process that another test forks in that moment, until it has become
            // another program.
            let deadline = ContinuousClock.now + .seconds(30)
            while fixture.stopped.describeAbandoned().isEmpty, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
            #expect(fixture.stopped.describeAbandoned().count == 1)
        }
    }
}
