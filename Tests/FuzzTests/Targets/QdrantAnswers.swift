import NIOCore

@testable import QdrantClient

extension FuzzTarget {
    /// What a server answers: it may be another program, another version, or a proxy.
    static let qdrantAnswers: [FuzzTarget] = [
        FuzzTarget("qdrant-json", .json, seeds: { [Answers.info, Answers.page] }, refuses: isJSONError) { bytes in
            let value = try JSONValue(reading: bytes)
            let written = try mustWork("writing") { try Array(value.written().readableBytesView) }
            let again = try mustWork("reading again") { try JSONValue(reading: written) }
            try hold(again == value, "is written as another value")
            try hold(again.hashValue == value.hashValue, "equal values have other hashes")
        },
        object("qdrant-info", [Answers.info]) { json in
            let info = try CollectionInfo(json)
            _ = (info.vectors, info.warnings, info.optimizerError, info.isCustomSharded, info.shardNumber)
            for field in info.payloadSchema { _ = field.creationSchema }
            let blueprint = CollectionBlueprint(config: info.config)
            _ = try mustWork("writing the blueprint") { try blueprint.creation.written() }
            try hold(try CollectionInfo(info.json) == info, "reads as another answer")
        },
        object("qdrant-cluster", [Answers.cluster]) { json in
            let cluster = try CollectionCluster(json)
            try hold(try CollectionCluster(cluster.json) == cluster, "reads as another answer")
            let ids = cluster.localShards.map(\.id)
            try hold(ids == ids.sorted(), "shards are not in order")
        },
        object("qdrant-service", [Answers.server, Answers.peers, Answers.snapshot]) { json in
            var readings = 0
            if (try? ServerInfo(json)) != nil { readings += 1 }
            if let cluster = try? ClusterInfo(json) {
                readings += 1
                try hold(cluster.peers.map(\.id) == cluster.peers.map(\.id).sorted(), "nodes are not in order")
            }
            if (try? SnapshotDescription(json)) != nil { readings += 1 }
            if readings == 0 { throw Refused() }
        },
        FuzzTarget(
            "qdrant-page",
            .json,
            words: pageWords,
            seeds: { [Answers.page, Answers.pageOfIDs] },
            refuses: isJSONError
        ) {
            let page = try page($0)
            for record in page.records {
                let point = Point(id: record.id, vectors: record.vectors ?? .named([:]), payload: record.payload ?? [:])
                var writer = JSONWriter()
                try mustWork("writing a point") { try writer.point(point) }
                var scanner = try JSONScanner(
                    Array("{\"points\":[".utf8) + writer.bytes + Array("]}".utf8),
                    limits: JSONLimits()
                )
                let again = try mustWork("reading a point again") { try scanner.scrollPage().records.first }
                try hold(again?.id == point.id && again?.payload == point.payload, "a point is written as another one")
                try hold(again?.vectors == point.vectors, "vectors are written as other ones")
            }
        },
        FuzzTarget("qdrant-found", .json, words: pageWords, seeds: { [Answers.found] }, refuses: isJSONError) { bytes in
            var scanner = try JSONScanner(bytes, limits: JSONLimits())
            let points = try scanner.scoredPoints()
            try scanner.end()
            try hold(points.allSatisfy { $0.score.isFinite }, "a score is not finite")
        },
        FuzzTarget("qdrant-metrics", .text, words: metricWords, seeds: { [Answers.metrics] }) { bytes in
            let metrics = QdrantMetrics(String(decoding: bytes, as: UTF8.self))
            try hold(metrics.runningSnapshotCreations.values.allSatisfy { $0 >= 0 }, "a negative count")
            try hold(metrics.runningSnapshotRecoveries.values.allSatisfy { $0 >= 0 }, "a negative count")
        },
        FuzzTarget("qdrant-headers", .text, words: ["bytes ", "/", "-", "*", "filename="], seeds: { Answers.headers }) {
            let text = String(decoding: $0, as: UTF8.self)
            if let range = ContentRange(text) { try hold(range.first <= range.last, "a range ends before it begins") }
            if let name = fileName(ofDisposition: text) { try hold(!name.contains("/"), "a name leads elsewhere") }
            if let id = UniqueID(text) { try hold(UniqueID(id.description) == id, "an id is written as another one") }
            if let id = PointID(text) { try hold(PointID(id.description) == id, "an id is written as another one") }
        },
        FuzzTarget("qdrant-error", .json, seeds: { [Answers.error, Array("<html>502</html>".utf8)] }) { bytes in
            for status in [400, 404, 500, 0, .max] { _ = ErrorAnswer(status: status, body: bytes).code.description }
        },
    ]

    private static func object(
        _ name: String,
        _ seeds: [[UInt8]],
        check: @escaping @Sendable (JSONObject) throws -> Void
    ) -> FuzzTarget {
        FuzzTarget(name, .json, seeds: { seeds }, refuses: isJSONError) { bytes in
            guard let object = try JSONValue(reading: bytes).objectValue else { throw Refused() }
            try check(object)
        }
    }

    private static func page(_ bytes: [UInt8]) throws -> ScrollPage {
        var scanner = try JSONScanner(bytes, limits: JSONLimits())
        let page = try scanner.scrollPage()
        try scanner.end()
        return page
    }

    @Sendable private static func isJSONError(_ error: any Error) -> Bool { error is JSONError }

    private static let pageWords = [
        "\"next_page_offset\":", "\"indices\":[4294967295],", "\"vector\":[[1],[2]],", "\"vector\":{\"\":[]},", "1e39",
        "\"id\":18446744073709551615,", "\"id\":\"urn:uuid:5C56C793-69F3-4FBF-87E6-C4BF54C28C26\",",
        "\"payload\":null,",
        "\"score\":-0,", "\"version\":null,",
    ]
    private static let metricWords = [
        "snapshot_creation_running", "{id=\"", "\"}", "\\", " 1e8\n", " NaN\n", " +Inf\n", "# ",
    ]
}

/// Answers as Qdrant 1.19 gives them, shortened.
enum Answers {
    static let info = text(
        #"""
        {"status":"green","optimizer_status":{"error":"no space"},"points_count":1000,"segments_count":2,
        "warnings":[{"message":"slow"}],"config":{"params":{"vectors":{"a":{"size":384,"distance":"Cosine",
        "multivector_config":{"comparator":"max_sim"}},"b":{"size":4,"distance":"Dot","datatype":"uint8"}},
        "sparse_vectors":{"s":{"index":{"datatype":"float16"}}},"shard_number":1,"sharding_method":"custom",
        "read_fan_out_factor":2,"new_thing":{"x":1}},"hnsw_config":{"m":16,"ef_construct":100},
        "optimizer_config":{"deleted_threshold":0.2,"max_segment_size":null},"wal_config":{"wal_capacity_mb":32},
        "quantization_config":null,"metadata":{"k":null}},"payload_schema":{"title":{"data_type":"text",
        "params":{"type":"text","tokenizer":"word","lowercase":null},"points":9},"n":{"data_type":"integer","points":0}}}
        """#
    )
    static let cluster = text(
        #"""
        {"peer_id":8446744073709551615,"shard_count":2,"local_shards":[{"shard_id":1,"points_count":5,"state":"Active",
        "shard_key":"eu"},{"shard_id":0,"points_count":18446744073709551615,"state":"Listener","shard_key":7}],
        "remote_shards":[{"shard_id":0,"peer_id":3,"state":"Dead"}],"shard_transfers":[],"resharding_operations":[]}
        """#
    )
    static let server = text(#"{"title":"qdrant - vector search engine","version":"1.19.0","commit":"a1b2"}"#)
    static let peers = text(
        #"{"status":"enabled","peer_id":2,"peers":{"2":{"uri":"http://b:6335/"},"1":{"uri":"http://a"}}}"#
    )
    static let snapshot = text(
        #"{"name":"c-1-2026-01-31-09-05-00.snapshot","creation_time":"2026-01-31T09:05:00","size":1024,"checksum":"ab"}"#
    )
    static let page = text(
        #"""
        {"points":[{"id":1,"payload":{"t":"\u00e9\ud83d\ude00","n":18446744073709551615,"f":-0.0,"a":[1,{"b":null}]},
        "vector":[0.1,-1e-3,3.4028235e38]},{"id":"5c56c793-69f3-4fbf-87e6-c4bf54c28c26","payload":null,
        "vector":{"a":[[1,2],[3,4]],"s":{"indices":[0,4294967295],"values":[0.5,1]},"e":[]},"shard_key":"k",
        "order_value":1.5}],"next_page_offset":"5c56c793-69f3-4fbf-87e6-c4bf54c28c27","later":{}}
        """#
    )
    static let pageOfIDs = text(#"{"points":[{"id":0},{"id":1},{"id":2}],"next_page_offset":null}"#)
    static let found = text(#"[{"id":3,"version":12,"score":0.99,"payload":{}},{"id":4,"version":0,"score":1e-30}]"#)
    static let error = text(#"{"status":{"error":"Not found: Collection `x` doesn't exist!"},"time":0.001}"#)
    static let metrics = text(
        """
        # HELP app_info information about qdrant server
        app_info{name="qdrant",version="1.19.0"} 1
        snapshot_creation_running{id="a\\"b"} 1
        q_snapshot_recovery_running{id="c"} 2 1700000000
        memory_active_bytes 1.5e9

        """
    )
    static let headers = [
        "bytes 0-99/100", "bytes 5-9/*", "attachment; filename=\"c.snapshot\"; x",
        "5c56c793-69f3-4fbf-87e6-c4bf54c28c26",
        "42",
    ].map(text)

    private static func text(_ string: String) -> [UInt8] { Array(string.utf8) }
}
