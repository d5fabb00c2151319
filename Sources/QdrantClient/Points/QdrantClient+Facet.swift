internal import NIOHTTP1

/// A value of a payload field, and how many points have it.
public struct FacetHit: Sendable, Hashable {
    /// The value: text, a number or a truth value.
    public var value: JSONValue
    /// How many points.
    public var count: UInt64

    /// Makes a hit.
    public init(value: JSONValue, count: UInt64) {
        self.value = value
        self.count = count
    }
}

extension QdrantClient {
    /// Counts the points for each value of an indexed payload field, the most frequent first (1.12 and later).
    ///
    /// - Parameters:
    ///   - field: a payload key with an index of the type keyword, integer, uuid or bool.
    ///   - limit: how many values are answered at most; there is no paging.
    ///   - isExact: whether every point is counted, or the numbers are estimated.
    /// - Throws: `badRequest` when the field has no such index.
    public func facet(_ field: String, in collection: String, limit: Int, isExact: Bool = true) async throws
        -> [FacetHit]
    {
        let body: JSONObject = ["key": .string(field), "limit": .number(limit), "exact": .bool(isExact)]
        let request = try APIRequest(
            .POST,
            ["collections", collection, "facet"],
            .collection(collection),
            "count the values of '\(field)' in",
            repeatability: .read
        ).with(body: body)
        return try await call(request) { (scanner) throws(JSONError) in
            try scanner.objectValue().list("hits") { (hit) throws(JSONError) in
                FacetHit(
                    value: try hit.required("value") { $0 },
                    count: try hit.required("count", \.uint64Value)
                )
            }
        }
    }
}
