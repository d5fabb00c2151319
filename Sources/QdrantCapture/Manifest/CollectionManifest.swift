public import QdrantClient

/// What `collection.json` holds: everything about a collection that an archive of its shards lacks.
public struct CollectionManifest: Sendable, Hashable {
    /// The version of this file that the program writes, and the newest that it reads.
    public static let formatVersion: UInt64 = 1
    /// The longest `collection.json` that is read, in bytes.
    public static let maximumByteCount = 64 << 20

    /// A shard as it was captured.
    public struct Shard: Sendable, Hashable {
        /// Its id.
        public var id: UInt32
        /// Its key, when the collection is custom-sharded.
        public var key: ShardKey?
        /// Exact number of points before and after the capture.
        public var points: Count
        /// Files of its tree.
        public var files: Int
        /// Their length in bytes, holes included.
        public var byteCount: Int64
        /// Of these, bytes that were transferred; the rest are holes.
        public var dataBytes: Int64
    }

    /// An exact count, before and after the capture: equal when nobody wrote meanwhile.
    public struct Count: Sendable, Hashable {
        /// Before.
        public var before: UInt64
        /// After.
        public var after: UInt64

        /// Makes a count.
        public init(before: UInt64, after: UInt64) {
            self.before = before
            self.after = after
        }

        /// Whether a restored count is one that the collection can have had at the moment of the capture.
        public func admits(_ count: UInt64) -> Bool {
            (min(before, after)...max(before, after)).contains(count)
        }
    }

    /// The collection's own name (never an alias).
    public var name: String
    /// How it was captured: `stream` or `snapshot`.
    public var method: CaptureMethod
    /// When the capture began, RFC 3339.
    public var startedAt: String
    /// When it ended, RFC 3339.
    public var finishedAt: String
    /// The server.
    public var server: ServerInfo
    /// The whole answer of `GET /collections/{c}`.
    public var info: CollectionInfo
    /// The aliases that pointed to it.
    public var aliases: [String]
    /// Shard keys in the order of their shards; empty unless it is custom-sharded.
    public var shardKeys: [ShardKey]
    /// The whole answer of `GET /collections/{c}/cluster`.
    public var cluster: CollectionCluster
    /// Exact number of points.
    public var points: Count
    /// The shards, by rising id.
    public var shards: [Shard]
    /// Questions whose answers did not change during the capture.
    public var goldenQueries: [GoldenQuery]
    /// Questions left out because their answers changed during the capture.
    public var droppedGoldenQueries: Int
    /// What the operator should know: a red status, a moved shard, no golden queries.
    public var warnings: [String]

    /// Where the file of a collection lies in a snapshot.
    public static func path(of collection: String) -> String { "qdrant/\(collection)/collection.json" }
    /// Where the tree of a shard lies in a snapshot.
    public static func path(ofShard shard: UInt32, of collection: String) -> String {
        "qdrant/\(collection)/shards/\(shard)"
    }
}

/// How a collection is read from its server.
public enum CaptureMethod: String, Sendable, Hashable, CaseIterable {
    /// Each shard's snapshot is streamed while it is made: no copy on the server.
    case stream
    /// A collection snapshot is made on the server, downloaded, compared with its checksum and deleted.
    case snapshot
}
