internal import QdrantClient

/// The points of one collection, as a comparison reads them.
protocol PointSource: Sendable {
    /// Reads at most `limit` points in the order of ids, beginning with the first one at or after `start`.
    ///
    /// - Parameter withContent: whether payload and vectors are read too.
    func page(from start: PointID?, limit: Int, withContent: Bool, in shardKey: ShardKey?) async throws -> ScrollPage
    /// Reads points with their content, in no particular order; those that do not exist are absent.
    func records(_ ids: [PointID], in shardKey: ShardKey?) async throws -> [PointRecord]
    /// Ids spread over all points, in order: borders between parts that are read side by side.
    func borders(_ count: Int, in shardKey: ShardKey?) async throws -> [PointID]
    /// The exact number of points.
    func count(in shardKey: ShardKey?) async throws -> UInt64
}

/// A collection whose points are repaired.
protocol PointTarget: PointSource {
    /// Writes points; returns when reads see them.
    func write(_ points: [Point], _ mode: UpsertMode, in shardKey: ShardKey?) async throws
}

/// The points of a collection on a server.
struct ServerPoints: PointTarget {
    let client: QdrantClient
    let collection: String
    /// Shard keys that the collection lacks: there are no points under them, and asking for some would be an error.
    var absentKeys: Set<ShardKey> = []

    private func lacks(_ key: ShardKey?) -> Bool { key.map { absentKeys.contains($0) } ?? false }

    func page(from start: PointID?, limit: Int, withContent: Bool, in shardKey: ShardKey?) async throws -> ScrollPage {
        if lacks(shardKey) { return ScrollPage(records: [], nextOffset: nil) }
        var request = ScrollRequest(
            limit: limit,
            offset: start,
            payload: withContent ? .all : .none,
            vectors: withContent ? .all : .none,
            shardKeys: shardKey.map { [$0] } ?? []
        )
        while true {
            do {
                return try await client.scroll(request, in: collection)
            } catch let error as QdrantError where error.code == .responseTooLarge && request.limit > 1 {
                // Payloads can be of any length: nobody knows before how many points fit in an answer.
                request.limit /= 2
            }
        }
    }

    func records(_ ids: [PointID], in shardKey: ShardKey?) async throws -> [PointRecord] {
        if lacks(shardKey) { return [] }
        do {
            return try await client.points(
                ids,
                in: collection,
                payload: .all,
                vectors: .all,
                shardKeys: shardKey.map { [$0] } ?? []
            )
        } catch let error as QdrantError where error.code == .responseTooLarge && ids.count > 1 {
            let (first, second) = ids.halves
            return try await records(first, in: shardKey) + records(second, in: shardKey)
        }
    }

    func write(_ points: [Point], _ mode: UpsertMode, in shardKey: ShardKey?) async throws {
        do {
            // What is written here must not be overtaken by an older write that is still on its way in a cluster.
            let result = try await client.upsert(
                points,
                in: collection,
                shardKey: shardKey,
                waits: true,
                ordering: .strong,
                mode: mode
            )
            guard result.status == .completed else {
                throw CaptureError(
                    .deadline,
                    "the server took points of '\(collection)' but did not say that they can be read (\(result.status.rawValue))",
                    hint: "Run the same command again: it finds what is still missing."
                )
            }
        } catch let error as QdrantError where error.code == .requestTooLarge && points.count > 1 {
            let (first, second) = points.halves
            try await write(first, mode, in: shardKey)
            try await write(second, mode, in: shardKey)
        }
    }

    func borders(_ count: Int, in shardKey: ShardKey?) async throws -> [PointID] {
        var sampler = PointSampler(client: client, collection: collection, seed: 0x686F_6C64)
        return try await sampler.sample(count, shardKey: shardKey).map(\.id)
    }

    func count(in shardKey: ShardKey?) async throws -> UInt64 {
        if lacks(shardKey) { return 0 }
        return try await client.count(in: collection, shardKeys: shardKey.map { [$0] } ?? [])
    }
}

extension Array {
    fileprivate var halves: ([Element], [Element]) {
        (Array(prefix(count / 2)), Array(dropFirst(count / 2)))
    }
}
