/// A point to be written.
public struct Point: Sendable, Hashable {
    /// Its id; a point of the same id is replaced.
    public var id: PointID
    /// Its vectors. A collection without vectors, or a point without any, takes an empty ``PointVectors/named(_:)``.
    public var vectors: PointVectors
    /// Its payload.
    public var payload: JSONObject

    /// Makes a point.
    public init(id: PointID, vectors: PointVectors, payload: JSONObject = JSONObject()) {
        self.id = id
        self.vectors = vectors
        self.payload = payload
    }

    /// Makes a point with one unnamed dense vector.
    public init(id: PointID, vector: [Float], payload: JSONObject = JSONObject()) {
        self.init(id: id, vectors: .unnamed(.dense(vector)), payload: payload)
    }
}

/// A point as it was read.
///
/// Vectors are what the server stores: with Cosine distance they were normalised on the way in, and float16, uint8 and
/// turbo4 storage has rounded them.
public struct PointRecord: Sendable, Hashable {
    /// Its id.
    public var id: PointID
    /// Its payload; `nil` when none was asked for.
    public var payload: JSONObject?
    /// Its vectors; `nil` when none were asked for, an empty ``PointVectors/named(_:)`` when it has none.
    public var vectors: PointVectors?
    /// Where a custom-sharded collection keeps it.
    public var shardKey: ShardKey?
    /// The value a scroll with `order_by` sorted by.
    public var orderValue: JSONValue?

    /// Makes a record.
    public init(
        id: PointID,
        payload: JSONObject? = nil,
        vectors: PointVectors? = nil,
        shardKey: ShardKey? = nil,
        orderValue: JSONValue? = nil
    ) {
        self.id = id
        self.payload = payload
        self.vectors = vectors
        self.shardKey = shardKey
        self.orderValue = orderValue
    }
}

/// A point that a query found.
public struct ScoredPoint: Sendable, Hashable {
    /// The point.
    public var record: PointRecord
    /// How well it fits: larger is better for Cosine and Dot, smaller for Euclid and Manhattan.
    public var score: Float
    /// The operation that last changed the point on its shard. True only for scored queries; others report 0.
    public var version: UInt64

    /// Makes a found point.
    public init(record: PointRecord, score: Float, version: UInt64) {
        self.record = record
        self.score = score
        self.version = version
    }
}

/// The key of a part of a custom-sharded collection: a string or an unsigned 64-bit number.
public enum ShardKey: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral
{
    /// A string.
    case string(String)
    /// A number.
    case number(UInt64)

    /// Makes a string key.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Makes a number key.
    public init(integerLiteral value: UInt64) { self = .number(value) }

    /// Reads a key.
    ///
    /// - Returns: `nil` for anything that is not a string or an unsigned integer.
    public init?(_ json: JSONValue) {
        if let text = json.stringValue {
            self = .string(text)
        } else if let number = json.uint64Value {
            self = .number(number)
        } else {
            return nil
        }
    }

    /// The key as JSON.
    public var json: JSONValue {
        switch self {
        case .string(let text): .string(text)
        case .number(let number): .number(number)
        }
    }

    /// The key as a person writes it.
    public var description: String {
        switch self {
        case .string(let text): text
        case .number(let number): String(number)
        }
    }
}
