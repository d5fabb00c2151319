internal import NIOCore
public import QdrantClient

extension CollectionManifest {
    /// The file's content.
    public func json() -> JSONObject {
        [
            "format": .number(Self.formatVersion),
            "collection": .string(name),
            "forms": ["physical"],
            "method": .string(method.rawValue),
            "captured": ["started": .string(startedAt), "finished": .string(finishedAt)],
            "server": [
                "title": .string(server.title), "version": .string(server.version),
                "commit": server.commit.map { .string($0) } ?? .null,
            ],
            "info": .object(info.json),
            "aliases": .array(aliases.map { .string($0) }),
            "shard_keys": .array(shardKeys.map(\.json)),
            "cluster": .object(cluster.json),
            "points": points.json,
            "shards": .array(shards.map(\.json)),
            "golden_queries": .array(goldenQueries.map(\.json)),
            "dropped_golden_queries": .number(droppedGoldenQueries),
            "warnings": .array(warnings.map { .string($0) }),
        ]
    }

    /// The file's bytes: one line of JSON, numbers exact.
    public func encode() throws -> [UInt8] {
        Array(try json().written().readableBytesView) + [UInt8(ascii: "\n")]
    }

    /// Reads the file's bytes.
    ///
    /// - Throws: ``CaptureError/Code/manifest`` when it is not such a file or of a newer format.
    public init(reading bytes: [UInt8]) throws {
        do {
            guard let json = try JSONValue(reading: bytes).objectValue else {
                throw Self.unreadable("it is not a JSON object")
            }
            guard let version = json["format"]?.uint64Value else { throw Self.unreadable("it states no format") }
            guard version <= Self.formatVersion else {
                throw CaptureError(
                    .manifest,
                    "collection.json has format \(version); this program reads up to \(Self.formatVersion)",
                    hint: "It was written by a newer Holdfast: update this one."
                )
            }
            self = try Self(json)
        } catch let error as JSONError {
            throw CaptureError(.manifest, "collection.json cannot be read: \(error.message)", cause: error)
        }
    }

    private init(_ json: JSONObject) throws {
        name = try Self.text(json["collection"], "collection")
        guard let method = CaptureMethod(rawValue: try Self.text(json["method"], "method")) else {
            throw Self.unreadable("its method is unknown")
        }
        self.method = method
        startedAt = try Self.text(json["captured"]?["started"], "captured.started")
        finishedAt = try Self.text(json["captured"]?["finished"], "captured.finished")
        server = ServerInfo(
            title: try Self.text(json["server"]?["title"], "server.title"),
            version: try Self.text(json["server"]?["version"], "server.version"),
            commit: json["server"]?["commit"]?.stringValue
        )
        guard let info = json["info"]?.objectValue, let cluster = json["cluster"]?.objectValue else {
            throw Self.unreadable("it lacks 'info' or 'cluster'")
        }
        self.info = try CollectionInfo(info)
        self.cluster = try CollectionCluster(cluster)
        aliases = (json["aliases"]?.arrayValue ?? []).compactMap(\.stringValue)
        shardKeys = (json["shard_keys"]?.arrayValue ?? []).compactMap(ShardKey.init)
        points = try Count(json["points"])
        shards = try (json["shards"]?.arrayValue ?? []).map(Shard.init)
        goldenQueries = try (json["golden_queries"]?.arrayValue ?? []).map(GoldenQuery.init)
        droppedGoldenQueries = Int(clamping: json["dropped_golden_queries"]?.uint64Value ?? 0)
        warnings = (json["warnings"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    static func text(_ value: JSONValue?, _ name: String) throws -> String {
        guard let text = value?.stringValue else { throw unreadable("it lacks '\(name)'") }
        return text
    }

    static func number(_ value: JSONValue?, _ name: String) throws -> UInt64 {
        guard let number = value?.uint64Value else { throw unreadable("it lacks '\(name)'") }
        return number
    }

    static func unreadable(_ reason: String) -> CaptureError {
        CaptureError(
            .manifest,
            "collection.json cannot be used: \(reason)",
            hint: "Run 'holdfast verify' on the restore point, and restore another one."
        )
    }
}

extension CollectionManifest.Count {
    var json: JSONValue { ["before": .number(before), "after": .number(after)] }

    init(_ json: JSONValue?) throws {
        self.init(
            before: try CollectionManifest.number(json?["before"], "before"),
            after: try CollectionManifest.number(json?["after"], "after")
        )
    }
}

extension CollectionManifest.Shard {
    var json: JSONValue {
        [
            "id": .number(UInt64(id)), "key": key?.json ?? .null, "points": points.json, "files": .number(files),
            "bytes": .number(UInt64(byteCount)), "data_bytes": .number(UInt64(dataBytes)),
        ]
    }

    init(_ json: JSONValue) throws {
        id = UInt32(clamping: try CollectionManifest.number(json["id"], "shards.id"))
        key = json["key"].flatMap { ShardKey($0) }
        points = try CollectionManifest.Count(json["points"])
        files = Int(clamping: try CollectionManifest.number(json["files"], "shards.files"))
        byteCount = Int64(clamping: try CollectionManifest.number(json["bytes"], "shards.bytes"))
        dataBytes = Int64(clamping: try CollectionManifest.number(json["data_bytes"], "shards.data_bytes"))
    }
}

extension GoldenQuery {
    var json: JSONValue {
        [
            "using": using.map { .string($0) } ?? .null, "source": source.json, "vector": vector.manifestJSON,
            "shard_key": shardKey?.json ?? .null, "limit": .number(limit),
            "hits": .array(hits.map { ["id": $0.id.json, "score": .double(Double($0.score))] }),
        ]
    }

    init(_ json: JSONValue) throws {
        guard let source = json["source"].flatMap({ PointID(manifest: $0) }),
            let vector = json["vector"].flatMap({ Vector(manifest: $0) })
        else {
            throw CollectionManifest.unreadable("a golden query lacks its source or vector")
        }
        let hits = try (json["hits"]?.arrayValue ?? []).map { hit in
            guard let id = hit["id"].flatMap({ PointID(manifest: $0) }), let score = hit["score"]?.doubleValue else {
                throw CollectionManifest.unreadable("a golden query has a hit without id or score")
            }
            return Hit(id: id, score: Float(score))
        }
        self.init(
            using: json["using"]?.stringValue,
            source: source,
            vector: vector,
            shardKey: json["shard_key"].flatMap { ShardKey($0) },
            limit: Int(clamping: try CollectionManifest.number(json["limit"], "golden_queries.limit")),
            hits: hits
        )
    }
}
