public import NIOCore
internal import QdrantClient
internal import ResticFormat
internal import ResticRepository
internal import TarArchive

/// A collection snapshot as a Qdrant server makes it, built from what is stored: what its calls `snapshots/upload` and
/// `snapshots/recover` take.
///
/// The layout is that of Qdrant 0.11 to 1.19 (`docs/operating/export.md`): a folder for each shard, in it an archive for each segment,
/// and four files beside them. `config.json`, `payload_index.json` and `shard_key_mapping.json` are made from what the API told at
/// the capture; `config.json` lacks the collection's uuid, which the API does not tell and for which a server that restores takes
/// a new one. Aliases are in no collection snapshot.
public struct CollectionSnapshotArchive: Sendable {
    /// The format of collections, in every release from 1.9 to 1.19.
    private static let collectionFormat = "0.4.2"

    private enum Item: Sendable {
        case bytes(TarMember, [UInt8])
        case stored(ShardArchive.Item)
        /// An archive in the archive.
        case nested(TarMember, [ShardArchive.Item])

        var member: TarMember {
            switch self {
            case .bytes(let member, _), .nested(let member, _): member
            case .stored(let item): item.member
            }
        }
    }

    private let repository: IndexedRepository
    private let items: [Item]
    /// The length of the whole archive in bytes.
    public let byteCount: Int64

    /// Plans the archive: reads the trees, and looks up every blob, so that what is missing shows before anything is written.
    ///
    /// - Throws: ``CaptureError`` and `RepositoryError` when something of the collection is missing or damaged.
    public init(of collection: StoredCollection) async throws {
        let manifest = collection.manifest
        var items: [Item] = []
        for (id, shard) in try await collection.archives().sorted(by: { $0.key < $1.key }) {
            items += try Self.items(of: shard, in: "\(id)")
        }
        items += try [
            Self.file("version.info", Array(Self.collectionFormat.utf8)),
            Self.file("config.json", .object(manifest.info.config)),
            Self.file("shard_key_mapping.json", Self.keyMapping(manifest)),
            Self.file("payload_index.json", ["schema": .object(Self.payloadSchema(manifest))]),
        ]
        repository = collection.repository
        self.items = items
        byteCount = try TarEncoder().archiveSize(of: items.map(\.member))
    }

    // MARK: Planning

    /// In the order in which Qdrant writes them.
    private static let order = [
        "segments_manifest.json", "segments", "newest_clocks.json", "oldest_clocks.json", "wal", "applied_seq.json",
        "replica_state.json", "shard_config.json",
    ]

    private static func items(of shard: ShardArchive, in folder: String) throws -> [Item] {
        var segments: [String: [ShardArchive.Item]] = [:]
        var rest: [(rank: Int, item: Item)] = []
        for item in shard.items {
            let parts = item.member.path.string.split(separator: "/").map(String.init)
            if parts.count >= 3, parts[0] == "segments" {
                let inner = (["snapshot"] + parts.dropFirst(2)).joined(separator: "/")
                segments[parts[1], default: []].append(try item.renamed(inner))
            } else {
                let rank = order.firstIndex(of: parts.first ?? "") ?? order.count
                rest.append((rank, .stored(try item.renamed("\(folder)/\(item.member.path.string)"))))
            }
        }
        for (segment, inner) in segments.sorted(by: { $0.key < $1.key }) {
            let member = TarMember(
                path: try TarPath("\(folder)/segments/\(segment).tar"),
                content: .file(size: try TarEncoder().archiveSize(of: inner.map(\.member)))
            )
            rest.append((1, .nested(member, inner)))
        }
        return rest.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element.item)
    }

    private static func file(_ path: String, _ bytes: [UInt8]) throws -> Item {
        .bytes(TarMember(path: try TarPath(path), content: .file(size: Int64(bytes.count))), bytes)
    }

    private static func file(_ path: String, _ json: JSONValue) throws -> Item {
        try file(path, Array(try json.written().readableBytesView))
    }

    /// `[{"key": …, "shard_ids": […]}]`; empty unless the collection is custom-sharded.
    private static func keyMapping(_ manifest: CollectionManifest) -> JSONValue {
        .array(
            manifest.shardKeys.map { key in
                let ids = manifest.shards.filter { $0.key == key }.map { JSONValue.number(UInt64($0.id)) }
                return ["key": key.json, "shard_ids": .array(ids)]
            }
        )
    }

    private static func payloadSchema(_ manifest: CollectionManifest) -> JSONObject {
        var schema = JSONObject()
        for field in manifest.info.payloadSchema { schema[field.field] = field.creationSchema }
        return schema
    }
}

extension CollectionSnapshotArchive {
    /// Gives out the archive, piece by piece. A few pieces of 4 MiB at most are in memory.
    ///
    /// - Throws: `RepositoryError` for damage, which ends the archive in the middle; what `output` throws.
    public func write(_ output: (ByteBuffer) async throws -> Void) async throws {
        func send(_ buffer: ByteBuffer) async throws {
            if buffer.readableBytes > 0 { try await output(buffer) }
        }
        var writer = TarWriter()
        for item in items {
            try Task.checkCancellation()
            try await send(writer.begin(item.member))
            switch item {
            case .bytes(_, let bytes):
                try await send(writer.data(ByteBuffer(bytes: bytes)))
            case .stored(let stored):
                for try await buffer in repository.content(of: stored.blobs) { try await send(writer.data(buffer)) }
            case .nested(_, let inner):
                var nested = TarWriter()
                for stored in inner {
                    try await send(writer.data(nested.begin(stored.member)))
                    for try await buffer in repository.content(of: stored.blobs) {
                        try await send(writer.data(nested.data(buffer)))
                    }
                    try await send(writer.data(nested.endMember()))
                }
                try await send(writer.data(nested.finish()))
            }
            try await send(writer.endMember())
        }
        try await send(writer.finish())
    }
}

extension ShardArchive.Item {
    fileprivate func renamed(_ path: String) throws -> Self {
        var member = member
        member.path = try TarPath(path)
        return Self(member: member, blobs: blobs)
    }
}
