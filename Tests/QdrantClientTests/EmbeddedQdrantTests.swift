import Foundation
import Logging
import NIOCore
import NIOHTTP1
import TestSupport
import Testing

@testable import QdrantClient

/// Runs every call against the embedded Qdrant, which is the real storage engine behind the same API.
@Suite(
    "Against the embedded Qdrant",
    .timeLimit(.minutes(2)),
    .enabled(
        if: EmbeddedQdrant.reasonForAbsence == nil,
        "needs a Python with qdrant-edge-py: set HOLDFAST_PYTHON, or make .venv in the package's folder"
    )
)
struct EmbeddedQdrantTests {
    private static let schema: JSONObject = [
        "vectors": [
            "text": ["size": 8, "distance": "Cosine"],
            "image": ["size": 4, "distance": "Dot", "datatype": "float16"],
            "bytes": ["size": 4, "distance": "Euclid", "datatype": "uint8"],
            "colbert": ["size": 4, "distance": "Dot", "multivector_config": ["comparator": "max_sim"]],
        ],
        "sparse_vectors": ["words": [:]],
    ]

    /// Points with ids and payloads of every kind, the same for every run.
    private static func points(_ count: Int) -> [Point] {
        var generator = SeededGenerator(seed: 42)
        return (0..<count).map { number in
            let id: PointID =
                switch number {
                case 0: .number(0)
                case 1: .number(.max)
                case let number where number.isMultiple(of: 3):
                    .uuid(UniqueID(high: generator.next(), low: generator.next()))
                default: .number(UInt64(number))
                }
            var vectors: [String: Vector] = [
                "text": .dense((0..<8).map { _ in Float.random(in: -1...1, using: &generator) }),
                "image": .dense((0..<4).map { _ in Float(Int.random(in: -64...64, using: &generator)) / 64 }),
                "bytes": .dense((0..<4).map { _ in Float(Int.random(in: 0...255, using: &generator)) }),
            ]
            if number.isMultiple(of: 2) {
                vectors["colbert"] = .multi(
                    (0..<3).map { _ in (0..<4).map { _ in Float.random(in: -1...1, using: &generator) } }
                )
            }
            if !number.isMultiple(of: 5) {
                let first = UInt32.random(in: 0..<1000, using: &generator)
                vectors["words"] = .sparse(
                    SparseVector(
                        indices: [first, first + 7],
                        values: [1, Float.random(in: 0.1...2, using: &generator)]
                    )
                )
            }
            let payload: JSONObject = [
                "n": .integer(Int64(number)), "city": .string(number.isMultiple(of: 2) ? "Köln" : "東京"),
                "large": .integer(9_007_199_254_740_993), "negative": .integer(.min), "ratio": .double(0.1),
                "nested": ["list": [1, "two", nil, true]],
            ]
            return Point(id: id, vectors: .named(vectors), payload: payload)
        }
    }

    private func fill(_ client: QdrantClient, _ collection: String, count: Int = 100) async throws {
        try await client.createCollection(collection, Self.schema)
        let result = try await client.upsert(Self.points(count), in: collection)
        #expect(result.status == .completed)
    }

    private func allRecords(_ client: QdrantClient, _ collection: String, limit: Int = 17) async throws -> [PointRecord]
    {
        var records: [PointRecord] = []
        for try await page in client.scrollPages(ScrollRequest(limit: limit, vectors: .all), in: collection) {
            #expect(page.count <= limit)
            records += page
        }
        return records
    }

    private func collect(_ download: ArchiveDownload) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        for try await part in download.body { bytes.writeImmutableBuffer(part) }
        return bytes
    }

    private func parts(_ bytes: ByteBuffer) -> ByteParts {
        ByteParts(bytes: bytes, size: 64 * 1024)
    }

    // MARK: Service

    @Test("answers what it is and that it is ready")
    func service() async throws {
        try await EmbeddedServer.withClient { client in
            let info = try await client.serverInfo()
            #expect(info.version.hasPrefix("1."))
            #expect(!info.title.isEmpty)
            let states = try await [client.isHealthy(), client.isLive(), client.isReady()]
            #expect(states == [true, true, true])
            let cluster = try await client.cluster()
            #expect(!cluster.isEnabled)
            let metrics = try await client.metrics()
            #expect(metrics.runningSnapshotCreations.isEmpty)
            let telemetry = try await client.telemetry()
            #expect(telemetry["app"]?["version"]?.stringValue == info.version)
        }
    }

    // MARK: Collections

    @Test("makes a collection again from the configuration of another")
    func collections() async throws {
        try await EmbeddedServer.withClient { client in
            try await client.createCollection("a", Self.schema)
            let info = try await client.collection("a")
            #expect(Set(info.vectors.map(\.name)) == ["text", "image", "bytes", "colbert", "words"])
            #expect(info.vectors.first { $0.name == "colbert" }?.kind == .multi)

            let blueprint = CollectionBlueprint(config: info.config)
            #expect(blueprint.unknownFields.isEmpty)
            try await client.createCollection("b", blueprint.creation)
            let copy = try await client.collection("b")
            #expect(copy.config == info.config)
            #expect(try await client.collections().sorted() == ["a", "b"])
            #expect(try await client.collectionExists("b"))

            try await client.updateCollection("b", [:])
            let view = try await client.collectionCluster("b")
            #expect(view.localShards.map(\.state) == [.active])
            let keys = try await client.shardKeys(of: "b")
            #expect(keys.isEmpty)

            let deleted = try await [client.deleteCollection("b"), client.deleteCollection("b")]
            #expect(deleted == [true, false])
            let exists = try await client.collectionExists("b")
            #expect(!exists)
        }
    }

    @Test("switches an alias in one step")
    func aliases() async throws {
        try await EmbeddedServer.withClient { client in
            try await client.createCollection("old", Self.schema)
            try await client.createCollection("new", Self.schema)
            try await client.updateAliases([.create(alias: "live", collection: "old")])
            #expect(try await client.aliases() == [AliasDescription(alias: "live", collection: "old")])
            try await client.updateAliases([.delete(alias: "live"), .create(alias: "live", collection: "new")])
            try await client.updateAliases([.rename(alias: "live", to: "current")])
            #expect(try await client.aliases(of: "new") == [AliasDescription(alias: "current", collection: "new")])
            #expect(try await client.aliases(of: "old").isEmpty)
            try await client.upsert(Self.points(3), in: "current")
            #expect(try await client.count(in: "new") == 3)
        }
    }

    @Test("makes payload indexes, and makes them again from what it reads")
    func payloadIndexes() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            try await client.createPayloadIndex("city", "keyword", in: "c")
            try await client.createPayloadIndex("n", ["type": "integer", "lookup": true, "range": true], in: "c")
            let schema = try await client.collection("c").payloadSchema
            #expect(Set(schema.map(\.field)) == ["city", "n"])

            try await client.createCollection("d", Self.schema)
            for field in schema {
                try await client.createPayloadIndex(field.field, try #require(field.creationSchema), in: "d")
            }
            let again = try await client.collection("d").payloadSchema
            #expect(Set(again.map(\.creationSchema)) == Set(schema.map(\.creationSchema)))
            try await client.deletePayloadIndex("n", in: "d")
            #expect(try await client.collection("d").payloadSchema.map(\.field) == ["city"])
        }
    }

    // MARK: Points

    @Test("reads points back as they were written, in the order of their ids")
    func points() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            let written = Self.points(100)
            let records = try await allRecords(client, "c")
            #expect(records.map(\.id) == written.map(\.id).sorted())
            let byID = Dictionary(uniqueKeysWithValues: records.map { ($0.id, $0) })
            for point in written {
                let record = try #require(byID[point.id])
                #expect(record.payload == point.payload)
                for name in ["image", "bytes", "colbert", "words"] {
                    #expect(record.vectors?[name] == point.vectors[name], "\(name) of \(point.id)")
                }
            }
            let some = try await client.points(
                [0, .number(.max), 77_777],
                in: "c",
                payload: .only(["n"]),
                vectors: true
            )
            #expect(Set(some.map(\.id)) == [0, .number(.max)])
            #expect(some.allSatisfy { $0.payload?.keys == ["n"] && $0.vectors == byID[$0.id]?.vectors })
        }
    }

    @Test("counts, filters and deletes")
    func countsAndDeletes() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            let even: JSONValue = ["must": [["key": "city", "match": ["value": "Köln"]]]]
            #expect(try await client.count(in: "c") == 100)
            #expect(try await client.count(in: "c", filter: even) == 50)
            #expect(try await client.count(inShard: 0, of: "c") == 100)
            let page = try await client.scroll(ScrollRequest(limit: 5), inShard: 0, of: "c")
            #expect(page.records.count == 5)
            try await client.deletePoints(.ids([0, .number(.max)]), in: "c")
            #expect(try await client.count(in: "c") == 98)
            try await client.deletePoints(.filter(even), in: "c")
            #expect(try await client.count(in: "c") == 49)
        }
    }

    @Test("finds points by dense, sparse and multivectors and by point")
    func queries() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            let record = try #require(try await client.points([4], in: "c", vectors: true).first)
            for name in ["text", "image", "colbert", "words"] {
                let vector = try #require(record.vectors?[name])
                let found = try await client.query(
                    QueryRequest(.vector(vector), using: name, limit: 5, isExact: true, payload: .only(["n"])),
                    in: "c"
                )
                // A sparse vector finds only what shares a dimension with it.
                #expect(name == "words" ? !found.isEmpty : found.count == 5, "\(name)")
                #expect(found.map(\.score) == found.map(\.score).sorted(by: >), "\(name)")
                #expect(found.first?.record.payload?.keys == ["n"])
            }
            let text = try #require(record.vectors?["text"])
            let nearest = try await client.query(
                QueryRequest(.vector(text), using: "text", limit: 1, isExact: true),
                in: "c"
            )
            #expect(nearest.first?.record.id == 4)
            let similar = try await client.query(
                QueryRequest(.point(4), using: "text", limit: 3, isExact: true),
                in: "c"
            )
            #expect(similar.count == 3)
            #expect(!similar.contains { $0.record.id == 4 })
        }
    }

    // MARK: Snapshots

    @Test("downloads a stored snapshot, whole and resumed, and restores it under another name")
    func collectionSnapshots() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            let owner = SnapshotOwner.collection("c")
            let made = try await client.createSnapshot(of: owner)
            #expect(try await client.snapshots(of: owner) == [made])

            let download = try await client.downloadSnapshot(made.name, of: owner)
            #expect(download.byteCount == Int64(made.byteCount))
            let bytes = try await collect(download)
            #expect(bytes.readableBytes == Int(made.byteCount))
            let middle = Int64(made.byteCount / 3)
            let rest = try await collect(
                try await client.downloadSnapshot(made.name, of: owner, from: middle, ifUnchanged: download.entityTag)
            )
            #expect(rest == bytes.getSlice(at: Int(middle), length: bytes.readableBytes - Int(middle)))

            try await client.uploadSnapshot(
                parts(bytes),
                byteCount: Int64(bytes.readableBytes),
                fileName: "restored.snapshot",
                to: .collection("d"),
                checksum: made.checksum
            )
            #expect(try await allRecords(client, "d") == (try await allRecords(client, "c")))
            let deleted = try await client.deleteSnapshot(made.name, of: owner)
            #expect(deleted)
            #expect(try await client.snapshots(of: owner).isEmpty)
            let error = try await qdrantError { try await client.deleteSnapshot(made.name, of: owner) }
            #expect(error?.code == .notFound)
        }
    }

    @Test("streams a shard and restores it into a collection made from the configuration")
    func shardStream() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            try await client.deletePoints(.ids([4, 5]), in: "c")
            let bytes = try await collect(try await client.streamShardSnapshot(0, of: "c"))
            let blueprint = CollectionBlueprint(config: try await client.collection("c").config)
            try await client.createCollection("d", blueprint.creation)
            try await client.uploadSnapshot(
                parts(bytes),
                byteCount: nil,
                fileName: "shard.snapshot",
                to: .shard(0, collection: "d")
            )
            #expect(try await allRecords(client, "d") == (try await allRecords(client, "c")))
            #expect(try await client.count(in: "d") == 98)
        }
    }

    @Test("stores, lists, recovers and deletes shard snapshots")
    func shardSnapshots() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            let owner = SnapshotOwner.shard(0, collection: "c")
            let made = try await client.createSnapshot(of: owner)
            #expect(try await client.snapshots(of: owner).map(\.name) == [made.name])
            let before = try await allRecords(client, "c")
            try await client.deletePoints(.filter([:]), in: "c")
            #expect(try await client.count(in: "c") == 0)
            try await client.recover(
                .shard(0, collection: "c"),
                from: SnapshotLocation(made.name),
                checksum: made.checksum
            )
            #expect(try await allRecords(client, "c") == before)
            let bytes = try await collect(try await client.downloadSnapshot(made.name, of: owner))
            #expect(bytes.readableBytes == Int(made.byteCount))
            try await client.deleteSnapshot(made.name, of: owner)
            #expect(try await client.snapshots(of: owner).isEmpty)
        }
    }

    @Test("streams only what is newer, and nothing when nothing is")
    func partialSnapshots() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c")
            let shard = try await collect(try await client.streamShardSnapshot(0, of: "c"))
            try await client.createCollection("d", Self.schema)
            try await client.uploadSnapshot(
                parts(shard),
                byteCount: nil,
                fileName: "s.snapshot",
                to: .shard(0, collection: "d")
            )
            let held = try await client.partialSnapshotManifest(ofShard: 0, of: "d")
            #expect(!held.isEmpty)

            try await client.upsert([Point(id: 500, vectors: .named([:]), payload: ["new": true])], in: "c")
            try await client.deletePoints(.ids([7]), in: "c")
            let download = try #require(try await client.streamPartialSnapshot(ofShard: 0, of: "c", since: held))
            let bytes = try await collect(download)
            try await client.uploadPartialSnapshot(
                parts(bytes),
                byteCount: nil,
                fileName: "p.snapshot",
                toShard: 0,
                of: "d"
            )
            #expect(try await allRecords(client, "d") == (try await allRecords(client, "c")))

            let current = try await client.partialSnapshotManifest(ofShard: 0, of: "c")
            let nothing = try await client.streamPartialSnapshot(ofShard: 0, of: "c", since: current)
            #expect(nothing == nil)
        }
    }

    // MARK: Refusals

    @Test("turns the server's refusals into their errors, and leaves the collection as it was")
    func refusals() async throws {
        try await EmbeddedServer.withClient { client in
            try await fill(client, "c", count: 10)
            let expected: [(QdrantError.Code, @Sendable () async throws -> Void)] = [
                (.notFound, { _ = try await client.collection("missing") }),
                (.notFound, { _ = try await client.count(in: "missing") }),
                (.notFound, { _ = try await client.streamShardSnapshot(9, of: "c") }),
                (.notFound, { _ = try await client.downloadSnapshot("missing.snapshot", of: .collection("c")) }),
                (.alreadyExists, { try await client.createCollection("c", Self.schema) }),
                (.badRequest, { try await client.upsert([Point(id: 1, vector: [1])], in: "c") }),
                (
                    .invalidValue,
                    {
                        try await client.uploadSnapshot(
                            Parts(["x"]),
                            byteCount: nil,
                            fileName: "f.snapshot",
                            to: .collection("c"),
                            checksum: "zz"
                        )
                    }
                ),
                (
                    .checksumMismatch,
                    {
                        try await client.uploadSnapshot(
                            Parts(["x"]),
                            byteCount: nil,
                            fileName: "f.snapshot",
                            to: .collection("c"),
                            checksum: String(repeating: "a", count: 64)
                        )
                    }
                ),
            ]
            for (code, call) in expected {
                let error = try await qdrantError(call)
                #expect(error?.code == code)
                #expect(error?.serverText?.isEmpty == false)
            }
            #expect(try await client.count(in: "c") == 10)
        }
    }

    @Test("refuses a wrong key, and lets a read-only key read but not write")
    func keys() async throws {
        try await EmbeddedServer.run(keys: .init(full: "full-key", readOnly: "read-key")) { url in
            try await EmbeddedServer.withClient(url: url, key: "full-key") { try await fill($0, "c", count: 3) }
            try await EmbeddedServer.withClient(url: url, key: "read-key") { client in
                #expect(try await client.count(in: "c") == 3)
                let error = try await qdrantError { try await client.deleteCollection("c") }
                #expect(error?.code == .forbidden)
            }
            for key in ["wrong-key", nil] {
                try await EmbeddedServer.withClient(url: url, key: key) { client in
                    let error = try await qdrantError { _ = try await client.collections() }
                    #expect(error?.code == .unauthenticated)
                    let healthy = try await client.isHealthy()
                    #expect(healthy)
                }
            }
        }
    }

    // MARK: Faults

    /// Tells the server what is to go wrong.
    private func order(_ fault: JSONObject, _ client: QdrantClient) async throws {
        let request = try APIRequest(.PUT, ["_faults"], .service, "order a fault of", repeatability: .never)
            .with(body: fault)
        _ = try await client.call(request)
    }

    @Test("says where a streamed shard broke off, and can stream it again")
    func cutStream() async throws {
        try await EmbeddedServer.withClient(enablesFaults: true) { client in
            try await fill(client, "c")
            try await order(
                ["route": "GET .*/shards/0/snapshot$", "kind": "cut_after", "bytes": 5000, "times": 1],
                client
            )
            let download = try await client.streamShardSnapshot(0, of: "c")
            let error = try await qdrantError { _ = try await collect(download) }
            #expect(error?.code == .truncatedBody)
            #expect(error?.byteOffset == 5000)
            #expect(error?.object == .shard(0, collection: "c"))
            let bytes = try await collect(try await client.streamShardSnapshot(0, of: "c"))
            #expect(bytes.readableBytes > 5000)
        }
    }

    @Test(
        "reports a restore that fails, and leaves the live collection as it was",
        arguments: [
            (["kind": "cut_after", "bytes": 5000], .connectionLost),
            (["kind": "disk_full", "bytes": 5000], .insufficientStorage),
            (["kind": "fail_restore", "stage": "unpack"], .serverInternal),
            (["kind": "refuse"], .connectionLost),
            (["kind": "status", "status": 503], .temporarilyUnavailable),
        ] as [(JSONObject, QdrantError.Code)]
    )
    func failingRestore(fault: JSONObject, code: QdrantError.Code) async throws {
        try await EmbeddedServer.withClient(enablesFaults: true) { client in
            try await fill(client, "c")
            let bytes = try await collect(try await client.streamShardSnapshot(0, of: "c"))
            try await client.upsert([Point(id: 500, vectors: .named([:]))], in: "c")
            let before = try await allRecords(client, "c")

            var fault = fault
            fault["route"] = "POST .*/upload"
            try await order(fault, client)
            let error = try await qdrantError {
                try await client.uploadSnapshot(
                    parts(bytes),
                    byteCount: nil,
                    fileName: "s.snapshot",
                    to: .shard(0, collection: "c")
                )
            }
            #expect(error?.code == code)
            #expect(try await allRecords(client, "c") == before)
        }
    }

    @Test("tries again what the server refuses for a moment")
    func transientRefusal() async throws {
        try await EmbeddedServer.withClient(enablesFaults: true) { client in
            try await fill(client, "c", count: 3)
            try await order(
                ["route": "POST .*/count", "kind": "status", "status": 429, "retry_after": 0, "times": 2],
                client
            )
            #expect(try await client.count(in: "c") == 3)
        }
    }
}

/// The bytes of a buffer in parts.
struct ByteParts: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let bytes: ByteBuffer
    let size: Int

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: bytes, size: size) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var rest: ByteBuffer
        let size: Int

        mutating func next() async throws -> ByteBuffer? {
            let length = Swift.min(size, rest.readableBytes)
            return length == 0 ? nil : rest.readSlice(length: length)
        }
    }
}
