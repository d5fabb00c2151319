/// Which shards of a collection are where, as one node sees it.
public struct CollectionCluster: Sendable, Hashable {
    /// What a replica is doing.
    public struct ReplicaState: RawRepresentable, Sendable, Hashable {
        /// The server's word.
        public var rawValue: String
        /// Takes the server's word.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// In use.
        public static let active = ReplicaState(rawValue: "Active")
        /// Receives writes and answers no reads: meant for backups.
        public static let listener = ReplicaState(rawValue: "Listener")

        /// Whether a snapshot of it is complete.
        public var isComplete: Bool { self == .active || self == .listener }
    }

    /// A shard on the node asked.
    public struct LocalShard: Sendable, Hashable {
        /// Its id.
        public var id: UInt32
        /// Its key, when the collection is custom-sharded.
        public var key: ShardKey?
        /// About how many points it has.
        public var approximatePointCount: UInt64
        /// What it is doing.
        public var state: ReplicaState
    }

    /// A shard on another node.
    public struct RemoteShard: Sendable, Hashable {
        /// Its id.
        public var id: UInt32
        /// Its key, when the collection is custom-sharded.
        public var key: ShardKey?
        /// The node.
        public var peerID: UInt64
        /// What it is doing.
        public var state: ReplicaState
    }

    /// The id of the node asked.
    public var peerID: UInt64
    /// How many shards there are in all.
    public var shardCount: UInt64
    /// Those on the node asked, by rising id.
    public var localShards: [LocalShard]
    /// Replicas on other nodes, by rising id.
    public var remoteShards: [RemoteShard]
    /// Whether shards are being moved or split: no time for a backup.
    public var isMoving: Bool
    /// The whole answer.
    public var json: JSONObject

    /// Takes the `result` of an answer, or one that was stored.
    public init(_ json: JSONObject) throws(JSONError) {
        peerID = try json.required("peer_id", \.uint64Value)
        shardCount = try json.required("shard_count", \.uint64Value)
        localShards = try json.list("local_shards") { (shard) throws(JSONError) in
            LocalShard(
                id: try shard.required("shard_id", \.uint32Value),
                key: try shard.optional("shard_key", ShardKey.init),
                approximatePointCount: try shard.required("points_count", \.uint64Value),
                state: ReplicaState(rawValue: try shard.required("state", \.stringValue))
            )
        }
        remoteShards = try json.list("remote_shards") { (shard) throws(JSONError) in
            RemoteShard(
                id: try shard.required("shard_id", \.uint32Value),
                key: try shard.optional("shard_key", ShardKey.init),
                peerID: try shard.required("peer_id", \.uint64Value),
                state: ReplicaState(rawValue: try shard.required("state", \.stringValue))
            )
        }
        localShards.sort { $0.id < $1.id }
        remoteShards.sort { ($0.id, $0.peerID) < ($1.id, $1.peerID) }
        isMoving = ["shard_transfers", "resharding_operations"].contains { json[$0]?.arrayValue?.isEmpty == false }
        self.json = json
    }
}
