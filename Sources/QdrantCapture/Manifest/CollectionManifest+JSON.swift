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
        aliases = try Self.list(json["aliases"], "aliases", \.stringValue)
        shardKeys = try Self.list(json["shard_keys"], "shard_keys") { ShardKey($0) }
        points = try Count(json["points"])
        shards = try (json["shards"]?.arrayValue ?? []).map(Shard.init)
        goldenQueries = try (json["golden_queries"]?.arrayValue ?? []).map(GoldenQuery.init)
        droppedGoldenQueries = Int(clamping: json["dropped_golden_queries"]?.uint64Value ?? 0)
        warnings = try Self.list(json["warnings"], "warnings", \.stringValue)
    }

    static func text(_ value: JSONValue?, _ name: String) throws -> String {
        guard let text = value?.stringValue else { throw unreadable("it lacks '\(name)'") }
        return text
    }

    static func number(_ value: JSONValue?, _ name: String) throws -> UInt64 {
        guard let number = value?.uint64Value else { throw unreadable("it lacks '\(name)'") }
        return number
    }

    /// The elements of an array, none left out; an absent one is empty.
    static func list<Element>(
        _ value: JSONValue?,
        _ name: String,
        _ element: (JSONValue) -> Element?
    ) throws -> [Element] {
        guard let value, !value.isNull else { return [] }
        guard let values = value.arrayValue else { throw unreadable("'\(name)' is not a list") }
        return try values.map { value in
            guard let element = element(value) else { throw unreadable("'\(name)' holds something else") }
            return element
        }
    }

    /// The key of a shard; `nil` where there is none.
    static func shardKey(_ value: JSONValue?, _ name: String) throws -> ShardKey? {
        guard let value, !value.isNull else { return nil }
        guard let key = ShardKey(value) else { throw unreadable("'\(name)' is no shard key") }
        return key
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
        guard let id = UInt32(exactly: try CollectionManifest.number(json["id"], "shards.id")) else {
            throw CollectionManifest.unreadable("a shard's id does not fit 32 bits")
        }
        self.id = id
        key = try CollectionManifest.shardKey(json["key"], "shards.key")
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
            guard let id = hit["id"].flatMap({ PointID(manifest: $0) }),
                let score = hit["score"].flatMap(Float.init(manifest:))
            else {
                throw CollectionManifest.unreadable("a golden query has a hit without id or score")
            }
            return Hit(id: id, score: score)
        }
        self.init(
            using: json["using"]?.stringValue,
            source: source,
            vector: vector,
            shardKey: try CollectionManifest.shardKey(json["shard_key"], "golden_queries.shard_key"),
            limit: Int(clamping: try CollectionManifest.number(json["limit"], "golden_queries.limit")),
            hits: hits
        )
    }
}
