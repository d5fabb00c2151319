internal import QdrantClient

extension TextbookIndex {
    /// How many passages each of the two searches contributes.
    static let candidateCount = 50

    /// Finds the passages that answer a question best, the best first.
    ///
    /// Dense and sparse vectors are searched exactly, not through an index, so that the same collection gives the same
    /// answers before a backup and after a restore; the two rankings are merged by their reciprocal ranks.
    ///
    /// - Parameter limit: how many answers at most, up to 100.
    /// - Returns: nothing when the question has no word but stop words.
    public func ask(_ question: String, limit: Int = 5) async throws -> [Answer] {
        let sparse = SparseEncoder.questionVector(of: question)
        guard !sparse.indices.isEmpty else { return [] }
        let dense = LocalEmbedding.vector(of: question)
        async let denseHits = hits(.dense(dense), Self.denseVectorName)
        async let sparseHits = hits(.sparse(sparse), Self.sparseVectorName)
        return Self.answers(to: question, from: [try await denseHits, try await sparseHits], limit: limit)
    }

    private func hits(_ vector: Vector, _ name: String) async throws -> [ScoredPoint] {
        let query = QueryRequest(
            .vector(vector),
            using: name,
            limit: Self.candidateCount,
            isExact: true,
            payload: .only(["path", "title", "heading", "text"])
        )
        return try await client.query(query, in: collection)
    }

    /// Merges the hits of several searches, whose payload is that of ``Passage/point``.
    ///
    /// Hits of equal score are put in the order of their ids: the server's order of them may change with a restore.
    static func answers(to question: String, from rankings: [[ScoredPoint]], limit: Int) -> [Answer] {
        var payloads: [PointID: JSONObject] = [:]
        for hit in rankings.joined() { payloads[hit.record.id] = hit.record.payload }
        let ids = rankings.map { ranking in
            ranking.sorted { ($1.score, $0.record.id) < ($0.score, $1.record.id) }.map(\.record.id)
        }
        return ReciprocalRankFusion.fuse(ids).prefix(max(limit, 0)).map {
            Answer(id: $0.id, score: $0.score, payload: payloads[$0.id] ?? [:], question: question)
        }
    }
}
