/// Whose snapshots are meant.
public enum SnapshotOwner: Sendable, Hashable, CustomStringConvertible {
    /// A collection: those of its shards that are on the node asked.
    case collection(String)
    /// One shard, local to the node asked.
    case shard(UInt32, collection: String)
    /// All collections and aliases of the node. Such a snapshot can only be restored when a server starts.
    case storage

    /// What is meant, as part of a sentence.
    public var description: String {
        switch self {
        case .collection(let name): "collection '\(name)'"
        case .shard(let id, let collection): "shard \(id) of collection '\(collection)'"
        case .storage: "the whole storage"
        }
    }

    var path: [String] {
        switch self {
        case .collection(let name): ["collections", name]
        case .shard(let id, let collection): ["collections", collection, "shards", String(id)]
        case .storage: []
        }
    }
}

/// What a snapshot can be restored into while the server runs.
public enum RestoreTarget: Sendable, Hashable, CustomStringConvertible {
    /// A collection; made when it does not exist.
    case collection(String)
    /// One shard, local to the node asked. Collection and shard must exist, and nothing but the caller checks that the
    /// archive fits the collection's configuration.
    case shard(UInt32, collection: String)

    /// What is meant, as part of a sentence.
    public var description: String { owner.description }

    var owner: SnapshotOwner {
        switch self {
        case .collection(let name): .collection(name)
        case .shard(let id, let collection): .shard(id, collection: collection)
        }
    }

    var object: QdrantObject {
        switch self {
        case .collection(let name): .collection(name)
        case .shard(let id, let collection): .shard(id, collection: collection)
        }
    }
}

/// A stored snapshot, as a listing shows it.
public struct SnapshotDescription: Sendable, Hashable {
    /// The file name, `{collection}-{peer id}-{YYYY-MM-DD-HH-MM-SS}.snapshot`.
    public var name: String
    /// When it was made: UTC, `2026-01-31T09:05:00` without a zone; `nil` where the file system has no birth time.
    public var creationTime: String?
    /// The length in bytes.
    public var byteCount: UInt64
    /// SHA-256 of the whole file, 64 hexadecimal digits; `nil` for uploaded files, and always on S3 storage.
    public var checksum: String?

    /// Makes a description.
    public init(name: String, creationTime: String?, byteCount: UInt64, checksum: String?) {
        self.name = name
        self.creationTime = creationTime
        self.byteCount = byteCount
        self.checksum = checksum
    }

    init(_ json: JSONObject) throws(JSONError) {
        self.init(
            name: try json.required("name", \.stringValue),
            creationTime: try json.optional("creation_time", \.stringValue),
            byteCount: try json.required("size", \.uint64Value),
            checksum: try json.optional("checksum", \.stringValue)
        )
    }
}

/// Whose data wins when other replicas of a restored shard are active. Without any it makes no difference.
public enum SnapshotPriority: String, Sendable, Hashable {
    /// The snapshot's: other replicas are dropped or synchronised anew. This client always says which is meant, because
    /// servers up to 1.9 took ``replica`` when nothing was said, which ends with an empty collection.
    case snapshot
    /// The other replicas': ours is overwritten from them.
    case replica
    /// Nobody's: every node is being restored by hand.
    case noSync = "no_sync"
}

/// An archive on its way from the server.
public struct ArchiveDownload: Sendable {
    /// The length of the whole archive in bytes, where the server says so: not for streamed archives or S3 storage.
    public var byteCount: Int64?
    /// The offset of the first byte of ``body`` in the archive.
    public var offset: Int64
    /// The file name that the server suggests.
    public var fileName: String?
    /// What tells this content from another of the same name; give it back when resuming.
    public var entityTag: String?
    /// The bytes.
    public var body: ArchiveBody
}

/// Where the server itself fetches an archive to restore.
public struct SnapshotLocation: Sendable, Hashable {
    /// `http(s)://…`; for collections also `file:///…` inside the server's snapshots directory, for shards the plain name
    /// of a stored snapshot.
    public var location: String
    /// The key that the server sends when it fetches from another Qdrant.
    public var apiKey: Secret?

    /// Makes a location.
    public init(_ location: String, apiKey: Secret? = nil) {
        self.location = location
        self.apiKey = apiKey
    }
}
