import NIOHTTP1
import TestSupport
import Testing

@testable import QdrantClient

/// One call, what it must send, and an answer for it.
struct CallRow: Sendable, CustomTestStringConvertible {
    var line: String
    var body: String?
    var result: String
    var call: @Sendable (QdrantClient) async throws -> Void

    var testDescription: String { line }

    init(
        _ line: String,
        body: String? = nil,
        result: String = "true",
        _ call: @escaping @Sendable (QdrantClient) async throws -> Void
    ) {
        self.line = line
        self.body = body
        self.result = result
        self.call = call
    }
}

/// `#expect` for closures in tables, where the macro does not see that they may throw.
private func expect(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}

@Suite("Calls")
struct CallTests {
    static let service: [CallRow] = [
        CallRow("GET /cluster", result: #"{"status":"disabled"}"#) {
            let cluster = try await $0.cluster()
            #expect(!cluster.isEnabled)
            #expect(cluster.peerID == nil)
        },
        CallRow(
            "GET /cluster",
            result:
                #"{"status":"enabled","peer_id":18446744073709551615,"peers":{"18446744073709551615":{"uri":"http://b:6335/"},"5":{"uri":"http://a:6335/"}},"raft_info":{}}"#
        ) {
            let cluster = try await $0.cluster()
            #expect(cluster.peerID == .max)
            #expect(cluster.peers.map(\.id) == [5, .max])
        },
        CallRow("GET /telemetry?details_level=2", result: #"{"app":{"version":"1.19.0"}}"#) {
            expect(try await $0.telemetry(detailsLevel: 2)["app"]?["version"] == "1.19.0")
        },
    ]

    static let collections: [CallRow] = [
        CallRow("GET /collections", result: #"{"collections":[{"name":"a"},{"name":"b"}]}"#) {
            expect(try await $0.collections() == ["a", "b"])
        },
        CallRow("GET /collections/b%C3%BCcher%20%2F%3F%25/exists", result: #"{"exists":true}"#) {
            expect(try await $0.collectionExists("bücher /?%"))
        },
        CallRow("GET /collections/c", result: #"{"status":"green","config":{"params":{}}}"#) {
            expect(try await $0.collection("c").status == .green)
        },
        CallRow("PUT /collections/c?timeout=5", body: #"{"vectors":{"size":4,"distance":"Dot"}}"#) {
            try await $0.createCollection("c", ["vectors": ["size": 4, "distance": "Dot"]], timeoutSeconds: 5)
        },
        CallRow("PATCH /collections/c", body: "{}") { try await $0.updateCollection("c", [:]) },
        CallRow("DELETE /collections/c", result: "false") {
            let existed = try await $0.deleteCollection("c")
            #expect(!existed)
        },
        CallRow(
            "GET /collections/c/cluster",
            result: #"{"peer_id":1,"shard_count":1,"local_shards":[],"remote_shards":[],"shard_transfers":[]}"#
        ) { expect(try await $0.collectionCluster("c").shardCount == 1) },
        CallRow("GET /aliases", result: #"{"aliases":[{"alias_name":"a","collection_name":"c"}]}"#) {
            expect(try await $0.aliases() == [AliasDescription(alias: "a", collection: "c")])
        },
        CallRow("GET /collections/c/aliases", result: #"{"aliases":[]}"#) {
            expect(try await $0.aliases(of: "c").isEmpty)
        },
        CallRow(
            "POST /collections/aliases",
            body:
                #"{"actions":[{"delete_alias":{"alias_name":"a"}},{"create_alias":{"collection_name":"new","alias_name":"a"}},{"rename_alias":{"old_alias_name":"x","new_alias_name":"y"}}]}"#
        ) {
            try await $0.updateAliases([
                .delete(alias: "a"), .create(alias: "a", collection: "new"), .rename(alias: "x", to: "y"),
            ])
        },
        CallRow(
            "PUT /collections/c/index?wait=true",
            body: #"{"field_name":"a.b","field_schema":"keyword"}"#,
            result: #"{"operation_id":18446744073709551615,"status":"completed"}"#
        ) {
            let result = try await $0.createPayloadIndex("a.b", "keyword", in: "c")
            #expect(result == UpdateResult(operationID: .max, status: .completed))
        },
        CallRow("DELETE /collections/c/index/a.b?wait=false", result: #"{"operation_id":null,"status":"acknowledged"}"#)
        {
            let result = try await $0.deletePayloadIndex("a.b", in: "c", waits: false)
            #expect(result == UpdateResult(operationID: nil, status: .acknowledged))
        },
        CallRow("GET /collections/c/shards", result: #"{"shard_keys":[{"key":"k"},{"key":7}]}"#) {
            expect(try await $0.shardKeys(of: "c") == ["k", 7])
        },
        CallRow("GET /collections/c/shards", result: #"{"shard_keys":null}"#) {
            expect(try await $0.shardKeys(of: "c").isEmpty)
        },
        CallRow(
            "PUT /collections/c/shards",
            body: #"{"shard_key":"k","shards_number":2,"replication_factor":1,"placement":[18446744073709551615]}"#
        ) { try await $0.createShardKey("k", of: "c", shardCount: 2, replicationFactor: 1, placement: [.max]) },
        CallRow("POST /collections/c/shards/delete", body: #"{"shard_key":7}"#) {
            try await $0.deleteShardKey(7, of: "c")
        },
    ]

    private static let completed = #"{"operation_id":1,"status":"completed"}"#

    static let points: [CallRow] = [
        CallRow(
            "PUT /collections/c/points?wait=true",
            body: #"{"points":[{"id":1,"vector":[0.5],"payload":{}}],"shard_key":"k"}"#,
            result: completed
        ) { try await $0.upsert([Point(id: 1, vector: [0.5])], in: "c", shardKey: "k") },
        CallRow(
            "POST /collections/c/points",
            body: #"{"ids":[1,"00000000-0000-0000-0000-000000000002"],"with_payload":true,"with_vector":false}"#,
            result: #"[{"id":1,"payload":{"n":9007199254740993}}]"#
        ) {
            let records = try await $0.points([1, .uuid(UniqueID(high: 0, low: 2))], in: "c")
            #expect(records == [PointRecord(id: 1, payload: ["n": 9_007_199_254_740_993])])
        },
        CallRow("POST /collections/c/points/delete?wait=true", body: #"{"points":[1]}"#, result: completed) {
            try await $0.deletePoints(.ids([1]), in: "c")
        },
        CallRow("POST /collections/c/points/delete?wait=false", body: #"{"filter":{}}"#, result: completed) {
            try await $0.deletePoints(.filter([:]), in: "c", waits: false)
        },
        CallRow("POST /collections/c/points/count", body: #"{"exact":true}"#, result: #"{"count":7}"#) {
            expect(try await $0.count(in: "c") == 7)
        },
        CallRow("POST /collections/c/shards/3/points/count", body: #"{"exact":true}"#, result: #"{"count":7}"#) {
            expect(try await $0.count(inShard: 3, of: "c") == 7)
        },
        CallRow(
            "POST /collections/c/points/scroll",
            body:
                #"{"limit":2,"with_payload":false,"with_vector":["text"],"offset":5,"filter":{"must":[]},"shard_key":"k"}"#,
            result: #"{"points":[{"id":5,"vector":{"text":[1,0.5]}}],"next_page_offset":6}"#
        ) {
            let page = try await $0.scroll(
                ScrollRequest(
                    limit: 2,
                    offset: 5,
                    filter: ["must": []],
                    payload: .none,
                    vectors: .only(["text"]),
                    shardKeys: ["k"]
                ),
                in: "c"
            )
            #expect(page.nextOffset == 6)
            #expect(page.records == [PointRecord(id: 5, vectors: .named(["text": .dense([1, 0.5])]))])
        },
        CallRow(
            "POST /collections/c/shards/0/points/scroll",
            body: #"{"limit":100,"with_payload":true,"with_vector":false}"#,
            result: #"{"points":[],"next_page_offset":null}"#
        ) {
            let page = try await $0.scroll(ScrollRequest(), inShard: 0, of: "c")
            #expect(page == ScrollPage(records: [], nextOffset: nil))
        },
        CallRow(
            "POST /collections/c/points/query",
            body: #"{"query":[0.5],"limit":10,"with_payload":false,"with_vector":false,"params":{"exact":true}}"#,
            result: #"{"points":[{"id":1,"version":3,"score":0.1}]}"#
        ) {
            let found = try await $0.query(QueryRequest(.vector(.dense([0.5])), isExact: true), in: "c")
            #expect(found == [ScoredPoint(record: PointRecord(id: 1), score: 0.1, version: 3)])
        },
    ]

    private static let described =
        #"{"name":"c-1.snapshot","creation_time":null,"size":18446744073709551615,"checksum":"ab"}"#

    static let snapshots: [CallRow] = [
        CallRow("GET /collections/c/snapshots", result: "[\(described)]") {
            let expected = SnapshotDescription(name: "c-1.snapshot", creationTime: nil, byteCount: .max, checksum: "ab")
            expect(try await $0.snapshots(of: .collection("c")) == [expected])
        },
        CallRow("GET /collections/c/shards/4/snapshots", result: "[]") {
            expect(try await $0.snapshots(of: .shard(4, collection: "c")).isEmpty)
        },
        CallRow("GET /snapshots", result: "[]") { expect(try await $0.snapshots(of: .storage).isEmpty) },
        CallRow("POST /collections/c/snapshots?wait=true", result: described) {
            expect(try await $0.createSnapshot(of: .collection("c")).name == "c-1.snapshot")
        },
        CallRow("POST /snapshots?wait=true", result: described) { _ = try await $0.createSnapshot(of: .storage) },
        CallRow("POST /collections/c/shards/4/snapshots?wait=false") {
            try await $0.startSnapshot(of: .shard(4, collection: "c"))
        },
        CallRow("DELETE /collections/c/snapshots/c-1.snapshot?wait=true") {
            let deleted = try await $0.deleteSnapshot("c-1.snapshot", of: .collection("c"))
            #expect(deleted)
        },
        CallRow(
            "PUT /collections/c/snapshots/recover?wait=true",
            body: #"{"location":"file:///s/x","priority":"snapshot","checksum":"ab","api_key":"k"}"#
        ) {
            try await $0.recover(
                .collection("c"),
                from: SnapshotLocation("file:///s/x", apiKey: Secret("k")),
                checksum: "ab"
            )
        },
        CallRow(
            "PUT /collections/c/shards/4/snapshots/recover?wait=false",
            body: #"{"location":"x","priority":"no_sync"}"#
        ) {
            try await $0.recover(
                .shard(4, collection: "c"),
                from: SnapshotLocation("x"),
                priority: .noSync,
                waits: false
            )
        },
        CallRow("GET /collections/c/shards/4/snapshot/partial/manifest", result: #"{"s":{"segment_version":210}}"#) {
            expect(try await $0.partialSnapshotManifest(ofShard: 4, of: "c")["s"]?["segment_version"] == 210)
        },
        CallRow(
            "POST /collections/c/shards/4/snapshot/partial/recover_from?wait=true",
            body: #"{"peer_url":"http://b:6333"}"#,
            result: "false"
        ) {
            let applied = try await $0.recoverPartialSnapshot(
                ofShard: 4,
                of: "c",
                fromPeer: SnapshotLocation("http://b:6333")
            )
            #expect(!applied)
        },
    ]

    @Test(
        "sends the request that Qdrant's reference has for it, and reads the answer",
        arguments: service + collections + points + snapshots
    )
    func call(row: CallRow) async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            try await $0.respond(result: row.result)
        } _: { client, server in
            try await row.call(client)
            let request = try #require(server.requests.first)
            #expect(server.requests.count == 1)
            #expect("\(request.method) \(request.uri)" == row.line)
            #expect(request.bodyText == row.body ?? "")
            #expect(request.headers.first(name: "Content-Type") == (row.body == nil ? nil : "application/json"))
        }
    }

    @Test("reads the version of the server, which has no envelope")
    func serverInfo() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(200, #"{"title":"qdrant - vector search engine","version":"1.19.0","commit":"abc"}"#)
        } _: { client, server in
            let info = try await client.serverInfo()
            #expect(info == ServerInfo(title: "qdrant - vector search engine", version: "1.19.0", commit: "abc"))
            #expect(server.requests.first?.uri == "/")
        }
    }

    @Test("takes 503 for an answer, not a failure, where it asks whether the server is ready")
    func readiness() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond($0.head.uri == "/readyz" ? 503 : 200, "some shards are not ready")
        } _: { client, server in
            let isReady = try await client.isReady()
            #expect(!isReady)
            let isHealthy = try await client.isHealthy()
            #expect(isHealthy)
            let isLive = try await client.isLive()
            #expect(isLive)
            #expect(server.requests.map(\.uri) == ["/readyz", "/healthz", "/livez"])
        }
    }

    @Test("reads metrics")
    func metrics() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(200, "snapshot_creation_running{id=\"c\"} 1\n")
        } _: { client, _ in
            let metrics = try await client.metrics()
            #expect(metrics.runningSnapshotCreations == ["c": 1])
        }
    }

    @Test("puts the path of a proxy before every request, and asks for / with a slash")
    func pathPrefix() async throws {
        try await LoopbackServer.withClient(ClientSettings(prefix: "/db/qdrant/")) {
            try await $0.respond(200, #"{"title":"t","version":"1","result":{"exists":true}}"#)
        } _: { client, server in
            _ = try await client.serverInfo()
            _ = try await client.collectionExists("c")
            #expect(server.requests.map(\.uri) == ["/db/qdrant/", "/db/qdrant/collections/c/exists"])
        }
    }

    @Test("refuses names that would lead elsewhere, before anything is sent", arguments: ["", ".", ".."])
    func names(name: String) async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(result: "true")
        } _: { client, server in
            let error = try await qdrantError { _ = try await client.deleteCollection(name) }
            #expect(error?.code == .invalidArgument)
            #expect(server.requests.isEmpty)
        }
    }

    @Test("refuses to send a vector with a NaN")
    func notFinite() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(result: "true")
        } _: { client, server in
            let error = try await qdrantError { _ = try await client.upsert([Point(id: 1, vector: [.nan])], in: "c") }
            #expect(error?.code == .invalidArgument)
            #expect(error?.object == .collection("c"))
            #expect(server.requests.isEmpty)
        }
    }

    @Test("scrolls through all pages in order")
    func scrollPages() async throws {
        try await LoopbackServer.withClient {
            try await $0.receive()
            let pages = [
                #"{"points":[{"id":1},{"id":2}],"next_page_offset":3}"#,
                #"{"points":[{"id":3}],"next_page_offset":"00000000-0000-0000-0000-000000000001"}"#,
                #"{"points":[{"id":"00000000-0000-0000-0000-000000000001"}],"next_page_offset":null}"#,
            ]
            try await $0.respond(result: pages[$0.index])
        } _: { client, server in
            var ids: [PointID] = []
            for try await page in client.scrollPages(ScrollRequest(limit: 2), in: "c") { ids += page.map(\.id) }
            #expect(ids == [1, 2, 3, .uuid(UniqueID(high: 0, low: 1))])
            let offsets = try server.requests.map { try JSONValue(reading: $0.body)["offset"] }
            #expect(offsets == [nil, 3, "00000000-0000-0000-0000-000000000001"])
        }
    }

    @Test("does not follow a scroll that leads back")
    func scrollLoop() async throws {
        try await LoopbackServer.withClient {
            try await $0.respond(result: #"{"points":[{"id":1},{"id":2}],"next_page_offset":1}"#)
        } _: { client, _ in
            let error = try await qdrantError {
                for try await _ in client.scrollPages(ScrollRequest(), inShard: 1, of: "c") {}
            }
            #expect(error?.code == .unexpectedResponse)
            #expect(error?.object == .shard(1, collection: "c"))
        }
    }
}
