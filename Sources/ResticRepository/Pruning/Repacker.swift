internal import NIOCore
internal import ObjectStorage
internal import ResticFormat

/// Copies what is needed of some packs into new ones: as it is stored, without compressing or sealing it again, after every blob
/// has been opened and compared with its id.
///
/// Memory: two packs that fill and one range a processor.
struct Repacker {
    private let repository: Repository
    private let packLength: Int
    private let indexBuilder = IndexBuilder()
    private var builders: [BlobType: PackBuilder] = [:]
    /// What was stored.
    private(set) var packs: [(id: ResticID, byteCount: Int64)] = []
    /// The index files that name it.
    private(set) var indexFiles: [(id: ResticID, packs: [IndexPack])] = []
    /// Bytes of blobs copied.
    private(set) var copiedBytes: Int64 = 0
    /// Packs that cannot be copied from, and why.
    private(set) var failures: [ResticID: String] = [:]
    private let index: BlobIndex
    private let indexed: IndexedRepository

    /// A blob to be copied.
    struct Item: Sendable {
        let part: PackRange.Part
        let type: BlobType
    }

    init(_ repository: IndexedRepository, packLength: Int) {
        self.repository = repository.repository
        self.indexed = repository
        self.index = repository.index
        self.packLength = packLength
    }

    /// Copies blobs.
    mutating func copy(_ items: [Item], onRead: @Sendable (Int64) -> Void) async throws {
        for type in BlobType.allCases {
            let ranges = PackRange.plan(items.lazy.filter { $0.type == type }.map(\.part))
            try await copy(ranges, type, onRead: onRead)
        }
    }

    private mutating func copy(_ ranges: [PackRange], _ type: BlobType, onRead: @Sendable (Int64) -> Void) async throws
    {
        let indexed = self.indexed
        try await withThrowingTaskGroup(of: (PackRange, Result<ByteBuffer, any Error>).self) { group in
            var rest = ranges.makeIterator()
            func start() {
                guard let range = rest.next() else { return }
                group.addTask {
                    do {
                        return (range, .success(try await Self.load(range, in: indexed)))
                    } catch let error as CancellationError {
                        throw error
                    } catch let error as RepositoryError {
                        return (range, .failure(error))
                    }
                }
            }
            for _ in 0..<CPUCount.available + 1 { start() }
            while let (range, outcome) = try await group.next() {
                start()
                onRead(Int64(range.bytes.count))
                switch outcome {
                case .failure(let error):
                    failures[range.pack] = (error as? RepositoryError)?.message ?? "\(error)"
                case .success(let buffer):
                    try await append(buffer, of: range, type)
                }
            }
        }
    }

    /// Reads a range and makes sure of every blob in it.
    private static func load(_ range: PackRange, in repository: IndexedRepository) async throws -> ByteBuffer {
        let buffer = try await repository.loadRange(range.bytes, of: range.pack)
        for part in range.parts {
            // Opening happens in place: on a copy, since what is stored goes on as it is.
            var sealed = ByteBuffer()
            sealed.writeImmutableBuffer(try slice(of: part, in: range, buffer))
            _ = try repository.open(&sealed, id: part.id, uncompressedLength: part.location.uncompressedLength)
        }
        return buffer
    }

    private static func slice(of part: PackRange.Part, in range: PackRange, _ buffer: ByteBuffer) throws -> ByteBuffer {
        let offset = Int(Int64(part.location.offset) - range.bytes.lowerBound)
        guard let slice = buffer.getSlice(at: buffer.readerIndex + offset, length: Int(part.location.length)) else {
            throw RepositoryError(.damaged, "pack \(range.pack.short) gave fewer bytes than were asked for")
        }
        return slice
    }

    private mutating func append(_ buffer: ByteBuffer, of range: PackRange, _ type: BlobType) async throws {
        for part in range.parts {
            let builder = builders[type] ?? PackBuilder()
            builders[type] = builder
            let sealed = try Self.slice(of: part, in: range, buffer)
            sealed.withUnsafeReadableBytes { bytes in
                builder.append(
                    BlobCodec.Sealed(bytes: bytes, uncompressedLength: part.location.uncompressedLength),
                    id: part.id,
                    type: type
                )
            }
            copiedBytes += Int64(part.location.length)
            if builder.body.readableBytes >= packLength { try await store(builder) }
        }
    }

    private mutating func store(_ builder: PackBuilder) async throws {
        guard !builder.isEmpty else { return }
        let id = try builder.close(with: repository.masterKey)
        try await repository.store.put(builder.body, at: FileKind.pack.key(id), policy: .contentNamed)
        packs.append((id, Int64(builder.body.readableBytes)))
        let blobs = builder.blobs
        builder.reset()
        index.insert(blobs, pack: id)
        try await saveIndex(indexBuilder.add(IndexPack(id: id, blobs: blobs)))
    }

    private mutating func saveIndex(_ packs: [IndexPack]?) async throws {
        guard let packs else { return }
        indexFiles.append((try await repository.save(.index, IndexFile(packs: packs).encode()), packs))
    }

    /// Stores what is not full yet, and the index. Only now may anybody do without the packs that were copied from.
    mutating func finish() async throws {
        for builder in builders.values { try await store(builder) }
        try await saveIndex(indexBuilder.takeRest())
    }
}
