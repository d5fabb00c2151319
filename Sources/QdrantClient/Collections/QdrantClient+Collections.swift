internal import NIOHTTP1

extension QdrantClient {
    /// The names of all collections that the key may see.
    public func collections() async throws -> [String] {
        let request = APIRequest(.GET, ["collections"], .service, "list the collections of", repeatability: .read)
        return try await call(request) { (scanner) throws(JSONError) in
            try scanner.objectValue().list("collections") { (entry) throws(JSONError) in
                try entry.required("name", \.stringValue)
            }
        }
    }

    /// Whether there is a collection (or alias) of this name.
    public func collectionExists(_ name: String) async throws -> Bool {
        let request = APIRequest(
            .GET,
            ["collections", name, "exists"],
            .collection(name),
            "look for",
            repeatability: .read
        )
        return try await call(request) { (scanner) throws(JSONError) in
            try scanner.objectValue().required("exists", \.boolValue)
        }
    }

    /// State and configuration of a collection.
    public func collection(_ name: String) async throws -> CollectionInfo {
        let request = APIRequest(.GET, ["collections", name], .collection(name), "read", repeatability: .read)
        return try await call(request) { (scanner) throws(JSONError) in try CollectionInfo(try scanner.objectValue()) }
    }

    /// Makes a collection.
    ///
    /// - Parameters:
    ///   - body: its creation body, as Qdrant's reference has it; see ``CollectionBlueprint`` for one made from an existing
    ///     collection.
    ///   - timeoutSeconds: how long the server waits for all nodes.
    /// - Throws: `alreadyExists`.
    public func createCollection(_ name: String, _ body: JSONObject, timeoutSeconds: Int? = nil) async throws {
        let request = try APIRequest(.PUT, ["collections", name], .collection(name), "create", repeatability: .write)
            .with(query: "timeout", timeoutSeconds).with(body: body)
        _ = try await call(request)
    }

    /// Changes the configuration of a collection. An empty body changes nothing and wakes the optimisers of a collection
    /// that is `grey`.
    public func updateCollection(_ name: String, _ body: JSONObject, timeoutSeconds: Int? = nil) async throws {
        let request = try APIRequest(.PATCH, ["collections", name], .collection(name), "update", repeatability: .write)
            .with(query: "timeout", timeoutSeconds).with(body: body)
        _ = try await call(request)
    }

    /// Deletes a collection and its aliases. Its snapshots stay on the server.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    public func deleteCollection(_ name: String, timeoutSeconds: Int? = nil) async throws -> Bool {
        let request = APIRequest(.DELETE, ["collections", name], .collection(name), "delete", repeatability: .write)
            .with(query: "timeout", timeoutSeconds)
        return try await call(request).boolValue ?? false
    }

    /// Which shards of a collection are where.
    public func collectionCluster(_ name: String) async throws -> CollectionCluster {
        let request = APIRequest(
            .GET,
            ["collections", name, "cluster"],
            .collection(name),
            "read the shards of",
            repeatability: .read
        )
        return try await call(request) { (scanner) throws(JSONError) in
            try CollectionCluster(try scanner.objectValue())
        }
    }

    // MARK: Payload indexes

    /// Makes a payload index, or does nothing when there is an equal one.
    ///
    /// - Parameters:
    ///   - schema: a type (`"keyword"`, `"integer"`, `"float"`, `"geo"`, `"text"`, `"bool"`, `"datetime"`, `"uuid"`) or an
    ///     object with `type` and its parameters; ``PayloadFieldSchema/creationSchema`` makes one from an existing index.
    ///   - waits: whether to return only when it can be used.
    @discardableResult
    public func createPayloadIndex(
        _ field: String,
        _ schema: JSONValue,
        in collection: String,
        waits: Bool = true
    ) async throws -> UpdateResult {
        let object = QdrantObject.payloadIndex(field, collection: collection)
        let request = try APIRequest(
            .PUT,
            ["collections", collection, "index"],
            object,
            "create",
            repeatability: .idempotentWrite,
            patience: waits ? .long : .ordinary
        ).with(query: "wait", waits).with(body: ["field_name": .string(field), "field_schema": schema])
        return try await updateResult(request)
    }

    /// Drops a payload index, or does nothing when there is none.
    @discardableResult
    public func deletePayloadIndex(
        _ field: String,
        in collection: String,
        waits: Bool = true
    ) async throws -> UpdateResult {
        let object = QdrantObject.payloadIndex(field, collection: collection)
        let request = APIRequest(
            .DELETE,
            ["collections", collection, "index", field],
            object,
            "delete",
            repeatability: .idempotentWrite
        )
        return try await updateResult(request.with(query: "wait", waits))
    }

    // MARK: Shard keys

    /// The shard keys of a custom-sharded collection; empty for others.
    public func shardKeys(of collection: String) async throws -> [ShardKey] {
        let request = APIRequest(
            .GET,
            ["collections", collection, "shards"],
            .collection(collection),
            "list the shard keys of",
            repeatability: .read
        )
        return try await call(request) { (scanner) throws(JSONError) in
            try scanner.objectValue().list("shard_keys") { (entry) throws(JSONError) in
                try entry.required("key", ShardKey.init)
            }
        }
    }

    /// Adds a shard key to a custom-sharded collection.
    ///
    /// - Parameters:
    ///   - shardCount: how many shards to make for it; `nil` takes the collection's `shard_number`.
    ///   - replicationFactor: how many replicas of each; `nil` takes the collection's.
    ///   - placement: the ids of the nodes to use; empty leaves it to the server.
    public func createShardKey(
        _ key: ShardKey,
        of collection: String,
        shardCount: Int? = nil,
        replicationFactor: Int? = nil,
        placement: [UInt64] = []
    ) async throws {
        var body: JSONObject = ["shard_key": key.json]
        body["shards_number"] = shardCount.map { .number($0) }
        body["replication_factor"] = replicationFactor.map { .number($0) }
        body["placement"] = placement.isEmpty ? nil : .array(placement.map { .number($0) })
        let request = try APIRequest(
            .PUT,
            ["collections", collection, "shards"],
            .collection(collection),
            "add shard key '\(key)' to",
            repeatability: .write
        ).with(body: body)
        _ = try await call(request)
    }

    /// Deletes a shard key and all points under it.
    public func deleteShardKey(_ key: ShardKey, of collection: String) async throws {
        let request = try APIRequest(
            .POST,
            ["collections", collection, "shards", "delete"],
            .collection(collection),
            "delete shard key '\(key)' of",
            repeatability: .write
        ).with(body: ["shard_key": key.json])
        _ = try await call(request)
    }
}
