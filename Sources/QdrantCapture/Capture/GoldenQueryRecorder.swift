internal import QdrantClient

/// Records golden queries before a capture and keeps those that still have the same answer after it.
struct GoldenQueryRecorder {
    private let client: QdrantClient
    private let collection: String
    /// How many points an answer has at the most.
    static let limit = 10

    init(client: QdrantClient, collection: String) {
        self.client = client
        self.collection = collection
    }

    /// Asks with every vector of a sample of points.
    func record(_ info: CollectionInfo, shardKeys: [ShardKey], sample count: Int, seed: UInt64) async throws
        -> [GoldenQuery]
    {
        let keys: [ShardKey?] = shardKeys.isEmpty ? [nil] : shardKeys.map(\.self)
        var queries: [GoldenQuery] = []
        for (index, key) in keys.enumerated() {
            var sampler = PointSampler(client: client, collection: collection, seed: seed &+ UInt64(index))
            for point in try await sampler.sample(count, shardKey: key) {
                for field in info.vectors {
                    guard let vector = point.vectors?[field.name], vector.isUsable else { continue }
                    var query = GoldenQuery(
                        using: field.name,
                        source: point.id,
                        vector: vector,
                        shardKey: key,
                        limit: Self.limit,
                        hits: []
                    )
                    query.hits = try await query.ask(client, collection: collection)
                    queries.append(query)
                }
            }
        }
        return queries
    }

    /// Asks again; somebody who wrote meanwhile may have changed an answer, which would then prove nothing.
    func keepStable(_ queries: [GoldenQuery]) async throws -> [GoldenQuery] {
        var stable: [GoldenQuery] = []
        for query in queries where try await query.ask(client, collection: collection) == query.hits {
            stable.append(query)
        }
        return stable
    }
}

extension Vector {
    /// Whether a query with it means anything: not empty, and only numbers that JSON can carry.
    fileprivate var isUsable: Bool {
        switch self {
        case .dense(let values): !values.isEmpty && values.allSatisfy(\.isFinite)
        case .multi(let rows): !rows.isEmpty && rows.allSatisfy { $0.allSatisfy(\.isFinite) }
        case .sparse(let vector): !vector.indices.isEmpty && vector.values.allSatisfy(\.isFinite)
        }
    }
}
