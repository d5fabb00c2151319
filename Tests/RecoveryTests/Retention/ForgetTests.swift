import ObjectStorage
import ResticCrypto
import ResticFormat
import TestSupport
import Testing

@testable import Recovery
@testable import ResticRepository

@Suite("A forget", .timeLimit(.minutes(10)))
struct ForgetTests {
    private struct FixedClock: WallClock {
        var now: GoTime
        func sleep(_ duration: Duration) async throws {
            if duration > .seconds(60) { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    private let clock = FixedClock(now: GoTime(rfc3339: "2026-06-15T12:00:00Z") ?? .zero)
    private var timing: LockTiming {
        var timing = LockTiming()
        timing.settleTime = .zero
        return timing
    }

    private func makeRepository(_ store: any ObjectStore) async throws -> Repository {
        let scrypt = try ScryptParameters(n: 1024, r: 1, p: 1)
        return try await Repository.create(in: store, password: [1], createdAt: clock.now, scrypt: scrypt)
    }

    /// Saves the snapshots of a restore point: forgetting looks at nothing else.
    @discardableResult
    private func savePoint(
        _ id: String,
        daysAgo: Int64,
        components: [String] = ["documents"],
        system: String = "test",
        hasManifest: Bool = true,
        in repository: Repository
    ) async throws -> [ResticID] {
        let time = GoTime(seconds: clock.now.seconds - daysAgo * 86_400)
        var ids: [ResticID] = []
        for component in components {
            let record = SnapshotRecord(
                time: time,
                tree: .zero,
                paths: ["/\(component)"],
                hostname: system,
                tags: ["holdfast", "rp:\(id)", "component:\(component)"]
            )
            ids.append(try await repository.save(record).id)
        }
        guard hasManifest else { return ids }
        let record = SnapshotRecord(
            time: time,
            tree: .zero,
            paths: ["/holdfast"],
            hostname: system,
            tags: ["holdfast", "rp:\(id)", "restore-point"]
        )
        return ids + [try await repository.save(record).id]
    }

    private func saveForeign(daysAgo: Int64, path: String = "/home", in repository: Repository) async throws -> ResticID
    {
        let time = GoTime(seconds: clock.now.seconds - daysAgo * 86_400)
        return try await repository.save(SnapshotRecord(time: time, tree: .zero, paths: [path], hostname: "laptop")).id
    }

    private func run(_ repository: Repository, _ change: (inout ForgetOptions) -> Void = { _ in }) async throws
        -> ForgetReport
    {
        var options = ForgetOptions()
        change(&options)
        return try await ForgetRun(repository, options: options, clock: clock, timing: timing).run()
    }

    private static func last(_ count: Int) -> RetentionPolicy {
        var policy = RetentionPolicy()
        policy.keepLast = count
        return policy
    }

    @Test("drops whole restore points, the manifest first, and says why")
    func wholePoints() async throws {
        let store = MemoryStore()
        let repository = try await makeRepository(store)
        for day in 0..<4 {
            try await savePoint(
                "0000000\(day)",
                daysAgo: Int64(day),
                components: ["documents", "qdrant"],
                in: repository
            )
        }
        let plan = try await ForgetRun(
            repository,
            options: {
                var options = ForgetOptions()
                options.policy = Self.last(2)
                return options
            }(),
            clock: clock,
            timing: timing
        ).plan()
        #expect(plan.entries.map(\.id) == ["00000000", "00000001", "00000002", "00000003"])
        #expect(plan.entries.map(\.isKept) == [true, true, false, false])
        #expect(plan.dropped.map(\.id) == ["00000003", "00000002"], "the oldest goes first")
        #expect(plan.entries.allSatisfy { !$0.reasons.isEmpty })
        for entry in plan.entries {
            let first = try await repository.loadSnapshot(entry.snapshots[0])
            #expect(first.record.tags.contains("restore-point") && entry.snapshots.count == 3)
        }
        #expect(try await repository.list(.snapshot).count == 12)
        let report = try await run(repository) { $0.policy = Self.last(2) }
        #expect(report.removedSnapshots == 6 && report.droppedEntries == 2)
        #expect(try await repository.list(.snapshot).count == 6)
        #expect(try await repository.list(.lock).isEmpty)
    }

    @Test("never drops the last restore point that holds a component")
    func lastHolder() async throws {
        let repository = try await makeRepository(MemoryStore())
        try await savePoint("aaaaaaaa", daysAgo: 9, components: ["qdrant"], in: repository)
        try await savePoint("bbbbbbbb", daysAgo: 8, components: ["qdrant", "documents"], in: repository)
        for day in 0..<3 { try await savePoint("0000000\(day)", daysAgo: Int64(day), in: repository) }
        // A policy that keeps none of them.
        var tagged = RetentionPolicy()
        tagged.keepTags = ["audit"]
        let report = try await run(repository) {
            $0.policy = tagged
            $0.allowsMany = true
        }
        let kept = report.plan.entries.filter(\.isKept)
        #expect(kept.map(\.id) == ["00000000", "bbbbbbbb"])
        #expect(kept.map(\.reasons) == [["the last one that holds documents"], ["the last one that holds qdrant"]])
        let error = await #expect(throws: RecoveryError.self) {
            try await run(repository) { $0.ids = ["bbbb"] }
        }
        #expect(error?.code == .refused && error?.message.contains("qdrant") == true)
    }

    @Test("refuses to drop more than half at once unless told to")
    func many() async throws {
        let repository = try await makeRepository(MemoryStore())
        for day in 0..<5 { try await savePoint("0000000\(day)", daysAgo: Int64(day), in: repository) }
        let error = await #expect(throws: RecoveryError.self) { try await run(repository) { $0.policy = Self.last(2) } }
        #expect(error?.code == .refused && error?.hint?.contains("--yes-drop-many") == true)
        #expect(try await repository.list(.snapshot).count == 10)
        #expect(try await run(repository) { $0.policy = Self.last(3) }.droppedEntries == 2)
        let rest = try await run(repository) {
            $0.policy = Self.last(1)
            $0.allowsMany = true
        }
        #expect(rest.droppedEntries == 2)
    }

    @Test("leaves other systems and foreign snapshots alone unless asked")
    func scope() async throws {
        let repository = try await makeRepository(MemoryStore())
        for day in 0..<4 {
            try await savePoint("a000000\(day)", daysAgo: Int64(day), in: repository)
            try await savePoint("b000000\(day)", daysAgo: Int64(day), system: "other", in: repository)
            _ = try await saveForeign(daysAgo: Int64(day), in: repository)
            _ = try await saveForeign(daysAgo: Int64(day), path: "/etc", in: repository)
        }
        let own = try await run(repository) {
            $0.policy = Self.last(2)
            $0.system = "test"
        }
        #expect(Set(own.plan.entries.map(\.system)) == ["test"] && own.droppedEntries == 2)
        let foreign = try await run(repository) {
            $0.policy = Self.last(2)
            $0.system = "test"
            $0.includesForeign = true
        }
        #expect(foreign.droppedEntries == 4 && foreign.plan.dropped.allSatisfy { $0.kind == .foreign })
        #expect(try await run(repository) { $0.policy = Self.last(2) }.droppedEntries == 2)
    }

    @Test("drops what is named, and only as a whole")
    func named() async throws {
        let repository = try await makeRepository(MemoryStore())
        for day in 0..<4 { try await savePoint("a\(day)000000", daysAgo: Int64(day), in: repository) }
        let foreign = try await saveForeign(daysAgo: 1, in: repository)
        let report = try await run(repository) { $0.ids = ["A1", foreign.short] }
        #expect(report.removedSnapshots == 3)
        func code(_ id: String) async -> RecoveryError.Code? {
            await #expect(throws: RecoveryError.self) { try await run(repository) { $0.ids = [id] } }?.code
        }
        #expect(await code("a") == .ambiguousRestorePoint)
        #expect(await code("") == .ambiguousRestorePoint)
        // All its digits: a shorter one may begin a snapshot of this run by chance.
        #expect(await code("a1000000") == .noRestorePoint)
        let part = try #require(try await repository.list(.snapshot).first { !$0.hex.hasPrefix("a") })
        #expect(await code(part.hex) == .refused)
    }

    @Test("drops what an unfinished run left, once it is old and nobody is at work")
    func unfinished() async throws {
        let repository = try await makeRepository(MemoryStore())
        try await savePoint("aaaaaaaa", daysAgo: 0, in: repository)
        let old = try await savePoint("bbbbbbbb", daysAgo: 2, hasManifest: false, in: repository)
        try await savePoint("cccccccc", daysAgo: 0, hasManifest: false, in: repository)
        let lock = LockRecord(time: clock.now, exclusive: false, hostname: "elsewhere", username: "", pid: 1)
        let held = try await repository.save(.lock, lock.encode())
        #expect(try await run(repository).droppedEntries == 0)
        try await repository.remove(.lock, held)
        let report = try await run(repository)
        #expect(report.plan.dropped.map(\.id) == ["bbbbbbbb"] && report.removedSnapshots == old.count)
        #expect(try await repository.list(.snapshot).count == 3)
    }

    @Test("refuses to judge ages by a clock that stands before the newest restore point")
    func clockRefuses() async throws {
        let repository = try await makeRepository(MemoryStore())
        try await savePoint("aaaaaaaa", daysAgo: -1, in: repository)
        try await savePoint("bbbbbbbb", daysAgo: 2, in: repository)
        let error = await #expect(throws: RecoveryError.self) { try await run(repository) }
        #expect(error?.code == .refused && error?.hint?.contains("aaaaaaaa") == true)
        #expect(try await run(repository) { $0.ids = ["bbbbbbbb"] }.droppedEntries == 1)
    }

    @Test("works on a store without a free byte, unless somebody else is at work")
    func fullStore() async throws {
        let memory = MemoryStore()
        let repository = try await makeRepository(memory)
        for day in 0..<4 { try await savePoint("0000000\(day)", daysAgo: Int64(day), in: repository) }
        let limited = try await LimitedSpaceStore(memory, free: 0)
        let full = try await Repository.open(in: limited, password: [1])
        let lock = LockRecord(time: clock.now, exclusive: false, hostname: "elsewhere", username: "", pid: 1)
        let held = try await repository.save(.lock, lock.encode())
        let error = await #expect(throws: RepositoryError.self) { try await run(full) { $0.policy = Self.last(2) } }
        #expect(error?.code == .full)
        try await repository.remove(.lock, held)
        #expect(try await run(full) { $0.policy = Self.last(2) }.removedSnapshots == 4)
    }

    @Test("that dies at any write leaves restore points that are whole or gone, and the next one completes")
    func crashes() async throws {
        for number in 1...12 {
            let memory = MemoryStore()
            let repository = try await makeRepository(memory)
            for day in 0..<4 {
                try await savePoint(
                    "0000000\(day)",
                    daysAgo: Int64(day) + 2,
                    components: ["documents", "qdrant"],
                    in: repository
                )
            }
            let dying = try await Repository.open(
                in: FaultyStore(memory, faults: [.crash(atWrite: number)]),
                password: [1]
            )
            _ = try? await run(dying) { $0.policy = Self.last(2) }
            let left = try await repository.snapshots()
            let points = Dictionary(grouping: left) { $0.record.tags.first { $0.hasPrefix("rp:") } ?? "" }
            for (point, members) in points where members.contains(where: { $0.record.tags.contains("restore-point") }) {
                #expect(members.count == 3, "\(point) is torn, died at write \(number)")
            }
            for id in try await repository.list(.lock) { try await repository.remove(.lock, id) }
            _ = try await run(repository) { $0.policy = Self.last(2) }
            #expect(try await repository.list(.snapshot).count == 6, "died at write \(number)")
        }
    }
}
