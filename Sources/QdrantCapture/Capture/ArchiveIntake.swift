internal import NIOCore
internal import ResticRepository
internal import TarArchive

/// Takes a whole archive, of one shard or of a collection, into the repository as it streams in.
struct ArchiveIntake {
    /// What kind of archive it is.
    enum Layout {
        /// One shard, its files at the top.
        case shard(UInt32)
        /// A collection: a folder a shard, named by its id, and four files beside them.
        case collection
    }

    /// The files beside the shards of a collection's archive. Their content is in `collection.json` as the API gives it.
    private static let collectionFiles: Set<String> = [
        "config.json", "version.info", "shard_key_mapping.json", "payload_index.json",
    ]

    private let writer: BlobWriter
    private let layout: Layout
    private let label: String
    private var parser = TarParser()
    private var shards: [UInt32: ShardIntake] = [:]
    private var collectionFiles: Set<String> = []
    /// The shard of the current member; `nil` for a file beside the shards.
    private var currentShard: UInt32?

    init(writer: BlobWriter, layout: Layout, label: String) {
        self.writer = writer
        self.layout = layout
        self.label = label
        if case .shard(let id) = layout { shards[id] = ShardIntake(writer: writer, label: label) }
    }

    /// Takes the next bytes of the archive.
    mutating func feed(_ buffer: ByteBuffer) async throws {
        var buffer = buffer
        while let event = try nextEvent(&buffer) {
            switch event {
            case .beginMember(let member): try begin(member)
            case .data, .hole:
                if let id = currentShard { try await shards[id]?.take(event) }
            case .endMember:
                if let id = currentShard { try await shards[id]?.end() }
                currentShard = nil
            case .endOfArchive: break
            }
        }
    }

    /// Ends the archive.
    ///
    /// - Throws: when its end marker did not come, or a shard is not whole.
    mutating func finish() throws -> [UInt32: CollectionCapture.ShardTree] {
        do {
            try parser.finish()
        } catch {
            throw CaptureError(
                .foreignArchive,
                "the archive of \(label) is incomplete: \(error.message)",
                hint: "Did the server stop or run out of space? Nothing was recorded; run the backup again.",
                cause: error
            )
        }
        if case .collection = layout, !collectionFiles.contains("config.json") {
            throw CaptureError(
                .foreignArchive,
                "the archive of \(label) is not a collection snapshot: it lacks config.json"
            )
        }
        return try shards.reduce(into: [:]) { trees, shard in
            try shard.value.checkComplete()
            trees[shard.key] = CollectionCapture.ShardTree(
                id: shard.key,
                files: shard.value.files,
                folders: shard.value.folders
            )
        }
    }

    private mutating func nextEvent(_ buffer: inout ByteBuffer) throws -> TarEvent? {
        do {
            return try parser.nextEvent(from: &buffer)
        } catch {
            throw CaptureError(
                .foreignArchive,
                "the archive of \(label) cannot be read: \(error.message)",
                hint: error.hint,
                cause: error
            )
        }
    }

    private mutating func begin(_ member: TarMember) throws {
        let path = member.path.string
        switch layout {
        case .shard(let id):
            currentShard = id
            try shards[id]?.begin(path, member)
        case .collection:
            if Self.collectionFiles.contains(path) {
                collectionFiles.insert(path)
                currentShard = nil
                return
            }
            let parts = path.split(separator: "/", maxSplits: 1)
            guard let first = parts.first, let id = UInt32(first) else {
                throw CaptureError(
                    .foreignArchive,
                    "the archive of \(label) is not a collection snapshot: it holds '\(path)'"
                )
            }
            if shards[id] == nil { shards[id] = ShardIntake(writer: writer, label: "shard \(id) in \(label)") }
            currentShard = id
            guard parts.count == 2 else {
                currentShard = nil
                return
            }
            try shards[id]?.begin(String(parts[1]), member)
        }
    }
}
