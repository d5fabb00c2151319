internal import Locks
public import QdrantClient

/// Ids of points of one kind: how many there are, and as many of them as are kept.
public struct PointIDList: Sendable, Hashable {
    /// How many there are.
    public internal(set) var count = 0
    /// The ids in order; fewer than ``count`` when there are more than are kept.
    public internal(set) var ids: [PointID] = []

    /// Whether every id is kept.
    public var isComplete: Bool { ids.count == count }

    mutating func append(_ other: PointIDList) {
        count += other.count
        ids += other.ids
    }
}

/// How the points of a live collection differ from those of a reference.
public struct CollectionDifferences: Sendable {
    /// The points under one shard key, or all of a collection without shard keys.
    public struct Part: Sendable {
        /// The shard key.
        public let shardKey: ShardKey?
        /// Points of the reference that the live collection lacks.
        public internal(set) var missing = PointIDList()
        /// Points whose content differs.
        public internal(set) var different = PointIDList()
        /// Points whose content differs and whose live side says that it is newer.
        public internal(set) var newer = PointIDList()
        /// Points that only the live collection has.
        public internal(set) var extra = PointIDList()
        /// Points that are the same on both sides.
        public internal(set) var same = 0
        /// What the live side of each different point looked like, to notice when it changes meanwhile.
        var seen: [Int] = []

        /// How many points of the live collection were looked at.
        public var livePoints: Int { same + different.count + newer.count + extra.count }
        /// How many points of the reference were looked at.
        public var referencePoints: Int { same + different.count + newer.count + missing.count }

        mutating func append(_ other: Part) {
            missing.append(other.missing)
            different.append(other.different)
            newer.append(other.newer)
            extra.append(other.extra)
            same += other.same
            seen += other.seen
        }
    }

    /// The parts, in the order of the reference's shard keys.
    public internal(set) var parts: [Part]
    /// Whether payload and vectors were compared, or ids only.
    public let comparedContent: Bool

    private func total(_ number: (Part) -> Int) -> Int { parts.reduce(0) { $0 + number($1) } }

    /// Points of the reference that the live collection lacks.
    public var missing: Int { total(\.missing.count) }
    /// Points whose content differs.
    public var different: Int { total(\.different.count) }
    /// Points whose content differs and whose live side says that it is newer.
    public var newer: Int { total(\.newer.count) }
    /// Points that only the live collection has.
    public var extra: Int { total(\.extra.count) }
    /// Points that are the same on both sides.
    public var same: Int { total(\.same) }
    /// How many points of the live collection were looked at.
    public var livePoints: Int { total(\.livePoints) }
    /// How many points of the reference were looked at.
    public var referencePoints: Int { total(\.referencePoints) }
    /// Whether nothing is missing or differs.
    public var isEmpty: Bool { missing == 0 && different == 0 }
}

/// How many ids may still be kept, of all that run side by side.
final class IDBudget: Sendable {
    private let left: Mutex<Int>

    init(_ limit: Int) {
        left = Mutex(limit)
    }

    /// Asks for the place of one id.
    func take() -> Bool {
        left.withLock { left in
            guard left > 0 else { return false }
            left -= 1
            return true
        }
    }
}
