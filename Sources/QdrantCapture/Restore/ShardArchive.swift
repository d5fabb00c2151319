internal import NIOCore
internal import QdrantClient
internal import ResticFormat
internal import ResticRepository
internal import TarArchive

/// The archive of a stored shard, made again from its tree while it is sent: Qdrant's streamable form, holes left out.
struct ShardArchive: Sendable {
    /// A member and where its data comes from.
    struct Item: Sendable {
        let member: TarMember
        let blobs: [ResticID]
    }

    let repository: IndexedRepository
    let items: [Item]
    /// The length of the whole archive in bytes.
    let byteCount: Int64

    /// Plans the archive: reads the trees, and looks up every blob, so that what is missing shows before anything is sent.
    init(of tree: ResticID, in repository: IndexedRepository) async throws {
        var items: [Item] = []
        try await repository.walk(tree) { entry in
            switch entry.node.type {
            case .dir:
                // Folders of segments exist by their files; `wal` may be empty and must be there.
                if entry.path.bytes == Array("wal".utf8) {
                    items.append(
                        Item(member: TarMember(path: try TarPath("wal"), content: .directory, mode: 0o755), blobs: [])
                    )
                }
                return true
            case .file:
                items.append(try await Self.item(entry, in: repository))
                return false
            default:
                throw CaptureError(
                    .foreignArchive,
                    "the stored shard holds '\(entry.path)', which is neither file nor folder"
                )
            }
        }
        self.repository = repository
        self.items = items
        byteCount = try TarEncoder().archiveSize(of: items.map(\.member))
    }

    private static func item(_ entry: TreeEntry, in repository: IndexedRepository) async throws -> Item {
        let size = Int64(clamping: entry.node.size)
        let extents = try await repository.extents(of: entry.node.content ?? [], size: size)
        let data = extents.filter { !$0.isHole }
        let map = try SparseMap(
            size: size,
            extents: data.map { SparseMap.Extent(offset: $0.offset, length: $0.length) }
        )
        return Item(
            member: TarMember(path: try TarPath(bytes: entry.path.bytes), content: .sparseFile(map)),
            blobs: data.flatMap(\.blobs)
        )
    }
}

extension ShardArchive: AsyncSequence {
    typealias Element = ByteBuffer

    func makeAsyncIterator() -> Iterator { Iterator(archive: self) }

    struct Iterator: AsyncIteratorProtocol {
        private let archive: ShardArchive
        private var writer = TarWriter()
        private var next = 0
        private var content: BlobSequence.AsyncIterator?
        private var isFinished = false

        init(archive: ShardArchive) {
            self.archive = archive
        }

        mutating func next() async throws -> ByteBuffer? {
            while true {
                if var content {
                    let buffer = try await content.next()
                    self.content = content
                    if let buffer { return try writer.data(buffer) }
                    self.content = nil
                    let padding = try writer.endMember()
                    if padding.readableBytes > 0 { return padding }
                } else if next < archive.items.count {
                    let item = archive.items[next]
                    next += 1
                    content = archive.repository.content(of: item.blobs).makeAsyncIterator()
                    return try writer.begin(item.member)
                } else if !isFinished {
                    isFinished = true
                    return try writer.finish()
                } else {
                    return nil
                }
            }
        }
    }
}
