import LocalStorage
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import QdrantCapture
@testable import QdrantClient

@Suite(
    "A collection",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct RoundTripTests {
    @Test("comes back with every point equal, by either road", arguments: CaptureMethod.allCases, [1, 3])
    func everyPointEqual(method: CaptureMethod, shards: Int) async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client, shards: shards)
            let before = try await allPoints("rich", client)
            #expect(before.count == RichCollection.pointCount - 10)
            let repository = try await fixture.makeRepository()
            let (tree, manifest) = try await fixture.capture("rich-live", into: repository, method)
            #expect(manifest.name == "rich" && manifest.aliases == ["rich-live"] && manifest.shards.count == shards)
            #expect(manifest.points == CollectionManifest.Count(before: 390, after: 390))
            #expect(
                manifest.goldenQueries.count >= 15 && manifest.droppedGoldenQueries == 0,
                "\(manifest.goldenQueries.count)"
            )
            #expect(try await client.snapshots(of: .collection("rich")).isEmpty, "a snapshot was left on the server")

            _ = try await client.deleteCollection("rich")
            let report = try await fixture.restore("rich", from: tree, in: repository)
            #expect(report.isVerified, "\(report.differences)")
            #expect(report.restoredAs == "rich" && report.aliases == ["rich-live"] && report.payloadIndexes == 2)
            #expect(report.goldenQueries == manifest.goldenQueries.count)
            #expect(try await allPoints("rich", client) == before)
        }
    }

    @Test("whose scores count deleted points verifies when these do not count any more, and only with its own points")
    func scoresOfTerms() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await client.createCollection(
                "terms",
                ["vectors": [:], "sparse_vectors": ["bm25": ["modifier": "idf"]]]
            )
            func points(_ range: Range<Int>, seed: UInt64) -> [Point] {
                var generator = SeededGenerator(seed: seed)
                return range.map { index in
                    let terms = Set((0..<8).map { _ in UInt32.random(in: 0..<200, using: &generator) }).sorted()
                    let values = terms.map { _ in Float.random(in: 1...2, using: &generator) }
                    return Point(
                        id: .number(UInt64(index)),
                        vectors: .named(["bm25": .sparse(SparseVector(indices: terms, values: values))]),
                        payload: [:]
                    )
                }
            }
            _ = try await client.upsert(points(0..<300, seed: 1), in: "terms")
            // Written again and deleted: statistics of terms keep counting what was there.
            _ = try await client.upsert(points(0..<40, seed: 2), in: "terms")
            _ = try await client.deletePoints(.ids((260..<300).map { .number(UInt64($0)) }), in: "terms")
            let repository = try await fixture.makeRepository()
            let (tree, manifest) = try await fixture.capture("terms", into: repository)
            #expect(!manifest.goldenQueries.isEmpty)
            _ = try await client.deleteCollection("terms")
            let report = try await fixture.restore("terms", from: tree, in: repository)
            #expect(report.isVerified, "\(report.differences)")
            var moved: [GoldenQuery] = []
            for query in manifest.goldenQueries {
                let answer = try await query.ask(client, collection: "terms")
                if query.difference(from: answer, tolerance: 0.0001) != nil { moved.append(query) }
            }
            let query = try #require(
                moved.first,
                "no score differs: this test has lost its subject"
            )
            let strangers = query.hits.map { GoldenQuery.Hit(id: .number(1_000_000), score: $0.score) }
            #expect(query.differenceInPoints(from: strangers)?.contains("of the \(query.hits.count) recorded") == true)
            #expect(query.differenceInPoints(from: Array(query.hits.dropLast())) != nil)
        }
    }

    @Test("restored beside the live one leaves it alone, and takes its alias over in one step when asked")
    func beside() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            _ = try await client.deletePoints(.ids([.number(30)]), in: "rich")
            let live = try await allPoints("rich", client)

            let copy = try await fixture.restore("rich", from: tree, in: repository)
            #expect(copy.isVerified && copy.restoredAs == "rich__rp_0badcafe" && copy.aliases.isEmpty, "\(copy)")
            #expect(try await allPoints("rich", client) == live)
            #expect(try await client.aliases().map(\.collection) == ["rich"])
            _ = try await client.deleteCollection(copy.restoredAs)

            let switched = try await fixture.restore("rich", from: tree, in: repository) { $0.switchesAliases = true }
            #expect(switched.aliases == ["rich-live"])
            #expect(try await client.aliases().map(\.collection) == ["rich__rp_0badcafe"])
            #expect(try await client.count(in: "rich-live") == 390)
        }
    }

    @Test("restored in place has the captured points again, and no copy stays behind")
    func inPlace() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let before = try await allPoints("rich", client)
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            _ = try await client.deletePoints(.ids(before.prefix(50).map(\.id)), in: "rich")
            let report = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            #expect(report.isVerified, "\(report.differences)")
            #expect(try await allPoints("rich", client) == before)
            #expect(try await client.collections() == ["rich"])
        }
    }

    @Test(
        "restored in place gets back payload indexes that the live collection lacks; one of another type is refused before"
    )
    func inPlaceIndexes() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await RichCollection.create("rich", on: client)
            let before = try await client.collection("rich").payloadSchema
            let field = try #require(before.first { $0.dataType == "keyword" })
            let repository = try await fixture.makeRepository()
            let (tree, _) = try await fixture.capture("rich", into: repository)
            try await client.deletePayloadIndex(field.field, in: "rich")
            let points = try await allPoints("rich", client)
            _ = try await client.deletePoints(.ids(points.prefix(50).map(\.id)), in: "rich")
            let report = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            #expect(report.isVerified && report.payloadIndexes == before.count, "\(report.differences)")
            #expect(
                report.warnings.contains { $0.contains("lacks the payload index on '\(field.field)'") },
                "\(report)"
            )
            #expect(
                Set(try await client.collection("rich").payloadSchema.map(\.field)) == Set(before.map(\.field))
            )

            try await client.deletePayloadIndex(field.field, in: "rich")
            _ = try await client.createPayloadIndex(field.field, "text", in: "rich")
            _ = try await client.deletePoints(.ids(points.prefix(50).map(\.id)), in: "rich")
            let left = try await allPoints("rich", client)
            let error = await #expect(throws: CaptureError.self) {
                _ = try await fixture.restore("rich", from: tree, in: repository) { $0.destination = .inPlace }
            }
            #expect(error?.code == .incompatible && error?.message.contains("'\(field.field)' is text") == true)
            #expect(try await allPoints("rich", client) == left)
            #expect(try await client.collections() == ["rich"])
        }
    }

    @Test("with custom sharding comes back with its keys and points")
    func customSharding() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await client.createCollection(
                "keyed",
                ["vectors": ["size": 4, "distance": "Dot"], "sharding_method": "custom", "shard_number": 1]
            )
            for (index, key) in (["north", "south"] as [ShardKey]).enumerated() {
                try await client.createShardKey(key, of: "keyed")
                let points = (0..<20).map {
                    Point(id: .number(UInt64(index * 100 + $0)), vector: [Float($0), 1, 2, Float(index)])
                }
                _ = try await client.upsert(points, in: "keyed", shardKey: key)
            }
            let before = try await allPoints("keyed", client)
            #expect(before.count == 40)
            let repository = try await fixture.makeRepository()
            let (tree, manifest) = try await fixture.capture("keyed", into: repository)
            #expect(manifest.shards.map(\.key) == ["north", "south"])
            _ = try await client.deleteCollection("keyed")
            let report = try await fixture.restore("keyed", from: tree, in: repository)
            #expect(report.isVerified, "\(report.differences)")
            #expect(try await allPoints("keyed", client) == before)
            #expect(try await client.count(in: "keyed", shardKeys: ["south"]) == 20)
        }
    }

    @Test("unchanged is stored as the same blobs and the same shard trees again, by the same road and by the other")
    func unchangedCostsNothing() async throws {
        try await CaptureFixture.with { fixture in
            try await RichCollection.create("rich", on: fixture.client)
            let repository = try await fixture.makeRepository()
            let (first, _) = try await fixture.capture("rich", into: repository)
            let (second, _) = try await fixture.capture("rich", into: repository)
            let path = CollectionManifest.path(ofShard: 0, of: "rich") + "/segments"
            #expect(
                try await repository.node(at: path, in: first)?.subtree
                    == repository.node(at: path, in: second)?.subtree
            )
            let (other, _) = try await fixture.capture("rich", into: repository, .snapshot)
            let streamed = try await paths(first, repository)
            #expect(
                try await paths(other, repository).filter { !$0.contains("/wal/") }
                    == streamed.filter { !$0.contains("/wal/") }
            )
            #expect(
                try await repository.node(at: path, in: first)?.subtree == repository.node(at: path, in: other)?.subtree
            )
        }
    }

    @Test("whose snapshot is being made already is not made to make a second one")
    func adoption() async throws {
        try await CaptureFixture.with { fixture in
            let client = fixture.client
            try await client.createCollection("large", ["vectors": ["size": 256, "distance": "Dot"]])
            var generator = SeededGenerator(seed: 3)
            for batch in 0..<10 {
                let points = (0..<1000).map { index in
                    Point(
                        id: .number(UInt64(batch * 1000 + index)),
                        vector: (0..<256).map { _ in Float.random(in: -1...1, using: &generator) }
                    )
                }
                _ = try await client.upsert(points, in: "large")
            }
            let repository = try await fixture.makeRepository()
            let cluster = try await client.collectionCluster("large")
            var options = CollectionCapture.Options()
            options.pollInterval = .milliseconds(20)
            let road = StoredSnapshotRoad(
                capture: CollectionCapture(client: client, collection: "large", options: options),
                collection: "large"
            )
            // The other snapshot may be finished before we look; then it is not ours to adopt, and we try again.
            for _ in 0..<20 {
                try await client.startSnapshot(of: .collection("large"))
                while try await client.metrics().runningSnapshotCreations["large"] == nil,
                    try await client.snapshots(of: .collection("large")).isEmpty
                {
                    try await Task.sleep(for: .milliseconds(1))
                }
                let (shards, _) = try await repository.write { writer in
                    try await road.read(cluster, into: writer).count
                }
                #expect(shards == 1)
                // Adopted and deleted: nothing is left. Otherwise ours is gone and the other one stays.
                let left = try await client.snapshots(of: .collection("large"))
                if left.isEmpty { return }
                for snapshot in left { try await client.deleteSnapshot(snapshot.name, of: .collection("large")) }
            }
            Issue.record("a second snapshot was made every time")
        }
    }

    private func paths(_ tree: ResticID, _ repository: IndexedRepository) async throws -> [String] {
        var paths: [String] = []
        try await repository.walk(tree) { entry in
            if entry.node.type == .file { paths.append(entry.path.description) }
            return true
        }
        return paths.filter { !$0.hasSuffix("applied_seq.json") }
    }
}
