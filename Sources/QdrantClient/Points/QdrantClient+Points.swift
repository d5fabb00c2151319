internal import NIOHTTP1

extension QdrantClient {
    /// Writes points; those of the same id are replaced.
    ///
    /// The server refuses bodies above 32 MiB (`service.max_request_size_mb`): write in batches.
    ///
    /// - Parameters:
    ///   - shardKey: where a custom-sharded collection is to keep them.
    ///   - waits: whether to return only when reads see them.
    ///   - ordering: how writes of several clients are ordered in a cluster; `nil` leaves it to the server (`weak`).
    ///   - mode: which points are written at all; the others are left as they are.
    /// - Throws: `invalidArgument` when a vector holds a NaN or an infinity, which JSON cannot carry.
    @discardableResult
    public func upsert(
        _ points: [Point],
        in collection: String,
        shardKey: ShardKey? = nil,
        waits: Bool = true,
        ordering: WriteOrdering? = nil,
        mode: UpsertMode = .upsert
    ) async throws -> UpdateResult {
        let request = try pointRequest(.PUT, [], collection, "write points to", .idempotentWrite)
            .with(query: "wait", waits)
            .with(query: "ordering", ordering?.rawValue)
            .with { (writer) throws(JSONError) in
                try writer.object { (writer) throws(JSONError) in
                    writer.key("points")
                    try writer.array { (writer) throws(JSONError) in for point in points { try writer.point(point) } }
                    if let shardKey {
                        writer.key("shard_key")
                        try writer.value(shardKey.json)
                    }
                    if mode != .upsert {
                        writer.key("update_mode")
                        writer.string(mode.rawValue)
                    }
                }
            }
        return try await updateResult(request)
    }

    /// Reads points by their ids, in no particular order; ids that do not exist are absent.
    public func points(
        _ ids: [PointID],
        in collection: String,
        payload: PayloadSelection = .all,
        vectors: VectorSelection = .none,
        shardKeys: [ShardKey] = []
    ) async throws -> [PointRecord] {
        var body: JSONObject = [
            "ids": .array(ids.map(\.json)), "with_payload": payload.json, "with_vector": vectors.json,
        ]
        body["shard_key"] = shardKeys.selector
        let request = try pointRequest(.POST, [], collection, "read points of", .read).with(body: body)
        return try await call(request) { (scanner) throws(JSONError) in try scanner.records() }
    }

    /// Deletes points.
    @discardableResult
    public func deletePoints(
        _ selection: PointSelection,
        in collection: String,
        shardKeys: [ShardKey] = [],
        waits: Bool = true
    ) async throws -> UpdateResult {
        var body: JSONObject
        switch selection {
        case .ids(let ids): body = ["points": .array(ids.map(\.json))]
        case .filter(let filter): body = ["filter": filter]
        }
        body["shard_key"] = shardKeys.selector
        let request = try pointRequest(.POST, ["delete"], collection, "delete points of", .idempotentWrite)
            .with(query: "wait", waits).with(body: body)
        return try await updateResult(request)
    }

    /// Counts points.
    ///
    /// - Parameter isExact: whether every one is counted (`true`), or the number is estimated.
    public func count(
        in collection: String,
        filter: JSONValue? = nil,
        isExact: Bool = true,
        shardKeys: [ShardKey] = []
    ) async throws -> UInt64 {
        try await count(
            pointRequest(.POST, ["count"], collection, "count the points of", .read),
            filter,
            isExact,
            shardKeys
        )
    }

    /// Counts the points of one shard that is local to the node asked.
    public func count(
        inShard shard: UInt32,
        of collection: String,
        filter: JSONValue? = nil,
        isExact: Bool = true
    ) async throws -> UInt64 {
        try await count(shardRequest("count", shard, collection, "count the points of"), filter, isExact, [])
    }

    private func count(
        _ request: APIRequest,
        _ filter: JSONValue?,
        _ isExact: Bool,
        _ shardKeys: [ShardKey]
    ) async throws -> UInt64 {
        var body: JSONObject = ["exact": .bool(isExact)]
        body["filter"] = filter
        body["shard_key"] = shardKeys.selector
        return try await call(try request.with(body: body)) { (scanner) throws(JSONError) in
            try scanner.objectValue().required("count", \.uint64Value)
        }
    }

    /// Finds the points nearest to a vector or point, the best first.
    public func query(_ query: QueryRequest, in collection: String) async throws -> [ScoredPoint] {
        let request = try pointRequest(.POST, ["query"], collection, "query", .read)
            .with { (writer) throws(JSONError) in try query.write(to: &writer) }
        return try await call(request) { (scanner) throws(JSONError) in
            var points: [ScoredPoint] = []
            try scanner.object { (scanner, key) throws(JSONError) in
                if key == "points" { points = try scanner.scoredPoints() } else { try scanner.skipValue() }
            }
            return points
        }
    }

    // MARK: Scrolling

    /// Reads one page of points.
    public func scroll(_ scroll: ScrollRequest, in collection: String) async throws -> ScrollPage {
        try await page(try pointRequest(.POST, ["scroll"], collection, "scroll through", .read).with(body: scroll.json))
    }

    /// Reads one page of the points of a shard that is local to the node asked.
    public func scroll(_ scroll: ScrollRequest, inShard shard: UInt32, of collection: String) async throws -> ScrollPage
    {
        try await page(try shardRequest("scroll", shard, collection, "scroll through").with(body: scroll.json))
    }

    private func page(_ request: APIRequest) async throws -> ScrollPage {
        try await call(request) { (scanner) throws(JSONError) in try scanner.scrollPage() }
    }

    // MARK: Requests

    private func pointRequest(
        _ method: HTTPMethod,
        _ path: [String],
        _ collection: String,
        _ action: String,
        _ repeatability: Repeatability
    ) -> APIRequest {
        APIRequest(
            method,
            ["collections", collection, "points"] + path,
            .collection(collection),
            action,
            repeatability: repeatability
        )
    }

    private func shardRequest(_ name: String, _ shard: UInt32, _ collection: String, _ action: String) -> APIRequest {
        APIRequest(
            .POST,
            ["collections", collection, "shards", String(shard), "points", name],
            .shard(shard, collection: collection),
            action,
            repeatability: .read
        )
    }

    func updateResult(_ request: APIRequest) async throws -> UpdateResult {
        try await call(request) { (scanner) throws(JSONError) in
            let json = try scanner.objectValue()
            return UpdateResult(
                operationID: try json.optional("operation_id", \.uint64Value),
                status: try json.required("status") { $0.stringValue.flatMap(UpdateStatus.init) }
            )
        }
    }
}
