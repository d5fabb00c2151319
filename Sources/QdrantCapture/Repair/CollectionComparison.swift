internal import Foundation
public import QdrantClient

/// Compares the points of a live collection with those of a reference collection, by id and content.
///
/// Both are scrolled through in the order of ids, in several ranges side by side, and merged. Nothing is written. Held at any time
/// are one page of either side a range (``Options/rangeCount``, ``Options/pageBytes``) and the ids of what differs
/// (``Options/idLimit`` of each kind), whatever the size of the collections.
///
/// A scroll is not a snapshot: what is written to either side meanwhile may be seen as it was or as it is.
public struct CollectionComparison: Sendable {
    /// How to compare.
    public struct Options: Sendable {
        /// Whether payload and vectors are compared, or only which ids there are.
        public var comparesContent = true
        /// A payload key (a path like `a.b`) with a time or revision that grows when a point is written again: a live point with a
        /// larger value is newer, and no damage.
        public var newerField: String?
        /// How many ranges of ids are read side by side.
        public var rangeCount = min(8, max(2, ProcessInfo.processInfo.activeProcessorCount))
        /// About how long an answer with a page of points is to be, in bytes. The client refuses answers above its own limit (64 MiB
        /// by default); a smaller page is asked for then.
        public var pageBytes = 2 << 20
        /// How many ids of each kind are kept; beyond, they are only counted.
        public var idLimit = 1_000_000

        /// Makes the default options.
        public init() {}
    }

    private let live: any PointSource
    private let reference: any PointSource
    let rule: ContentRule
    private let newerRule: NewerRule?
    private let options: Options
    let pageLimit: Int
    private let shardKeys: [ShardKey]

    /// - Parameters:
    ///   - shardKeys: the reference's shard keys, when it is custom-sharded.
    ///   - fields: the vectors of its points.
    init(
        _ live: any PointSource,
        with reference: any PointSource,
        fields: [VectorField],
        shardKeys: [ShardKey],
        options: Options
    ) {
        self.live = live
        self.reference = reference
        self.options = options
        self.shardKeys = shardKeys
        rule = ContentRule(fields)
        newerRule = options.newerField.map { NewerRule(field: $0) }
        pageLimit = Self.pageLimit(fields, options)
    }

    /// Compares two collections, on one server or on two.
    ///
    /// - Parameter info: the collection info of the reference.
    public init(
        _ live: String,
        on liveClient: QdrantClient,
        with reference: String,
        on referenceClient: QdrantClient,
        info: CollectionInfo,
        shardKeys: [ShardKey],
        options: Options = Options()
    ) {
        self.init(
            ServerPoints(client: liveClient, collection: live),
            with: ServerPoints(client: referenceClient, collection: reference),
            fields: info.vectors,
            shardKeys: shardKeys,
            options: options
        )
    }

    /// How many points a page holds: as many as make about `pageBytes` of JSON, by their dimensions.
    static func pageLimit(_ fields: [VectorField], _ options: Options) -> Int {
        guard options.comparesContent else { return 10_000 }
        let vectorBytes = fields.reduce(0) { sum, field in
            // A float takes about 12 characters; of multivectors and sparse ones nobody knows the length.
            switch field.kind {
            case .dense: sum + 12 * Int(clamping: field.size ?? 0)
            case .multi: sum + 12 * 16 * Int(clamping: field.size ?? 0)
            case .sparse: sum + 24 * 128
            }
        }
        return min(2000, max(16, options.pageBytes / (1000 + vectorBytes)))
    }

    /// Compares all points.
    public func run() async throws -> CollectionDifferences {
        let budgets = Budgets(limit: options.idLimit)
        let keys: [ShardKey?] = shardKeys.isEmpty ? [nil] : shardKeys.map(\.self)
        var parts: [CollectionDifferences.Part] = []
        for key in keys { parts.append(try await compare(key, budgets)) }
        return CollectionDifferences(parts: parts, comparedContent: options.comparesContent)
    }

    private struct Budgets: Sendable {
        let missing, different, newer, extra: IDBudget

        init(limit: Int) {
            missing = IDBudget(limit)
            different = IDBudget(limit)
            newer = IDBudget(limit)
            extra = IDBudget(limit)
        }
    }

    private func compare(_ key: ShardKey?, _ budgets: Budgets) async throws -> CollectionDifferences.Part {
        let ranges = try await ranges(key)
        return try await withThrowingTaskGroup(of: (Int, CollectionDifferences.Part).self) { group in
            for (index, range) in ranges.enumerated() {
                group.addTask { (index, try await merge(range, key, budgets)) }
            }
            var found: [Int: CollectionDifferences.Part] = [:]
            for try await (index, part) in group { found[index] = part }
            var whole = CollectionDifferences.Part(shardKey: key)
            for index in ranges.indices { found[index].map { whole.append($0) } }
            return whole
        }
    }

    private func ranges(_ key: ShardKey?) async throws -> [IDRange] {
        guard options.rangeCount > 1, try await reference.count(in: key) > pageLimit * options.rangeCount else {
            return [IDRange()]
        }
        let borders = try await reference.borders(options.rangeCount - 1, in: key)
        let starts: [PointID?] = [nil] + borders
        return zip(starts, borders.map(\.self) + [nil]).map { IDRange(start: $0, end: $1) }
    }

    /// Walks through one range of both sides at once.
    private func merge(_ range: IDRange, _ key: ShardKey?, _ budgets: Budgets) async throws
        -> CollectionDifferences.Part
    {
        var left = PageCursor(live, range, in: key, limit: pageLimit, withContent: options.comparesContent)
        var right = PageCursor(reference, range, in: key, limit: pageLimit, withContent: options.comparesContent)
        var part = CollectionDifferences.Part(shardKey: key)
        while true {
            if left.needsPage || right.needsPage {
                try Task.checkCancellation()
                let (leftNow, rightNow) = (left, right)
                async let leftPage = leftNow.fetch()
                async let rightPage = rightNow.fetch()
                try left.take(await leftPage)
                try right.take(await rightPage)
                if left.needsPage || right.needsPage { continue }
            }
            switch (left.current, right.current) {
            case (nil, nil):
                return part
            case (let live?, let reference?) where live.id == reference.id:
                tell(live, reference, &part, budgets)
                left.advance()
                right.advance()
            case (let live?, let reference) where reference.map({ live.id < $0.id }) ?? true:
                part.extra.add(live.id, budgets.extra)
                left.advance()
            case (_, let reference):
                if let reference { part.missing.add(reference.id, budgets.missing) }
                right.advance()
            }
        }
    }

    private func tell(
        _ live: PointRecord,
        _ reference: PointRecord,
        _ part: inout CollectionDifferences.Part,
        _ budgets: Budgets
    ) {
        if !options.comparesContent || rule.areEqual(live, reference) {
            part.same += 1
        } else if newerRule?.isNewer(live, than: reference) ?? false {
            part.newer.add(live.id, budgets.newer)
        } else if part.different.add(live.id, budgets.different) {
            part.seen.append(live.fingerprint)
        }
    }
}

extension PointIDList {
    /// Counts an id, and keeps it while there is place.
    ///
    /// - Returns: whether it was kept.
    @discardableResult
    mutating func add(_ id: PointID, _ budget: IDBudget) -> Bool {
        count += 1
        guard budget.take() else { return false }
        ids.append(id)
        return true
    }
}

extension PointRecord {
    /// What tells this content from another one, in this process.
    var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(vectors)
        hasher.combine(payload)
        return hasher.finalize()
    }
}
