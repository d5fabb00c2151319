/// State and configuration of a collection.
///
/// ``json`` is the whole answer, unknown fields included: what a backup keeps. The other properties read from it.
public struct CollectionInfo: Sendable, Hashable {
    /// How a collection fares.
    public struct Status: RawRepresentable, Sendable, Hashable {
        /// The server's word.
        public var rawValue: String
        /// Takes the server's word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Ready.
        public static let green = Status(rawValue: "green")
        /// Optimising; may be read, written and backed up.
        public static let yellow = Status(rawValue: "yellow")
        /// Optimisation is due and has not begun, as after a restart; an empty update begins it.
        public static let grey = Status(rawValue: "grey")
        /// An optimiser failed, often for lack of space.
        public static let red = Status(rawValue: "red")
    }

    /// The whole answer.
    public let json: JSONObject
    /// How it fares.
    public let status: Status
    /// The configuration, whole.
    public let config: JSONObject

    /// Takes the `result` of an answer, or one that was stored.
    ///
    /// - Throws: ``JSONError`` when `status` or `config` are missing.
    public init(_ json: JSONObject) throws(JSONError) {
        self.json = json
        status = Status(rawValue: try json.required("status", \.stringValue))
        config = try json.required("config", \.objectValue)
    }

    /// The optimiser's error; `nil` when it is fine. It may be an old one.
    public var optimizerError: String? { json["optimizer_status"]?["error"]?.stringValue }
    /// About how many points there are; count exactly instead.
    public var approximatePointCount: UInt64? { json["points_count"]?.uint64Value }
    /// About how many vectors are in an index.
    public var approximateIndexedVectorCount: UInt64? { json["indexed_vectors_count"]?.uint64Value }
    /// How many segments there are.
    public var segmentCount: UInt64? { json["segments_count"]?.uint64Value }
    /// How many shards it has, or per shard key when it is custom-sharded.
    public var shardNumber: UInt64? { config["params"]?["shard_number"]?.uint64Value }
    /// Whether its points are placed by shard keys.
    public var isCustomSharded: Bool { config["params"]?["sharding_method"]?.stringValue == "custom" }
    /// The server's warnings.
    public var warnings: [String] { (json["warnings"]?.arrayValue ?? []).compactMap { $0["message"]?.stringValue } }

    /// The payload indexes, in the order of the answer.
    public var payloadSchema: [PayloadFieldSchema] {
        (json["payload_schema"]?.objectValue?.members ?? []).map { PayloadFieldSchema(field: $0.key, json: $0.value) }
    }

    /// The vectors that a point may have: dense ones first, then sparse ones.
    public var vectors: [VectorField] { VectorField.fields(inConfig: config) }
}

/// A payload index, as collection info shows it.
public struct PayloadFieldSchema: Sendable, Hashable {
    /// The payload key, a path like `a.b`.
    public var field: String
    /// `data_type`, `params` and `points`.
    public var json: JSONValue

    /// Makes a schema.
    public init(field: String, json: JSONValue) {
        self.field = field
        self.json = json
    }

    /// The type: `keyword`, `integer`, `float`, `geo`, `text`, `bool`, `datetime`, `uuid`.
    public var dataType: String? { json["data_type"]?.stringValue }

    /// About how many points have the key.
    public var approximatePointCount: UInt64? { json["points"]?.uint64Value }

    /// What makes the same index again: its parameters where it has some, else its type.
    public var creationSchema: JSONValue? {
        guard let dataType else { return nil }
        guard var parameters = json["params"]?.objectValue?.withoutNulls, !parameters.isEmpty else {
            return .string(dataType)
        }
        parameters["type"] = .string(dataType)
        return .object(parameters)
    }
}

/// A vector that the points of a collection may have.
public struct VectorField: Sendable, Hashable {
    /// What kind it is.
    public enum Kind: Sendable, Hashable {
        /// One component per dimension.
        case dense
        /// Several dense vectors.
        case multi
        /// Few of many dimensions.
        case sparse
    }

    /// Its name; `nil` for the unnamed vector.
    public var name: String?
    /// What kind it is.
    public var kind: Kind
    /// Its parameters, whole.
    public var json: JSONObject

    /// Makes a field.
    public init(name: String?, kind: Kind, json: JSONObject) {
        self.name = name
        self.kind = kind
        self.json = json
    }

    /// How many components; `nil` for sparse ones.
    public var size: UInt64? { json["size"]?.uint64Value }
    /// `Cosine`, `Dot`, `Euclid` or `Manhattan`; `nil` for sparse ones, which are compared by dot product.
    public var distance: String? { json["distance"]?.stringValue }
    /// How components are stored: `float32` (also when absent), `float16`, `uint8`, `turbo4`.
    public var dataType: String {
        json["datatype"]?.stringValue ?? json["index"]?["datatype"]?.stringValue ?? "float32"
    }

    /// The fields of a collection's configuration.
    static func fields(inConfig config: JSONObject) -> [VectorField] {
        let params = config["params"]
        var fields: [VectorField] = []
        if let vectors = params?["vectors"]?.objectValue {
            if vectors["size"]?.uint64Value != nil {
                fields.append(VectorField(name: nil, dense: vectors))
            } else {
                fields += vectors.members.map { VectorField(name: $0.key, dense: $0.value.objectValue ?? [:]) }
            }
        }
        for member in params?["sparse_vectors"]?.objectValue?.members ?? [] {
            fields.append(VectorField(name: member.key, kind: .sparse, json: member.value.objectValue ?? [:]))
        }
        return fields
    }

    private init(name: String?, dense json: JSONObject) {
        let isMulti = json["multivector_config"].map { !$0.isNull } ?? false
        self.init(name: name, kind: isMulti ? .multi : .dense, json: json)
    }
}
