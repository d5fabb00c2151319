import TestSupport
import Testing

@testable import QdrantCapture
@testable import QdrantClient

@Suite("Comparing a live collection with a reference")
struct CollectionComparisonTests {
    /// A random reference, and a live collection made of it by a seed.
    struct World {
        var reference: [PointRecord]
        var live: [PointRecord] = []
        var missing: [PointID] = []
        var different: [PointID] = []
        var extra: [PointID] = []
        var options = CollectionComparison.Options()

        init(seed: UInt64) {
            var random = RandomPoints(SeededGenerator(seed: seed))
            reference = random.points(Int(random.generator.next() % 400))
            for record in reference {
                switch random.generator.next() % 10 {
                case 0: missing.append(record.id)
                case 1:
                    different.append(record.id)
                    live.append(random.altered(record))
                default: live.append(record)
                }
            }
            let known = Set(reference.map(\.id))
            for record in random.points(Int(random.generator.next() % 40)) where !known.contains(record.id) {
                extra.append(record.id)
                live.append(record)
            }
            options.rangeCount = 1 + Int(random.generator.next() % 5)
            options.pageBytes = 1
        }

        func comparison(_ liveSource: MemoryPoints, _ referenceSource: MemoryPoints) -> CollectionComparison {
            CollectionComparison(liveSource, with: referenceSource, fields: [], shardKeys: [], options: options)
        }
    }

    private static let seeds: [UInt64] = Array(1...60) + [UInt64.random(in: .min ... .max)]

    @Test(
        "finds exactly what is missing, differs and is extra, whatever the ids, vectors, pages and ranges",
        arguments: seeds
    )
    func model(seed: UInt64) async throws {
        let world = World(seed: seed)
        let (live, reference) = (MemoryPoints(world.live), MemoryPoints(world.reference))
        let found = try await world.comparison(live, reference).run()
        #expect(found.parts[0].missing.ids == world.missing, "seed \(seed)")
        #expect(found.parts[0].different.ids == world.different, "seed \(seed)")
        #expect(found.parts[0].extra.ids == world.extra, "seed \(seed)")
        #expect(found.livePoints == world.live.count && found.referencePoints == world.reference.count, "seed \(seed)")
        #expect(found.parts[0].seen.count == world.different.count)
        #expect(live.written.isEmpty && reference.written.isEmpty)
    }

    @Test("writes exactly the missing and the different points, each once, and no other", arguments: seeds)
    func repair(seed: UInt64) async throws {
        let world = World(seed: seed)
        let (live, reference) = (MemoryPoints(world.live), MemoryPoints(world.reference))
        let comparison = world.comparison(live, reference)
        let found = try await comparison.run()
        let writer = PointWriter(live: live, reference: reference, rule: comparison.rule, batchLimit: 7)
        var outcome = PointWriter.Outcome()
        try await writer.restoreMissing(of: found.parts[0], into: &outcome)
        #expect(live.written == world.missing, "seed \(seed)")
        try await writer.replaceDifferent(of: found.parts[0], into: &outcome)
        #expect(live.written == world.missing + world.different, "seed \(seed)")
        #expect(outcome.restored == world.missing.count && outcome.replaced == world.different.count)
        #expect(outcome.changedMeanwhile.isEmpty && outcome.unconfirmed.isEmpty)
        let extras = world.live.filter { world.extra.contains($0.id) }
        #expect(
            live.points == Dictionary(uniqueKeysWithValues: (world.reference + extras).map { ($0.id, $0) }),
            "seed \(seed)"
        )
        let again = try await comparison.run()
        #expect(again.isEmpty && again.extra == world.extra.count, "seed \(seed)")
    }

    @Test("by ids alone finds what is missing and extra, and takes no content")
    func idsOnly() async throws {
        var world = World(seed: 3)
        world.options.comparesContent = false
        let found = try await world.comparison(MemoryPoints(world.live), MemoryPoints(world.reference)).run()
        #expect(found.missing == world.missing.count && found.extra == world.extra.count && found.different == 0)
        #expect(!found.comparedContent)
    }

    @Test("counts on when there are more ids than are kept, and says that the list is not whole")
    func limit() async throws {
        var random = RandomPoints(SeededGenerator(seed: 12))
        let reference = random.points(60)
        let live = reference.dropFirst(10).enumerated().map { index, record in
            index < 10 ? random.altered(record) : record
        }
        var options = CollectionComparison.Options()
        options.idLimit = 3
        let (left, right) = (MemoryPoints(live), MemoryPoints(reference))
        let found = try await CollectionComparison(left, with: right, fields: [], shardKeys: [], options: options).run()
        let part = found.parts[0]
        #expect(part.missing.count == 10 && part.missing.ids.count == 3 && !part.missing.isComplete)
        #expect(part.different.count == 10 && part.different.ids.count == 3 && part.seen.count == 3)
    }

    @Test("holds one page of either side: none is asked for before the one before it is used up")
    func memoryBound() async throws {
        var random = RandomPoints(SeededGenerator(seed: 5))
        let reference = random.points(900)
        // The live side has lost one half: its pages reach further, so the sides take turns unevenly.
        let live = reference.enumerated().filter { $0.offset % 2 == 0 || $0.offset > 700 }.map(\.element)
        var options = CollectionComparison.Options()
        options.pageBytes = 20_000
        options.rangeCount = 1
        let turns = MemoryPoints.Turns()
        let (left, right) = (MemoryPoints(live, turns: turns), MemoryPoints(reference, turns: turns))
        let comparison = CollectionComparison(left, with: right, fields: [], shardKeys: [], options: options)
        #expect(comparison.pageLimit == 20)
        _ = try await comparison.run()
        #expect((left.reads + right.reads).allSatisfy { $0.limit == 20 })
        #expect(left.highestRunning == 1 && right.highestRunning == 1)
        for (one, other) in [(left.reads, right.reads), (right.reads, left.reads)] {
            for (page, next) in zip(one, one.dropFirst()) {
                // A page is used up when the other side has been read up to its end, or is at its own end.
                let before = other.filter { $0.turn < next.turn }.last!
                #expect(before.last! >= page.last! || before.last == other.last!.last, "\(page) \(next)")
            }
        }
        #expect(right.reads.count == 45 && left.reads.count == (live.count + 19) / 20)
    }

    @Test("reads as many ranges side by side as it is told to, and no more")
    func ranges() async throws {
        var random = RandomPoints(SeededGenerator(seed: 6))
        let points = random.points(1000)
        var options = CollectionComparison.Options()
        options.pageBytes = 1
        options.rangeCount = 4
        let (left, right) = (MemoryPoints(points), MemoryPoints(points))
        let found = try await CollectionComparison(left, with: right, fields: [], shardKeys: [], options: options).run()
        #expect(found.same == 1000)
        #expect(Set(right.reads.compactMap(\.start)).isSuperset(of: try await right.borders(3, in: nil)))
        #expect(left.highestRunning <= 4 && right.highestRunning <= 4)
    }

    @Test("refuses pages that are not in the order of ids, which would look like lost points")
    func disorder() throws {
        let source = MemoryPoints([])
        func take(_ ids: [PointID], next: PointID? = nil, from start: PointID? = nil) throws {
            var cursor = PageCursor(source, IDRange(start: start), in: nil, limit: 10, withContent: false)
            try cursor.take(ScrollPage(records: ids.map { PointRecord(id: $0) }, nextOffset: next))
        }
        try take([1, 2, 9], next: 10)
        #expect(throws: QdrantError.self) { () throws -> Void in try take([2, 1]) }
        #expect(throws: QdrantError.self) { () throws -> Void in try take([1, 1]) }
        #expect(throws: QdrantError.self) { () throws -> Void in try take([.uuid(UniqueID(high: 0, low: 0)), 1]) }
        #expect(throws: QdrantError.self) { () throws -> Void in try take([1, 2], next: 2) }
        #expect(throws: QdrantError.self) { () throws -> Void in try take([1], from: 5) }
        #expect(throws: QdrantError.self) { () throws -> Void in try take([], next: 5, from: 5) }
    }
}

@Suite("Writing single points")
struct PointWriterTests {
    private func record(_ id: PointID, _ value: Int) -> PointRecord {
        PointRecord(id: id, payload: ["v": .number(value)], vectors: .unnamed(.dense([1])))
    }

    private func writer(_ live: MemoryPoints, _ reference: MemoryPoints) -> PointWriter {
        PointWriter(live: live, reference: reference, rule: ContentRule([]), batchLimit: 10)
    }

    private func compare(_ live: MemoryPoints, _ reference: MemoryPoints) async throws -> CollectionDifferences.Part {
        let comparison = CollectionComparison(live, with: reference, fields: [], shardKeys: [], options: .init())
        return try await comparison.run().parts[0]
    }

    @Test("leaves points alone that somebody wrote, changed or deleted since the comparison")
    func changedMeanwhile() async throws {
        let reference = MemoryPoints((1...6).map { record(.number($0), 0) })
        let live = MemoryPoints([record(4, 1), record(5, 1), record(6, 1)])
        let part = try await compare(live, reference)
        #expect(part.missing.ids == [1, 2, 3] && part.different.ids == [4, 5, 6])
        live.change(1, to: record(1, 7))
        live.change(2, to: record(2, 0))
        live.change(4, to: record(4, 8))
        live.change(5, to: nil)
        var outcome = PointWriter.Outcome()
        try await writer(live, reference).restoreMissing(of: part, into: &outcome)
        try await writer(live, reference).replaceDifferent(of: part, into: &outcome)
        #expect(live.written == [3, 6])
        #expect(outcome.changedMeanwhile == [1, 4, 5] && outcome.unconfirmed.isEmpty)
        #expect(live.points[1] == record(1, 7) && live.points[4] == record(4, 8) && live.points[5] == nil)
    }

    @Test("names written points that do not read as they should")
    func unconfirmed() async throws {
        let reference = MemoryPoints([record(1, 0)])
        let live = MemoryPoints([]) { live in
            if live.points[1] != nil { live.change(1, to: PointRecord(id: 1, payload: [:])) }
        }
        let part = try await compare(live, reference)
        var outcome = PointWriter.Outcome()
        try await writer(live, reference).restoreMissing(of: part, into: &outcome)
        #expect(outcome.unconfirmed == [1])
    }

    @Test("stops when the copy loses points")
    func copyLost() async throws {
        let reference = MemoryPoints([record(1, 0), record(2, 0)])
        let live = MemoryPoints([])
        let part = try await compare(live, reference)
        reference.change(2, to: nil)
        let error = await #expect(throws: CaptureError.self) {
            var outcome = PointWriter.Outcome()
            try await writer(live, reference).restoreMissing(of: part, into: &outcome)
        }
        #expect(error?.code == .unverified && live.written.isEmpty)
    }
}

@Suite("Content of two points")
struct ContentRuleTests {
    private func areEqual(_ left: JSONObject?, _ right: JSONObject?) -> Bool {
        ContentRule([]).areEqual(PointRecord(id: 1, payload: left), PointRecord(id: 1, payload: right))
    }

    @Test("is the same where the payload is, exact in integers and bytes, whatever the order of keys")
    func payloads() {
        #expect(areEqual(nil, [:]))
        #expect(areEqual(["a": 1, "b": [2, "x"]], ["b": [2, "x"], "a": 1]))
        #expect(!areEqual(["n": .number(UInt64.max)], ["n": .number(UInt64.max - 1)]))
        #expect(!areEqual(["n": 9_007_199_254_740_993], ["n": 9_007_199_254_740_992]))
        #expect(!areEqual(["n": 1], ["n": 1.0]))
        #expect(!areEqual(["a": .null], [:]))
        #expect(!areEqual(["s": "é"], ["s": "e\u{301}"]))
        #expect(!areEqual(["a": [1, 2]], ["a": [2, 1]]))
    }

    @Test("takes 64-bit floats next to each other for the same, and none further apart, at any depth")
    func neighbours() {
        let value = 0.123456789012345678
        #expect(areEqual(["a": ["b": [.double(value)]], "c": 1], ["c": 1, "a": ["b": [.double(value.nextUp)]]]))
        #expect(!areEqual(["a": .double(value)], ["a": .double(value.nextUp.nextUp)]))
        #expect(!areEqual(["a": .double(value), "n": 1], ["a": .double(value.nextUp), "n": 2]))
    }

    private func vectors(_ field: JSONObject, _ left: [Float], _ right: [Float]) -> Bool {
        let fields = VectorField.fields(inConfig: ["params": ["vectors": .object(field)]])
        return ContentRule(fields).areEqual(
            PointRecord(id: 1, vectors: .unnamed(.dense(left))),
            PointRecord(id: 1, vectors: .unnamed(.dense(right)))
        )
    }

    @Test("compares vectors bit by bit, but those that the server rounds again when they are written")
    func rounded() {
        let cosine: JSONObject = ["size": 2, "distance": "Cosine"]
        #expect(!vectors(cosine, [0.6, 0.8], [0.6, Float(0.8).nextUp]))
        #expect(
            !vectors(["size": 2, "distance": "Dot", "datatype": "float16"], [0.6, 0.8], [0.6, Float(0.8).nextUp])
        )
        let half: JSONObject = ["size": 2, "distance": "Cosine", "datatype": "float16"]
        #expect(vectors(half, [0.6, 0.8], [0.6, 0.8004]))
        #expect(!vectors(half, [0.6, 0.8], [0.6, 0.802]))
        #expect(!vectors(half, [0.6, 0.8], [0.6]))
    }

    @Test(
        "is newer where the named field has grown, and not where it cannot be compared",
        arguments: [
            (["t": "2026-02-01"], ["t": "2026-01-31"], true), (["t": "2026-01-31"], ["t": "2026-01-31"], false),
            (["t": 3], ["t": 2], true), (["t": 2], ["t": 3], false), (["t": 2.5], ["t": 2], true),
            (["t": "3"], ["t": 2], false), (["t": 1], [:], true), ([:], ["t": 1], false),
            (["t": .null], ["t": 1], false),
        ] as [(JSONObject, JSONObject, Bool)]
    )
    func newer(live: JSONObject, stored: JSONObject, isNewer: Bool) {
        let rule = NewerRule(field: "meta.t")
        #expect(
            rule.isNewer(
                PointRecord(id: 1, payload: ["meta": .object(live)]),
                than: PointRecord(id: 1, payload: ["meta": .object(stored)])
            ) == isNewer
        )
    }
}
