import Locks
import NIOCore
import ObjectStorage
import ResticFormat
import TestSupport
import Testing

@testable import ResticRepository

@Suite("Retaining further what is needed", .timeLimit(.minutes(5)))
struct RetentionRunTests {
    private typealias Files = PruneFixture.Files
    private var generator = SeededGenerator(seed: 33)

    @Test("extends everything when half of the length is over, once, and asks about one file before")
    mutating func halfLength() async throws {
        let fixture = try await RetainingFixture.make()
        try await fixture.prunes.backUp(.random(["a", "b"], &generator))
        #expect(try await fixture.extend().extended == 0)
        fixture.prunes.clock.advance(hours: 24 * 14)
        #expect(try await fixture.extend().extended == 0)
        fixture.prunes.clock.advance(hours: 24 * 2)
        let later = try await fixture.prunes.backUp(.random(["c"], &generator))
        let report = try await fixture.extend()
        #expect(report.extended == fixture.neededKeys.count && report.problems.isEmpty)
        for key in fixture.neededKeys { #expect(fixture.store.retained[key] == fixture.now + RetainingFixture.length) }
        #expect(fixture.store.retained[FileKind.snapshot.key(later.id)] != nil)
        let count = fixture.store.extensionCount
        #expect(try await fixture.extend().extended == 0)
        #expect(fixture.store.extensionCount == count)
    }

    @Test("never lets what is needed end before half of the length, whenever the backups are made", arguments: 1...4)
    func always(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let fixture = try await RetainingFixture.make()
        for step in 0..<12 {
            try await fixture.prunes.backUp(.random(["f\(step)"], &generator, bytes: 2000))
            _ = try await fixture.extend()
            for key in fixture.neededKeys {
                let left = (fixture.store.retained[key] ?? 0) - fixture.now
                #expect(left >= RetainingFixture.length / 2, "seed \(seed), step \(step), \(key)")
            }
            fixture.prunes.clock.advance(hours: Double(generator.next() % (24 * 20)))
        }
    }

    @Test("leaves out packs that a prune has marked")
    mutating func marked() async throws {
        let fixture = try await RetainingFixture.make()
        try await fixture.prunes.backUp(.random(["a"], &generator))
        let before = try await fixture.prunes.packs()
        try await fixture.prunes.forget(try await fixture.prunes.backUp(.random(["b"], &generator)))
        _ = try await fixture.prunes.run()
        let marked = try await fixture.prunes.packs().subtracting(before)
        #expect(!marked.isEmpty)
        fixture.prunes.clock.advance(hours: 24 * 16)
        _ = try await fixture.extend()
        let retained = fixture.store.retained
        for pack in marked { #expect(retained[FileKind.pack.key(pack)]! < fixture.now + RetainingFixture.length) }
        for pack in before { #expect(retained[FileKind.pack.key(pack)]! == fixture.now + RetainingFixture.length) }
    }

    @Test("names what it could not extend, gives up after some, and does not take that for done")
    mutating func refused() async throws {
        let fixture = try await RetainingFixture.make { $0.mayExtend = false }
        for step in 0..<10 { try await fixture.prunes.backUp(.random(["\(step)"], &generator, bytes: 2000)) }
        fixture.prunes.clock.advance(hours: 24 * 16)
        for _ in 0..<2 {
            let report = try await fixture.extend()
            #expect(report.extended == 0 && report.failures.count >= RetentionReport.namedFailures)
            #expect(report.failures.count + report.untried == fixture.neededKeys.count - 1)
            #expect(report.problems.count == report.failures.count + 1)
            #expect(report.problems[0].contains(report.failures[0].key.path))
        }
    }

    @Test("begins anew after a round in which a file failed, and passes over what is gone meanwhile")
    mutating func brokenOff() async throws {
        let fixture = try await RetainingFixture.make()
        let snapshot = try await fixture.prunes.backUp(.random(["a"], &generator))
        fixture.prunes.clock.advance(hours: 24 * 16)
        let failing = FailingRetention(fixture.store, at: FileKind.snapshot.key(snapshot.id))
        let broken = fixture.prunes.on(failing)
        let run = RetentionRun(try await broken.open(), clock: fixture.prunes.clock)
        failing.order(.inputOutput)
        let first = try #require(try await run.extendWhenDue())
        #expect(first.failures.map(\.key) == [FileKind.snapshot.key(snapshot.id)] && first.untried == 0)
        failing.order(.notFound)
        let second = try #require(try await run.extendWhenDue())
        #expect(second.problems.isEmpty && second.extended == fixture.neededKeys.count - 1)
        #expect(try #require(try await run.extendWhenDue()).extended == 0)
    }

    @Test("asks every file after the length was reduced, since the old end says nothing of what came since")
    mutating func reduced() async throws {
        let fixture = try await RetainingFixture.make()
        let snapshot = try await fixture.prunes.backUp(.random(["a"], &generator))
        let key = FileKind.snapshot.key(snapshot.id)
        // What was written since has the shorter length, of which little is left.
        let retaining = try #require(fixture.store.retaining)
        try await retaining.retain(FileKind.config, until: fixture.now + 10 * RetainingFixture.length)
        fixture.prunes.clock.advance(hours: 24 * 20)
        let report = try await fixture.extend()
        #expect(report.extended == fixture.neededKeys.count - 1)
        #expect(fixture.store.retained[key] == fixture.now + RetainingFixture.length)
    }

    @Test("does nothing in a store that retains nothing")
    func plain() async throws {
        let fixture = try await PruneFixture.make()
        #expect(try await RetentionRun(try await fixture.open(), clock: fixture.clock).extendWhenDue() == nil)
    }
}

/// A store that does not extend the retention of one object, for a reason to order.
private final class FailingRetention: ObjectStore, RetainingStore {
    private let base: MemoryStore
    private let key: ObjectKey
    private let fault: Mutex<ObjectStoreError.Code?> = Mutex(nil)

    init(_ base: MemoryStore, at key: ObjectKey) {
        self.base = base
        self.key = key
    }

    func order(_ code: ObjectStoreError.Code) { fault.withLock { $0 = code } }

    var location: String { base.location }
    var capabilities: StoreCapabilities { base.capabilities }
    var retaining: (any RetainingStore)? { self }
    private var below: any RetainingStore { base.retaining! }

    var retentionLength: Duration { below.retentionLength }
    func retainedUntil(_ key: ObjectKey) async throws -> Int64? { try await below.retainedUntil(key) }
    func retain(_ key: ObjectKey, until: Int64) async throws {
        if key == self.key, let code = fault.withLock(\.self) { throw ObjectStoreError(code, "failed to order") }
        try await below.retain(key, until: until)
    }
    func put(_ body: ByteBuffer, at key: ObjectKey, retainedUntil: Int64) async throws {
        try await below.put(body, at: key, retainedUntil: retainedUntil)
    }
    func shorten(_ key: ObjectKey, until: Int64) async throws { try await below.shorten(key, until: until) }
    func listRemoved(under prefix: ObjectKey?, _ body: ([RemovedObject]) async throws -> Void) async throws {
        try await below.listRemoved(under: prefix, body)
    }
    func erase(_ object: RemovedObject) async throws -> Int64? { try await below.erase(object) }

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
    }
    func delete(_ key: ObjectKey) async throws -> Bool { try await base.delete(key) }
}
