internal import QdrantClient

/// Makes one ranking of several whose scores cannot be compared (G. V. Cormack et al., "Reciprocal rank fusion outperforms
/// Condorcet and individual rank learning methods", 2009).
enum ReciprocalRankFusion {
    /// The paper's constant: the larger, the less the first places count.
    static let constant = 60.0

    struct Fused: Sendable, Hashable {
        var id: PointID
        /// The sum over the rankings of 1 / (constant + place), places counted from 1.
        var score: Double
    }

    /// All ids of the rankings, the best first; equals in the order of their ids.
    static func fuse(_ rankings: [[PointID]]) -> [Fused] {
        var scores: [PointID: Double] = [:]
        for ranking in rankings {
            for (position, id) in ranking.enumerated() {
                scores[id, default: 0] += 1 / (constant + Double(position + 1))
            }
        }
        return scores.map { Fused(id: $0.key, score: $0.value) }
            .sorted { ($1.score, $0.id) < ($0.score, $1.id) }
    }
}
