/// Which part of the payload an answer holds.
public enum PayloadSelection: Sendable, Hashable, ExpressibleByBooleanLiteral {
    /// Everything.
    case all
    /// Nothing.
    case none
    /// These keys (paths like `a.b` reach inside).
    case only([String])
    /// Everything but these keys.
    case except([String])

    /// `true` is everything, `false` nothing.
    public init(booleanLiteral value: Bool) { self = value ? .all : .none }

    var json: JSONValue {
        switch self {
        case .all: true
        case .none: false
        case .only(let keys): ["include": .array(keys.map { .string($0) })]
        case .except(let keys): ["exclude": .array(keys.map { .string($0) })]
        }
    }
}

/// Which vectors an answer holds.
public enum VectorSelection: Sendable, Hashable, ExpressibleByBooleanLiteral {
    /// All of them.
    case all
    /// None.
    case none
    /// Those of these names.
    case only([String])

    /// `true` is all, `false` none.
    public init(booleanLiteral value: Bool) { self = value ? .all : .none }

    var json: JSONValue {
        switch self {
        case .all: true
        case .none: false
        case .only(let names): .array(names.map { .string($0) })
        }
    }
}

/// What to scroll through. Filters are Qdrant's own JSON (`{"must": [...]}`).
public struct ScrollRequest: Sendable, Hashable {
    /// How many points a page holds at most.
    public var limit: Int
    /// The first id to answer; `nil` starts at the beginning.
    public var offset: PointID?
    /// Only points that match.
    public var filter: JSONValue?
    /// Which payload is answered.
    public var payload: PayloadSelection
    /// Which vectors are answered.
    public var vectors: VectorSelection
    /// A payload key, or an object with `key`, `direction` and `start_from`. Turns paging off and needs an index.
    public var orderBy: JSONValue?
    /// Only these parts of a custom-sharded collection; empty asks all.
    public var shardKeys: [ShardKey]

    /// Makes a request.
    public init(
        limit: Int = 100,
        offset: PointID? = nil,
        filter: JSONValue? = nil,
        payload: PayloadSelection = .all,
        vectors: VectorSelection = .none,
        orderBy: JSONValue? = nil,
        shardKeys: [ShardKey] = []
    ) {
        self.limit = limit
        self.offset = offset
        self.filter = filter
        self.payload = payload
        self.vectors = vectors
        self.orderBy = orderBy
        self.shardKeys = shardKeys
    }

    var json: JSONObject {
        var body: JSONObject = ["limit": .number(limit), "with_payload": payload.json, "with_vector": vectors.json]
        body["offset"] = offset?.json
        body["filter"] = filter
        body["order_by"] = orderBy
        body["shard_key"] = shardKeys.selector
        return body
    }
}

/// One page of a scroll.
public struct ScrollPage: Sendable, Hashable {
    /// The points, in the order of their ids.
    public var records: [PointRecord]
    /// The first id of the next page, or `nil` at the end.
    public var nextOffset: PointID?

    /// Makes a page.
    public init(records: [PointRecord], nextOffset: PointID?) {
        self.records = records
        self.nextOffset = nextOffset
    }
}

/// What a query looks for.
public enum QueryTarget: Sendable, Hashable {
    /// The points nearest to this vector.
    case vector(Vector)
    /// The points nearest to this one, itself excluded.
    case point(PointID)
}

/// A nearest-neighbour query.
public struct QueryRequest: Sendable, Hashable {
    /// What to look for.
    public var target: QueryTarget
    /// The name of the vector to compare; `nil` for the unnamed one.
    public var using: String?
    /// How many points to answer at most.
    public var limit: Int
    /// Whether every point is compared (`true`), or the index is asked, which may miss some (`false`).
    public var isExact: Bool
    /// Only points that match.
    public var filter: JSONValue?
    /// Only points that fit better than this.
    public var scoreThreshold: Float?
    /// Which payload is answered.
    public var payload: PayloadSelection
    /// Which vectors are answered.
    public var vectors: VectorSelection
    /// Only these parts of a custom-sharded collection; empty asks all.
    public var shardKeys: [ShardKey]

    /// Makes a query.
    public init(
        _ target: QueryTarget,
        using: String? = nil,
        limit: Int = 10,
        isExact: Bool = false,
        filter: JSONValue? = nil,
        scoreThreshold: Float? = nil,
        payload: PayloadSelection = .none,
        vectors: VectorSelection = .none,
        shardKeys: [ShardKey] = []
    ) {
        self.target = target
        self.using = using
        self.limit = limit
        self.isExact = isExact
        self.filter = filter
        self.scoreThreshold = scoreThreshold
        self.payload = payload
        self.vectors = vectors
        self.shardKeys = shardKeys
    }

    func write(to writer: inout JSONWriter) throws(JSONError) {
        try writer.object { (writer) throws(JSONError) in
            writer.key("query")
            switch target {
            case .vector(let vector): try writer.vector(vector)
            case .point(let id): writer.pointID(id)
            }
            if let using {
                writer.key("using")
                writer.string(using)
            }
            if let scoreThreshold {
                writer.key("score_threshold")
                try writer.float(scoreThreshold)
            }
            var rest: JSONObject = ["limit": .number(limit), "with_payload": payload.json, "with_vector": vectors.json]
            if isExact { rest["params"] = ["exact": true] }
            rest["filter"] = filter
            rest["shard_key"] = shardKeys.selector
            for member in rest.members {
                writer.key(member.key)
                try writer.value(member.value)
            }
        }
    }
}

/// Which points an operation changes.
public enum PointSelection: Sendable, Hashable {
    /// Those of these ids; ids that do not exist are ignored.
    case ids([PointID])
    /// Those that match; an empty filter `{}` matches all.
    case filter(JSONValue)
}

/// Which points an upsert writes. A server that is too old to know the field takes the others for ``upsert``.
public enum UpsertMode: String, Sendable, Hashable {
    /// All: those that exist are replaced.
    case upsert
    /// Only those whose id does not exist.
    case insertOnly = "insert_only"
    /// Only those whose id exists.
    case updateOnly = "update_only"
}

/// How a write is ordered among those of other clients, in a cluster.
public enum WriteOrdering: String, Sendable, Hashable {
    /// Any order.
    case weak
    /// Through one replica, which may change while it is not there.
    case medium
    /// Through one replica for good.
    case strong
}

/// How certain a point operation is when the call returns.
public enum UpdateStatus: String, Sendable, Hashable {
    /// Written to the log, not yet visible to reads.
    case acknowledged
    /// Visible to reads.
    case completed
    /// Written to the log; waiting for visibility took too long.
    case waitTimeout = "wait_timeout"
}

/// The answer to a point operation.
public struct UpdateResult: Sendable, Hashable {
    /// The operation's number on its shard, starting at 0.
    public var operationID: UInt64?
    /// How certain it is.
    public var status: UpdateStatus

    /// Makes a result.
    public init(operationID: UInt64?, status: UpdateStatus) {
        self.operationID = operationID
        self.status = status
    }
}

extension [ShardKey] {
    /// The value of a `shard_key` field; `nil` asks all shards.
    var selector: JSONValue? {
        switch count {
        case 0: nil
        case 1: self[0].json
        default: .array(map(\.json))
        }
    }
}
