internal import QdrantClient

/// Picks points of a collection by a seed, with a few dozen small requests whatever its size.
///
/// Points are found by asking for the first id at or after a random one. Numbers are drawn below the highest one in use, which
/// a binary search finds; UUIDs over their whole range, where they are spread evenly by nature.
struct PointSampler {
    private let client: QdrantClient
    private let collection: String
    private var generator: SeededRandom

    init(client: QdrantClient, collection: String, seed: UInt64) {
        self.client = client
        self.collection = collection
        generator = SeededRandom(state: seed)
    }

    /// - Returns: at most `count` different points, with their vectors; fewer when the collection is small.
    mutating func sample(_ count: Int, shardKey: ShardKey?) async throws -> [PointRecord] {
        guard count > 0, let first = try await point(at: nil, shardKey) else { return [] }
        var found: [PointID: PointRecord] = [first.id: first]
        let highest = try await highestNumber(shardKey)
        let firstUUID = try await point(at: .uuid(UniqueID(high: 0, low: 0)), shardKey)
        // A small collection answers with the same points again and again: twice as many tries as points must do.
        for _ in 0..<(2 * count) where found.count < count {
            let useNumber = highest != nil && (firstUUID == nil || generator.next() & 1 == 0)
            let start: PointID =
                if useNumber, let highest {
                    .number(highest == .max ? generator.next() : generator.next() % (highest + 1))
                } else {
                    .uuid(UniqueID(high: generator.next(), low: generator.next()))
                }
            guard let record = try await point(at: start, shardKey) ?? firstUUID else { continue }
            found[record.id] = record
        }
        return found.values.sorted { $0.id < $1.id }
    }

    private func point(at id: PointID?, _ shardKey: ShardKey?) async throws -> PointRecord? {
        let request = ScrollRequest(
            limit: 1,
            offset: id,
            payload: .none,
            vectors: .all,
            shardKeys: shardKey.map { [$0] } ?? []
        )
        return try await client.scroll(request, in: collection).records.first
    }

    /// The highest number that a point has, or `nil` when all ids are UUIDs.
    private func highestNumber(_ shardKey: ShardKey?) async throws -> UInt64? {
        func next(after number: UInt64) async throws -> UInt64? {
            guard case .number(let found)? = try await point(at: .number(number), shardKey)?.id else { return nil }
            return found
        }
        guard var low = try await next(after: 0) else { return nil }
        var high = UInt64.max
        while low < high {
            // Rounded up, so that the middle is above `low`.
            let middle = low + (high - low) / 2 + (high - low) % 2
            if let found = try await next(after: middle) { low = found } else { high = middle - 1 }
        }
        return low
    }
}

/// SplitMix64: the same seed picks the same points.
struct SeededRandom: RandomNumberGenerator, Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
