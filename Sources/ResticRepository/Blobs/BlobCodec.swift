internal import CZstd
internal import Locks
internal import NIOCore
internal import ResticCrypto
internal import ResticFormat

/// Everything that one worker needs to turn content into a sealed blob and back, allocated once: cipher contexts, zstd
/// contexts and scratch memory. One task uses a codec at a time.
final class BlobCodec: @unchecked Sendable {
    // Unchecked: `CodecPool` hands a codec to one user at a time.

    private let key: MasterKey
    private let mode: CompressionMode
    private let canCompress: Bool
    private let sealing: SealingContext
    private lazy var dataCompressor = ZstdCompressor(mode.effort)
    private lazy var quickCompressor = ZstdCompressor(.entropy(acceleration: 7))
    private lazy var treeCompressor = ZstdCompressor(.level(3))
    private lazy var decompressor = ZstdDecompressor()
    private var scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 64)

    init(key: MasterKey, formatVersion: Int, mode: CompressionMode) throws {
        self.key = key
        self.mode = mode
        self.canCompress = formatVersion >= 2
        self.sealing = try SealingContext(key: key)
    }

    deinit {
        scratch.deallocate()
    }

    /// A sealed blob, valid until the codec is used again.
    struct Sealed {
        let bytes: UnsafeRawBufferPointer
        let uncompressedLength: UInt32?
    }

    /// Compresses when it is worth it, then encrypts and authenticates.
    func seal(_ content: UnsafeRawBufferPointer, type: BlobType) throws -> Sealed {
        let room = content.count + SealingContext.overhead
        reserve(room)
        // Compressed content goes where the ciphertext will be, so that sealing happens in place; it has to save something.
        let body = UnsafeMutableRawBufferPointer(rebasing: scratch[16..<(16 + content.count)])
        if let compressed = compress(content, type: type, into: body) {
            let length = try sealing.seal(UnsafeRawBufferPointer(rebasing: body[..<compressed]), into: scratch)
            return Sealed(
                bytes: UnsafeRawBufferPointer(rebasing: scratch[..<length]),
                uncompressedLength: UInt32(content.count)
            )
        }
        let length = try sealing.seal(content, into: scratch)
        return Sealed(bytes: UnsafeRawBufferPointer(rebasing: scratch[..<length]), uncompressedLength: nil)
    }

    /// Encrypts and authenticates what is in its stored form already.
    func seal(_ stored: UnsafeRawBufferPointer, uncompressedLength: UInt32?) throws -> Sealed {
        reserve(stored.count + SealingContext.overhead)
        let length = try sealing.seal(stored, into: scratch)
        return Sealed(
            bytes: UnsafeRawBufferPointer(rebasing: scratch[..<length]),
            uncompressedLength: uncompressedLength
        )
    }

    /// Decrypts a blob, checks that it is the one asked for, and returns it compressed as it was stored.
    ///
    /// - Parameter sealed: overwritten by the decrypted bytes.
    func openCompressed(_ sealed: UnsafeMutableRawBufferPointer, id: ResticID, uncompressedLength: UInt32) throws
        -> ByteBuffer
    {
        let stored = try openSealed(sealed, id: id)
        let room = Int(uncompressedLength)
        reserve(room)
        let output = UnsafeMutableRawBufferPointer(rebasing: scratch[..<room])
        try decompress(stored, id: id, into: output)
        return ByteBuffer(bytes: stored)
    }

    /// Decrypts and decompresses a blob, checks that it is the one asked for, and lends its content to `body`.
    ///
    /// - Parameters:
    ///   - sealed: overwritten by the decrypted bytes.
    ///   - body: gets the content, which lies in the memory of `sealed` or of the codec, for as long as it runs.
    func open<Value>(
        _ sealed: UnsafeMutableRawBufferPointer,
        id: ResticID,
        uncompressedLength: UInt32?,
        _ body: (UnsafeRawBufferPointer) throws -> Value
    ) throws -> Value {
        let plain = try openSealed(sealed, id: id)
        guard let uncompressedLength else {
            try check(plain, is: id)
            return try body(plain)
        }
        let room = Int(uncompressedLength)
        reserve(room)
        defer { giveBackExcess() }
        let output = UnsafeMutableRawBufferPointer(rebasing: scratch[..<room])
        try decompress(plain, id: id, into: output)
        return try body(UnsafeRawBufferPointer(output))
    }

    /// As ``open(_:id:uncompressedLength:_:)``, with the content in memory of its own.
    func open(_ sealed: UnsafeMutableRawBufferPointer, id: ResticID, uncompressedLength: UInt32?) throws -> ByteBuffer {
        let plain = try openSealed(sealed, id: id)
        guard let uncompressedLength else {
            try check(plain, is: id)
            return ByteBuffer(bytes: plain)
        }
        let room = Int(uncompressedLength)
        // Before room is made: the length comes from an index, and 4 GiB are quickly claimed.
        guard room <= ZstdDecompressor.mostContent(of: plain.count) else {
            throw RepositoryError(.damaged, "blob \(id.short) cannot decompress to \(room) bytes")
        }
        var content = ByteBuffer()
        try content.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            try decompress(plain, id: id, into: UnsafeMutableRawBufferPointer(rebasing: output[..<room]))
            return room
        }
        return content
    }

    /// Authenticates and decrypts in place: the content takes the bytes of the ciphertext, behind the nonce.
    private func openSealed(_ sealed: UnsafeMutableRawBufferPointer, id: ResticID) throws -> UnsafeRawBufferPointer {
        guard sealed.count >= SealingContext.overhead else {
            throw RepositoryError(.damaged, "blob \(id.short) is only \(sealed.count) bytes long")
        }
        let body = UnsafeMutableRawBufferPointer(rebasing: sealed[16..<(sealed.count - 16)])
        do {
            _ = try sealing.open(UnsafeRawBufferPointer(sealed), into: body)
        } catch {
            throw RepositoryError(.damaged, "blob \(id.short) fails its authentication", cause: error)
        }
        return UnsafeRawBufferPointer(body)
    }

    private func decompress(_ plain: UnsafeRawBufferPointer, id: ResticID, into output: UnsafeMutableRawBufferPointer)
        throws
    {
        guard decompressor.decompress(plain, into: output) == output.count else {
            throw RepositoryError(.damaged, "blob \(id.short) does not decompress to \(output.count) bytes")
        }
        try check(UnsafeRawBufferPointer(output), is: id)
    }

    /// Seals a whole file that is not a pack; in format version 2 its content is marked and compressed
    /// (restic `doc/design.rst`, *Unpacked Data Format*).
    func sealFile(_ content: [UInt8], isConfig: Bool) throws -> [UInt8] {
        var plain = content
        if canCompress, !isConfig {
            plain = [UInt8](unsafeUninitializedCapacity: ZstdCompressor.bound(content.count) + 1) { output, count in
                output[0] = 2
                let room = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: output[1...]))
                count = 1 + (content.withUnsafeBytes { treeCompressor.compress($0, into: room) } ?? 0)
            }
        }
        return try [UInt8](unsafeUninitializedCapacity: plain.count + SealingContext.overhead) { output, count in
            count = try plain.withUnsafeBytes { try sealing.seal($0, into: UnsafeMutableRawBufferPointer(output)) }
        }
    }

    /// Opens a whole file that is not a pack.
    func openFile(_ sealed: UnsafeRawBufferPointer, name: String) throws -> [UInt8] {
        let plain: [UInt8]
        do {
            plain = try [UInt8](unsafeUninitializedCapacity: max(sealed.count, 1)) { output, count in
                count = try sealing.open(sealed, into: UnsafeMutableRawBufferPointer(output))
            }
        } catch {
            throw RepositoryError(.damaged, "\(name) fails its authentication", cause: error)
        }
        guard let mark = plain.first, canCompress, mark != UInt8(ascii: "{"), mark != UInt8(ascii: "[") else {
            return plain
        }
        guard mark == 2 else {
            throw RepositoryError(
                .unsupportedVersion,
                "\(name) has encoding \(mark); this program knows JSON and 2 (zstd)",
                hint: "Was it written by a newer version of restic? Update Holdfast."
            )
        }
        return try plain.withUnsafeBytes { try inflate(UnsafeRawBufferPointer(rebasing: $0[1...]), name: name) }
    }

    /// The longest content of a compressed file that is accepted, in bytes: an index of restic's largest size is far below.
    static let maximumFileLength: UInt64 = 1 << 30

    private func inflate(_ frame: UnsafeRawBufferPointer, name: String) throws -> [UInt8] {
        // Go's encoder leaves the length out of small frames; then the room grows until the content fits.
        let stated = ZstdDecompressor.statedLength(of: frame)
        let most = min(Self.maximumFileLength, UInt64(ZstdDecompressor.mostContent(of: frame.count)))
        var room = stated ?? min(UInt64(frame.count) * 8 + 1024, most)
        while room <= most {
            var written: Int?
            let content = [UInt8](unsafeUninitializedCapacity: Int(room)) { output, count in
                written = decompressor.decompress(frame, into: UnsafeMutableRawBufferPointer(output))
                count = written ?? 0
            }
            if written != nil { return content }
            if stated != nil || room == most { break }
            room = min(room * 4, most)
        }
        throw RepositoryError(.damaged, "\(name) does not decompress")
    }

    private func compress(
        _ content: UnsafeRawBufferPointer,
        type: BlobType,
        into output: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard canCompress, !content.isEmpty else { return nil }
        switch type {
        case .tree:
            return treeCompressor.compress(content, into: output)
        case .data:
            guard let compressor = dataCompressor(for: content, scratch: output),
                let length = compressor.compress(content, into: output), length < content.count - content.count / 64
            else { return nil }
            return length
        }
    }

    /// - Returns: `nil` for data that is not to be compressed.
    private func dataCompressor(
        for content: UnsafeRawBufferPointer,
        scratch: UnsafeMutableRawBufferPointer
    ) -> ZstdCompressor? {
        switch mode {
        case .off: return nil
        case .max: return dataCompressor
        case .auto:
            switch Compressibility(of: content, compressor: quickCompressor, scratch: scratch) {
            case .none: return nil
            case .low: return quickCompressor
            case .high: return dataCompressor
            }
        }
    }

    private func check(_ content: UnsafeRawBufferPointer, is id: ResticID) throws {
        let found = ContentHash.id(of: content)
        guard found == id else {
            throw RepositoryError(.damaged, "blob \(id.short) holds the content of \(found.short)")
        }
    }

    private func reserve(_ count: Int) {
        guard scratch.count < count else { return }
        scratch.deallocate()
        scratch = .allocate(byteCount: (count + 0xffff) & ~0xffff, alignment: 64)
    }

    /// Enough for any chunk of restic's (8 MiB) or of ours.
    private static let keptScratch = (8 << 20) + (64 << 10)

    /// What a single huge blob took is not kept for ever.
    private func giveBackExcess() {
        guard scratch.count > Self.keptScratch else { return }
        scratch.deallocate()
        scratch = .allocate(byteCount: 64 << 10, alignment: 64)
    }
}

/// Hands out codecs: one a concurrent user, kept for the next.
final class CodecPool: Sendable {
    private let idle = Mutex<[BlobCodec]>([])
    private let key: MasterKey
    private let formatVersion: Int
    private let mode: CompressionMode

    init(key: MasterKey, formatVersion: Int, mode: CompressionMode) {
        self.key = key
        self.formatVersion = formatVersion
        self.mode = mode
    }

    /// Runs synchronous work with a codec of its own.
    func withCodec<Value>(_ body: (BlobCodec) throws -> Value) throws -> Value {
        let codec = try idle.withLock { $0.popLast() } ?? BlobCodec(key: key, formatVersion: formatVersion, mode: mode)
        defer { idle.withLock { $0.append(codec) } }
        return try body(codec)
    }
}
