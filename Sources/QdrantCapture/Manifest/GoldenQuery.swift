public import QdrantClient

/// A question recorded at capture time with its exact answer, asked again after a restore.
public struct GoldenQuery: Sendable, Hashable {
    /// One of the answer's points.
    public struct Hit: Sendable, Hashable {
        /// The point.
        public var id: PointID
        /// Its score.
        public var score: Float

        /// Makes a hit.
        public init(id: PointID, score: Float) {
            self.id = id
            self.score = score
        }
    }

    /// The vector's name; `nil` for the unnamed one.
    public var using: String?
    /// The point whose vector asks.
    public var source: PointID
    /// The vector that asks, kept so that the question can be asked even when its point is lost.
    public var vector: Vector
    /// Whom to ask in a custom-sharded collection: the key of the point's shard.
    public var shardKey: ShardKey?
    /// How many points were asked for.
    public var limit: Int
    /// The exact answer, best first.
    public var hits: [Hit]

    /// Makes a query.
    public init(using: String?, source: PointID, vector: Vector, shardKey: ShardKey?, limit: Int, hits: [Hit]) {
        self.using = using
        self.source = source
        self.vector = vector
        self.shardKey = shardKey
        self.limit = limit
        self.hits = hits
    }

    /// Asks the question of a collection, exactly (without an index).
    public func ask(_ client: QdrantClient, collection: String) async throws -> [Hit] {
        let request = QueryRequest(
            .vector(vector),
            using: using,
            limit: limit,
            isExact: true,
            payload: .none,
            vectors: .none,
            shardKeys: shardKey.map { [$0] } ?? []
        )
        return try await client.query(request, in: collection).map { Hit(id: $0.record.id, score: $0.score) }
    }

    /// How an answer differs from the recorded one; `nil` when it does not.
    ///
    /// Scores may differ by `tolerance`, relative for scores beyond 1. Points may change places only where their scores are
    /// that close together, and at the end of the list, where the next point may be that close too.
    ///
    /// - Parameter tolerance: the largest accepted difference between two scores.
    public func difference(from answer: [Hit], tolerance: Float) -> String? {
        let name = using.map { "vector '\($0)'" } ?? "the vector"
        let question = "golden query for \(name) of point \(source)"
        guard answer.count == hits.count else {
            return "\(question) gave \(answer.count) points instead of \(hits.count)"
        }
        for (rank, (expected, found)) in zip(hits, answer).enumerated() {
            guard Self.isClose(expected.score, found.score, tolerance) else {
                return "\(question) gave score \(found.score) at rank \(rank + 1) instead of \(expected.score)"
            }
        }
        let scores = Dictionary(hits.map { ($0.id, $0.score) }, uniquingKeysWith: { first, _ in first })
        let last = hits.last?.score ?? 0
        for found in answer {
            if let expected = scores[found.id] {
                if Self.isClose(expected, found.score, tolerance) { continue }
                return "\(question) gave point \(found.id) score \(found.score) instead of \(expected)"
            }
            // A stranger is only possible in a tie at the end of the list.
            guard Self.isClose(found.score, last, tolerance) else {
                return "\(question) gave point \(found.id), which was not in the answer"
            }
        }
        return nil
    }

    /// How an answer differs in its points, whatever their scores; `nil` when it does not.
    ///
    /// For sparse vectors with the modifier `idf`: their scores count how many points have a term, and deleted points are among these
    /// until their segment is loaded anew or rewritten. So a restored collection, and a restarted server, give the same points other
    /// scores, and those that are close change places (seen with qdrant-edge 0.8.0: 0.1 % after three of 39 pages were written again).
    /// At least half of the recorded points have to be there, and as many as were recorded.
    public func differenceInPoints(from answer: [Hit]) -> String? {
        let question = "golden query for vector '\(using ?? "")' of point \(source)"
        guard answer.count == hits.count else {
            return "\(question) gave \(answer.count) points instead of \(hits.count)"
        }
        let known = Set(hits.map(\.id)).intersection(answer.map(\.id)).count
        guard known * 2 >= hits.count else {
            return "\(question) gave \(known) of the \(hits.count) recorded points"
        }
        return nil
    }

    private static func isClose(_ left: Float, _ right: Float, _ tolerance: Float) -> Bool {
        if left == right { return true }
        return abs(left - right) <= tolerance * max(1, max(abs(left), abs(right)))
    }
}
