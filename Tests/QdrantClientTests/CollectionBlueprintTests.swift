import Testing

@testable import QdrantClient

@Suite("Collection configuration")
struct CollectionBlueprintTests {
    private static let info = """
        {"status":"yellow","optimizer_status":{"error":"no space"},"indexed_vectors_count":9,"points_count":10,"segments_count":8,
         "config":{"params":{"vectors":{"text":{"size":384,"distance":"Cosine","on_disk":null,"datatype":"float16",
             "hnsw_config":{"m":32,"ef_construct":null}},"colbert":{"size":128,"distance":"Dot","multivector_config":{"comparator":"max_sim"}}},
           "sparse_vectors":{"words":{"index":{"on_disk":true,"datatype":"uint8"},"modifier":"idf"}},
           "shard_number":6,"sharding_method":"custom","replication_factor":2,"write_consistency_factor":1,
           "read_fan_out_factor":3,"read_fan_out_delay_ms":50,"on_disk_payload":true,"payload":{"memory":"cold"},"zebra":1},
         "hnsw_config":{"m":16,"ef_construct":100,"max_indexing_threads":0},
         "optimizer_config":{"deleted_threshold":0.2,"max_segment_size":null,"flush_interval_sec":5},
         "wal_config":{"wal_capacity_mb":32,"wal_segments_ahead":0},"quantization_config":null,
         "strict_mode_config":{"enabled":false},"metadata":{"owner":null,"id":18446744073709551615},"future":{"a":1}},
         "payload_schema":{"city":{"data_type":"keyword","params":{"type":"keyword","is_tenant":true,"on_disk":null},"points":10},
           "n":{"data_type":"integer","points":3}},
         "warnings":[{"message":"old"}],"update_queue":{"length":0}}
        """

    private func info() throws -> CollectionInfo {
        try CollectionInfo(try JSONValue(reading: Self.info.utf8).asObject())
    }

    @Test("flattens the parameters, renames the optimisers and leaves nulls out")
    func creation() throws {
        let expected = """
            {"vectors":{"text":{"size":384,"distance":"Cosine","datatype":"float16","hnsw_config":{"m":32}},
               "colbert":{"size":128,"distance":"Dot","multivector_config":{"comparator":"max_sim"}}},
             "sparse_vectors":{"words":{"index":{"on_disk":true,"datatype":"uint8"},"modifier":"idf"}},
             "shard_number":6,"sharding_method":"custom","replication_factor":2,"write_consistency_factor":1,
             "on_disk_payload":true,"payload":{"memory":"cold"},
             "hnsw_config":{"m":16,"ef_construct":100,"max_indexing_threads":0},
             "optimizers_config":{"deleted_threshold":0.2,"flush_interval_sec":5},
             "wal_config":{"wal_capacity_mb":32,"wal_segments_ahead":0},"strict_mode_config":{"enabled":false},
             "metadata":{"owner":null,"id":18446744073709551615}}
            """
        let blueprint = CollectionBlueprint(config: try info().config)
        #expect(.object(blueprint.creation) == (try JSONValue(reading: expected.utf8)))
    }

    @Test("leaves the read fan-out to an update, and names what it does not know")
    func rest() throws {
        let blueprint = CollectionBlueprint(config: try info().config)
        #expect(blueprint.update == ["params": ["read_fan_out_factor": 3, "read_fan_out_delay_ms": 50]])
        #expect(blueprint.unknownFields == ["params.zebra", "future"])
    }

    @Test("needs no update for a plain collection")
    func plain() {
        let blueprint = CollectionBlueprint(config: [
            "params": ["vectors": ["size": 4, "distance": "Dot"], "read_fan_out_factor": nil]
        ])
        #expect(blueprint.creation == ["vectors": ["size": 4, "distance": "Dot"]])
        #expect(blueprint.update == nil)
        #expect(blueprint.unknownFields.isEmpty)
    }

    @Test("keeps the whole answer, unknown fields included")
    func whole() throws {
        let info = try info()
        let text = try info.json.written()
        #expect(try CollectionInfo(try JSONValue(reading: text).asObject()) == info)
        #expect(info.config["future"]?["a"] == 1)
    }

    @Test("reads state and counts")
    func state() throws {
        let info = try info()
        #expect(info.status == .yellow)
        #expect(info.optimizerError == "no space")
        #expect(info.approximatePointCount == 10)
        #expect(info.approximateIndexedVectorCount == 9)
        #expect(info.segmentCount == 8)
        #expect(info.shardNumber == 6)
        #expect(info.isCustomSharded)
        #expect(info.warnings == ["old"])
    }

    @Test("tells dense, multi and sparse vectors apart")
    func vectors() throws {
        let fields = try info().vectors
        #expect(fields.map(\.name) == ["text", "colbert", "words"])
        #expect(fields.map(\.kind) == [.dense, .multi, .sparse])
        #expect(fields.map(\.size) == [384, 128, nil])
        #expect(fields.map(\.dataType) == ["float16", "float32", "uint8"])
        #expect(fields.map(\.distance) == ["Cosine", "Dot", nil])
    }

    @Test("knows the unnamed vector, and a named one that is called size")
    func unnamedVector() {
        let unnamed = VectorField.fields(inConfig: ["params": ["vectors": ["size": 4, "distance": "Dot"]]])
        #expect(unnamed.map(\.name) == [nil])
        let named = VectorField.fields(inConfig: ["params": ["vectors": ["size": ["size": 4, "distance": "Dot"]]]])
        #expect(named.map(\.name) == ["size"])
        #expect(VectorField.fields(inConfig: ["params": ["vectors": [:]]]).isEmpty)
    }

    @Test("makes payload indexes again with their parameters")
    func payloadIndexes() throws {
        let schema = try info().payloadSchema
        #expect(schema.map(\.field) == ["city", "n"])
        #expect(schema.map(\.creationSchema) == [["type": "keyword", "is_tenant": true], "integer"])
        #expect(schema.map(\.approximatePointCount) == [10, 3])
    }

    @Test("reads the shards of a collection")
    func cluster() throws {
        let json = """
            {"peer_id":18446744073709551615,"shard_count":3,
             "local_shards":[{"shard_id":2,"shard_key":7,"points_count":5,"state":"Partial"},{"shard_id":0,"shard_key":"k","points_count":10,"state":"Active"}],
             "remote_shards":[{"shard_id":1,"peer_id":9223372036854775809,"state":"Listener"}],"shard_transfers":[]}
            """
        let cluster = try CollectionCluster(try JSONValue(reading: json.utf8).asObject())
        #expect(cluster.peerID == .max)
        #expect(cluster.localShards.map(\.id) == [0, 2])
        #expect(cluster.localShards.map(\.key) == ["k", 7])
        #expect(cluster.localShards.map(\.state.isComplete) == [true, false])
        #expect(cluster.remoteShards.map(\.peerID) == [9_223_372_036_854_775_809])
        #expect(cluster.remoteShards.map(\.state) == [.listener])
        #expect(!cluster.isMoving)
    }

    @Test("notices shards that move", arguments: ["shard_transfers", "resharding_operations"])
    func moving(key: String) throws {
        var json: JSONObject = ["peer_id": 1, "shard_count": 1, "local_shards": [], "remote_shards": []]
        json[key] = [["shard_id": 0]]
        #expect(try CollectionCluster(json).isMoving)
    }
}
