import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import QdrantCapture
@testable import QdrantClient

@Suite(
    "Repairing single points of a live collection",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct PointRepairTests {
    /// A collection with every kind of vector, captured, then damaged: 30 points gone, 20 altered, 5 added.
    private struct Damaged {
        let stored: StoredCollection
        let before: [PointRecord]
        let missing: Set<PointID>
        let different: Set<PointID>
        let extra: [PointRecord]
        /// The live collection after the damage.
        let live: [PointRecord]
    }

    private func damage(_ fixture: CaptureFixture, shards: Int = 1) async throws -> Damaged {
        let client = fixture.client
        try await RichCollection.create("rich", on: client, shards: shards)
        let before = try await allPoints("rich", client)
        let repository = try await fixture.makeRepository()
        let (tree, _) = try await fixture.capture("rich", into: repository)
        let missing = stride(from: 0, to: 300, by: 10).map { before[$0].id }
        try await client.deletePoints(.ids(missing), in: "rich")
        var altered: [Point] = []
        for (index, record) in stride(from: 5, to: 205, by: 10).map({ before[$0] }).enumerated() {
            var point = Point(id: record.id, vectors: record.vectors!, payload: record.payload!)
            guard case .named(var vectors) = point.vectors else { continue }
            switch index % 5 {
            case 0: point.payload["big"] = 1
            case 1: vectors["dense"] = .dense((0..<24).map { Float($0) })
            case 2: vectors["multi"] = .multi([[1, 2, 3, 4, 5, 6]])
            case 3: vectors["sparse"] = .sparse(SparseVector(indices: [1], values: [0.5]))
            default: vectors["bytes"] = nil
            }
            point.vectors = .named(vectors)
            altered.append(point)
        }
        try await client.upsert(altered, in: "rich")
        let added = (0..<5).map { index in
            Point(id: .number(5_000_000 + UInt64(index)), vectors: .named([:]), payload: ["new": true])
        }
        try await client.upsert(added, in: "rich")
        let live = try await allPoints("rich", client)
        return Damaged(
            stored: try await StoredCollection("rich", in: tree, of: repository),
            before: before,
            missing: Set(missing),
            different: Set(altered.map(\.id)),
            extra: live.filter { record in added.contains { $0.id == record.id } },
            live: live
        )
    }

    private func makeRepair(
        _ stored: StoredCollection,
        _ fixture: CaptureFixture,
        copyOn: QdrantClient? = nil,
        _ change: (inout PointRepairOptions) -> Void = { _ in }
    ) -> PointRepair {
        var options = PointRepairOptions(restorePointID: "0badcafe")
        options.restore.pollInterval = .milliseconds(50)
        change(&options)
        return PointRepair(stored, to: fixture.client, copyOn: copyOn, options: options)
    }

    private func run(_ repair: PointRepair, writes: Bool = true) async throws -> PointRepairReport {
        try await repair.run(repair.check()) { _ in writes }
    }

    /// The number of the operation that last wrote each point with a dense vector: the same as before when nobody wrote it.
    private func versions(_ client: QdrantClient) async throws -> [PointID: UInt64] {
        let query = QueryRequest(
            .vector(.dense([Float](repeating: 1, count: 24))),
            using: "dense",
            limit: 1000,
            isExact: true,
            payload: .none,
            vectors: .none
        )
        let points = try await client.query(query, in: "rich")
        return Dictionary(uniqueKeysWithValues: points.map { ($0.record.id, $0.version) })
    }

    @Test("brings back what is missing and what differs, bit by bit, and writes no other point", arguments: [1, 3])
    func repair(shards: Int) async throws {
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture, shards: shards)
            let before = try await versions(fixture.client)
            let report = try await run(makeRepair(damaged.stored, fixture))
            #expect(report.isVerified, "\(report.differences)")
            #expect(Set(report.found.parts[0].missing.ids) == damaged.missing)
            #expect(Set(report.found.parts[0].different.ids) == damaged.different)
            #expect(report.found.extra == 5 && report.restored == 30 && report.replaced == 20)
            #expect(report.changedMeanwhile.isEmpty && report.warnings.isEmpty, "\(report.warnings)")
            let after = try await allPoints("rich", fixture.client)
            #expect(after == (damaged.before + damaged.extra).sorted { $0.id < $1.id })
            let untouched = try await versions(fixture.client).filter {
                !damaged.missing.contains($0.key) && !damaged.different.contains($0.key)
            }
            #expect(untouched.count == 340)
            #expect(untouched == before.filter { untouched[$0.key] != nil })
            #expect(try await fixture.client.collections() == ["rich"])
            #expect(try await fixture.client.aliases().map(\.collection) == ["rich"])
            // Extras may stand in an answer: then the golden queries say nothing. Without them they are asked.
            #expect(report.goldenQueries == nil)
            try await fixture.client.deletePoints(.ids(damaged.extra.map(\.id)), in: "rich")
            let again = try await run(makeRepair(damaged.stored, fixture))
            #expect(again.isVerified && again.restored == 0 && again.replaced == 0, "\(again.differences)")
            #expect((again.goldenQueries ?? 0) >= 15)
        }
    }

    @Test("only compared, changes nothing and leaves no copy behind")
    func dryRun() async throws {
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture)
            let report = try await run(makeRepair(damaged.stored, fixture), writes: false)
            #expect(!report.wasRun && report.found.missing == 30 && report.found.different == 20)
            #expect(try await allPoints("rich", fixture.client) == damaged.live)
            #expect(try await fixture.client.collections() == ["rich"])
        }
    }

    @Test(
        "leaves different points alone when only missing ones are wanted, by ids or by content",
        arguments: [true, false]
    )
    func missingOnly(comparesContent: Bool) async throws {
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture)
            let report = try await run(
                makeRepair(damaged.stored, fixture) {
                    $0.missingOnly = true
                    $0.comparison.comparesContent = comparesContent
                }
            )
            #expect(report.isVerified && report.restored == 30 && report.replaced == 0, "\(report.differences)")
            #expect(report.found.different == (comparesContent ? 20 : 0))
            let lost = damaged.before.filter { damaged.missing.contains($0.id) }
            #expect(try await allPoints("rich", fixture.client) == (damaged.live + lost).sorted { $0.id < $1.id })
        }
    }

    @Test("compares with a copy on another server, and leaves none there")
    func otherServer() async throws {
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture)
            try await CaptureFixture.with { scratch in
                let repair = makeRepair(damaged.stored, fixture, copyOn: scratch.client) { $0.missingOnly = false }
                let report = try await repair.run(repair.check()) { _ in
                    let (copies, lives) = (
                        try await scratch.client.collections(), try await fixture.client.collections()
                    )
                    #expect(copies == ["rich__rp_0badcafe"] && lives == ["rich"])
                    return true
                }
                #expect(report.isVerified, "\(report.differences)")
                #expect(try await scratch.client.collections().isEmpty)
            }
        }
    }

    @Test("uses a copy that is there and is what was captured, and leaves it; refuses one that is not")
    func existingCopy() async throws {
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture)
            let kept = try await run(makeRepair(damaged.stored, fixture) { $0.keepsCopy = true }, writes: false)
            #expect(kept.copyStays && kept.copyBytes > 0)
            let report = try await run(makeRepair(damaged.stored, fixture))
            #expect(report.isVerified && report.copyWasThere && report.copyStays && report.copyBytes == 0)
            #expect(try await fixture.client.collections().sorted() == ["rich", "rich__rp_0badcafe"])
            try await fixture.client.deletePoints(.ids([damaged.before[0].id]), in: "rich__rp_0badcafe")
            let error = await #expect(throws: CaptureError.self) {
                _ = try await run(makeRepair(damaged.stored, fixture))
            }
            #expect(error?.code == .unverified && error?.message.contains("389 points instead of 390") == true)
        }
    }

    @Test("deletes its copy when it fails, and when it is cancelled")
    func cleanUp() async throws {
        struct Stop: Error {}
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture)
            let repair = makeRepair(damaged.stored, fixture)
            await #expect(throws: Stop.self) {
                _ = try await repair.run(repair.check()) { _ in throw Stop() }
            }
            #expect(try await fixture.client.collections() == ["rich"])
            let task = Task {
                _ = try await repair.run(repair.check()) { _ in
                    withUnsafeCurrentTask { $0?.cancel() }
                    return true
                }
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await fixture.client.collections() == ["rich"])
            #expect(try await allPoints("rich", fixture.client) == damaged.live)
        }
    }

    @Test("stopped half-way, the next run finds and repairs the rest")
    func interrupted() async throws {
        try await CaptureFixture.with(EmbeddedQdrant.Options(enablesFaults: true)) { fixture in
            let damaged = try await damage(fixture)
            // The second write, that of the different points, is refused.
            let repair = makeRepair(damaged.stored, fixture)
            await #expect(throws: QdrantError.self) {
                _ = try await repair.run(repair.check()) { _ in
                    try await fixture.order(["route": "PUT /collections/rich/points", "kind": "status", "status": 500])
                    return true
                }
            }
            try await fixture.clearFaults()
            #expect(try await fixture.client.collections() == ["rich"])
            try await fixture.client.upsert(
                damaged.before.filter { damaged.missing.contains($0.id) }.prefix(11).map {
                    Point(id: $0.id, vectors: $0.vectors!, payload: $0.payload!)
                },
                in: "rich"
            )
            let report = try await run(makeRepair(damaged.stored, fixture))
            #expect(report.isVerified && report.restored == 19 && report.replaced == 20, "\(report)")
        }
    }

    @Test("refuses what is no partial loss: the collection gone, other vectors, more points than ids are kept")
    func refusals() async throws {
        try await CaptureFixture.with { fixture in
            let damaged = try await damage(fixture)
            let many = await #expect(throws: CaptureError.self) {
                _ = try await run(makeRepair(damaged.stored, fixture) { $0.comparison.idLimit = 20 })
            }
            #expect(many?.code == .tooDifferent)
            #expect(try await allPoints("rich", fixture.client) == damaged.live)
            try await fixture.client.createCollection("other", ["vectors": ["size": 3, "distance": "Dot"]])
            let other = await #expect(throws: CaptureError.self) {
                _ = try await makeRepair(damaged.stored, fixture) { $0.liveName = "other" }.check()
            }
            #expect(other?.code == .incompatible)
            try await fixture.client.deleteCollection("rich")
            let gone = await #expect(throws: CaptureError.self) {
                _ = try await makeRepair(damaged.stored, fixture).check()
            }
            #expect(gone?.code == .collectionMissing)
        }
    }

    @Test("finds points by shard key in a custom-sharded collection, also when a whole key is gone")
    func customSharding() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await client.createCollection(
                "keyed",
                ["vectors": ["size": 4, "distance": "Dot"], "sharding_method": "custom", "shard_number": 1]
            )
            // The same ids under both keys: they are different points.
            for (index, key) in (["north", "south"] as [ShardKey]).enumerated() {
                try await client.createShardKey(key, of: "keyed")
                let points = (0..<20).map { Point(id: .number(UInt64($0)), vector: [Float($0), 1, 2, Float(index)]) }
                try await client.upsert(points, in: "keyed", shardKey: key)
            }
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("keyed", into: repository)
            let stored = try await StoredCollection("keyed", in: tree, of: repository)
            func points(_ key: ShardKey) async throws -> [PointRecord] {
                try await client.scroll(ScrollRequest(vectors: .all, shardKeys: [key]), in: "keyed").records
            }
            let before = (try await points("north"), try await points("south"))
            try await client.deletePoints(.ids([3, 4]), in: "keyed", shardKeys: ["north"])
            try await client.deleteShardKey("south", of: "keyed")
            try await client.createShardKey("west", of: "keyed")
            try await client.upsert([Point(id: 1, vector: [1, 1, 1, 1])], in: "keyed", shardKey: "west")

            let report = try await run(makeRepair(stored, fixture))
            #expect(report.isVerified && report.restored == 22 && report.found.extra == 1, "\(report)")
            #expect(try await points("north") == before.0)
            #expect(try await points("south") == before.1)
            #expect(try await points("west").count == 1)
        }
    }

    @Test("payload numbers come back exact, and 64-bit floats so close that they are not found again")
    func numbers() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            var generator = SeededGenerator(seed: 77)
            try await client.createCollection("numbers", ["vectors": ["size": 1, "distance": "Dot"]])
            let points = (0..<300).map { index in
                Point(
                    id: .number(UInt64(index)),
                    vector: [Float(index)],
                    payload: [
                        "x": .double(Double.random(in: -1...1, using: &generator)), "n": .number(generator.next()),
                        "i": .integer(Int64(truncatingIfNeeded: generator.next())),
                    ]
                )
            }
            try await client.upsert(points, in: "numbers")
            let before = try await allPoints("numbers", client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("numbers", into: repository)
            let stored = try await StoredCollection("numbers", in: tree, of: repository)
            try await client.deletePoints(.ids(before.prefix(200).map(\.id)), in: "numbers")
            let report = try await run(makeRepair(stored, fixture))
            #expect(report.isVerified && report.restored == 200, "\(report.differences)")
            let after = try await allPoints("numbers", client)
            #expect(after.map { $0.payload?["n"] } == before.map { $0.payload?["n"] })
            #expect(after.map { $0.payload?["i"] } == before.map { $0.payload?["i"] })
            #expect(zip(after, before).allSatisfy { ContentRule([]).areEqual($0, $1) })
        }
    }
}
