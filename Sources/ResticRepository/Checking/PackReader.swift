internal import NIOCore
internal import ObjectStorage
internal import ResticCrypto
internal import ResticFormat

/// Reads one pack from end to end, once and in pieces, and proves every part of it: the hash of the whole, the header, each
/// blob. What checking all data and salvaging a damaged pack have in common.
///
/// Memory: one piece, and one blob with its content.
struct PackReader: Sendable {
    /// What a pack turned out to be.
    struct Outcome: Sendable {
        /// Bytes that were read.
        var bytesRead: Int64 = 0
        /// Blobs that are good.
        var goodBlobs = 0
        /// What is wrong with the pack as a whole.
        var problems: [String] = []
        /// Blobs that cannot be had, and why.
        var bad: [(blob: PackedBlob, reason: String)] = []
        /// The blobs that the pack's own header lists, when it can be read.
        var header: [PackedBlob]?
        /// The pack is not there.
        var isMissing = false

        var isIntact: Bool { problems.isEmpty && bad.isEmpty && !isMissing }
    }

    /// How much is fetched at once, in bytes.
    static let pieceLength: Int64 = 4 << 20
    /// The longest blob that is read, in bytes; restic's are below 8 MiB but for the trees of very large folders.
    private static let longestBlob: UInt32 = 1 << 30
    /// What follows the blobs at the most.
    private static let longestTail = PackHeader.maximumSealedLength + PackHeader.trailerLength

    let repository: Repository
    let pack: ResticID
    let length: Int64
    /// Called with bytes as they are read.
    var onRead: @Sendable (Int64) -> Void = { _ in }

    /// Reads the pack.
    ///
    /// - Parameters:
    ///   - blobs: what it should hold, by offset.
    ///   - onBlob: takes each good blob.
    /// - Throws: `CancellationError`, failures of the whole store, and what `onBlob` throws.
    func read(
        _ blobs: [PackedBlob],
        onBlob: ((PackedBlob, ByteBuffer) async throws -> Void)? = nil
    ) async throws -> Outcome {
        var outcome = Outcome()
        var window = Window()
        var rest = blobs[...]
        do {
            while let blob = rest.first {
                if let reason = obstacle(to: blob, behind: window.start) {
                    outcome.bad.append((blob, reason))
                } else {
                    try await fill(&window, upTo: Int64(blob.offset) + Int64(blob.length), &outcome)
                    try await take(blob, window.slice(blob), &outcome, onBlob)
                    window.drop(upTo: Int64(blob.offset) + Int64(blob.length))
                }
                rest.removeFirst()
            }
            try await finish(&window, blobs, &outcome)
        } catch let error as ObjectStoreError where error.code == .notFound {
            outcome.isMissing = true
        } catch let error as ObjectStoreError where !error.concernsWholeStore {
            outcome.problems.append("it cannot be read to its end: \(error.message)")
            // A bad sector takes its neighbours with it, not the whole pack: each remaining blob gets a request of its own.
            for blob in rest { try await readAlone(blob, &outcome, onBlob) }
        }
        return outcome
    }

    private func obstacle(to blob: PackedBlob, behind start: Int64) -> String? {
        if Int64(blob.offset) < start { return "the index places it over another blob" }
        if Int64(blob.offset) + Int64(blob.length) > length { return "it lies behind the end of the pack" }
        if blob.length > Self.longestBlob { return "its length of \(blob.length) bytes cannot be right" }
        return nil
    }

    private func take(
        _ blob: PackedBlob,
        _ sealed: ByteBuffer?,
        _ outcome: inout Outcome,
        _ onBlob: ((PackedBlob, ByteBuffer) async throws -> Void)?
    ) async throws {
        guard let sealed else { return outcome.bad.append((blob, "fewer bytes came than were asked for")) }
        let content: ByteBuffer
        do {
            content = try open(sealed, blob)
        } catch {
            return outcome.bad.append((blob, describeFailure(error)))
        }
        outcome.goodBlobs += 1
        try await onBlob?(blob, content)
    }

    private func open(_ sealed: ByteBuffer, _ blob: PackedBlob) throws -> ByteBuffer {
        // A copy of its own: decryption happens in place.
        var copy = ByteBuffer()
        copy.writeImmutableBuffer(sealed)
        return try repository.codecs.withCodec { codec in
            try copy.withUnsafeMutableReadableBytes {
                try codec.open($0, id: blob.id, uncompressedLength: blob.uncompressedLength)
            }
        }
    }

    private func fill(_ window: inout Window, upTo end: Int64, _ outcome: inout Outcome) async throws {
        while window.end < end {
            let piece = try await fetch(window.end..<min(length, window.end + Self.pieceLength))
            window.append(piece)
            outcome.bytesRead += Int64(piece.readableBytes)
        }
    }

    private func fetch(_ range: Range<Int64>) async throws -> ByteBuffer {
        let piece = try await repository.store.get(FileKind.pack.key(pack), range: range)
        guard piece.readableBytes == range.count else {
            throw ObjectStoreError(.corrupted, "pack \(pack.short) gave fewer bytes than were asked for")
        }
        onRead(Int64(piece.readableBytes))
        return piece
    }

    /// Reads what follows the blobs, and compares the header and the hash.
    private func finish(_ window: inout Window, _ blobs: [PackedBlob], _ outcome: inout Outcome) async throws {
        while window.end < length {
            try await fill(&window, upTo: min(length, window.end + Self.pieceLength), &outcome)
            window.drop(upTo: window.end - Int64(Self.longestTail))
        }
        let found = window.hash()
        if found != pack { outcome.problems.append("its content has the hash \(found.short), not its name's") }
        do {
            let header = try repository.openHeader(window.bytes, packLength: length)
            outcome.header = header
            // What is in the pack and not in the index harms nobody.
            let unknown = Set(blobs).subtracting(header)
            if !unknown.isEmpty {
                outcome.problems.append(
                    "its header knows nothing of \(unknown.count) blob(s) that the index places in it"
                )
            }
        } catch {
            outcome.problems.append("its header cannot be read: \(describeFailure(error))")
        }
    }

    private func readAlone(
        _ blob: PackedBlob,
        _ outcome: inout Outcome,
        _ onBlob: ((PackedBlob, ByteBuffer) async throws -> Void)?
    ) async throws {
        if let reason = obstacle(to: blob, behind: 0) { return outcome.bad.append((blob, reason)) }
        let range = Int64(blob.offset)..<Int64(blob.offset) + Int64(blob.length)
        let result = try await Repository.capturing {
            try await repository.store.get(FileKind.pack.key(pack), range: range)
        }
        switch result {
        case .success(let sealed): try await take(blob, sealed, &outcome, onBlob)
        case .failure(let error): outcome.bad.append((blob, describeFailure(error)))
        }
    }
}

/// The bytes of a pack that have been fetched and are still needed, and the hash of all that came.
private struct Window {
    private(set) var bytes = ByteBuffer()
    /// Where in the pack the kept bytes begin and end.
    private(set) var start: Int64 = 0
    private(set) var end: Int64 = 0
    private let hasher = ContentHasher()

    mutating func append(_ piece: ByteBuffer) {
        piece.withUnsafeReadableBytes { hasher.update($0) }
        bytes.discardReadBytes()
        bytes.writeImmutableBuffer(piece)
        end += Int64(piece.readableBytes)
    }

    func slice(_ blob: PackedBlob) -> ByteBuffer? {
        bytes.getSlice(at: bytes.readerIndex + Int(Int64(blob.offset) - start), length: Int(blob.length))
    }

    mutating func drop(upTo position: Int64) {
        guard position > start else { return }
        bytes.moveReaderIndex(forwardBy: Int(position - start))
        start = position
    }

    func hash() -> ResticID { hasher.finalize() }
}

extension Repository {
    /// Reads the header of a pack: two small requests.
    ///
    /// - Throws: ``RepositoryError/Code/damaged`` when there is none that can be read; failures of the store.
    func loadHeader(of pack: ResticID, packLength: Int64) async throws -> [PackedBlob] {
        // Enough for the header of a pack of usual size, so that most need one request.
        var tail = min(packLength, 64 << 10)
        while true {
            let bytes = try await store.get(FileKind.pack.key(pack), range: packLength - tail..<packLength)
            let needed: Int64
            do {
                needed =
                    try bytes.withUnsafeReadableBytes {
                        Int64(try PackHeader.sealedLength(fromTail: $0, packLength: Int(packLength)))
                    } + Int64(PackHeader.trailerLength)
            } catch {
                throw RepositoryError(.damaged, "pack \(pack.short) has no header", cause: error)
            }
            if needed <= tail { return try openHeader(bytes, packLength: packLength) }
            tail = needed
        }
    }

    /// Opens the header at the end of `tail`, which is the end of a pack.
    func openHeader(_ tail: ByteBuffer, packLength: Int64) throws -> [PackedBlob] {
        try tail.withUnsafeReadableBytes { bytes in
            let length = try PackHeader.sealedLength(fromTail: bytes, packLength: Int(packLength))
            let end = bytes.count - PackHeader.trailerLength
            guard end >= length else {
                throw RepositoryError(.damaged, "the header reaches into bytes that the index gives to blobs")
            }
            let context = try SealingContext(key: masterKey)
            let plain = try [UInt8](unsafeUninitializedCapacity: length) { output, count in
                count = try context.open(
                    UnsafeRawBufferPointer(rebasing: bytes[end - length..<end]),
                    into: UnsafeMutableRawBufferPointer(output)
                )
            }
            return try PackHeader.decode(plain, dataLength: Int(packLength) - PackHeader.trailerLength - length)
        }
    }
}
