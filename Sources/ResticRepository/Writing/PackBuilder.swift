internal import NIOCore
internal import ResticCrypto
internal import ResticFormat

/// One pack file while it fills: sealed blobs one after another, then the sealed header and its length
/// (restic `doc/design.rst`, *Pack Format*). The memory is kept for the next pack.
final class PackBuilder: @unchecked Sendable {
    // Unchecked: owned by the packer under its lock, then by one uploader; never by two.

    /// Packs are closed when they reach this size: restic's default.
    static let targetLength = 16 << 20

    private var memory: ByteBuffer
    /// The file so far, from index 0 of the buffer on, though it begins somewhere in its memory.
    var body: ByteBuffer { memory.slice() }
    private(set) var blobs: [PackedBlob] = []

    init() {
        memory = ByteBuffer()
        memory.reserveCapacity(Self.targetLength + (6 << 20))
        alignBody()
    }

    /// Lets the pack begin at the start of a page: a local store can then write it without a copy.
    private func alignBody() {
        let page = 4096
        let address = memory.withVeryUnsafeMutableBytes { Int(bitPattern: $0.baseAddress) }
        let padding = (page - address % page) % page
        memory.moveWriterIndex(to: padding)
        memory.moveReaderIndex(to: padding)
    }

    var isFull: Bool { memory.readableBytes >= Self.targetLength }
    var isEmpty: Bool { blobs.isEmpty }

    func append(_ sealed: BlobCodec.Sealed, id: ResticID, type: BlobType) {
        blobs.append(
            PackedBlob(
                id: id,
                type: type,
                offset: UInt32(memory.readableBytes),
                length: UInt32(sealed.bytes.count),
                uncompressedLength: sealed.uncompressedLength
            )
        )
        memory.writeBytes(sealed.bytes)
    }

    /// Writes the header; nothing can be appended any more.
    ///
    /// - Returns: the id, which is the hash of the whole file.
    func close(with key: MasterKey) throws -> ResticID {
        let header = PackHeader.encode(blobs)
        let sealed = try [UInt8](unsafeUninitializedCapacity: header.count + SealingContext.overhead) { output, count in
            let context = try SealingContext(key: key)
            count = try header.withUnsafeBytes { try context.seal($0, into: UnsafeMutableRawBufferPointer(output)) }
        }
        memory.writeBytes(sealed)
        memory.writeInteger(UInt32(sealed.count), endianness: .little)
        return memory.withUnsafeReadableBytes { ContentHash.id(of: $0) }
    }

    /// Empties the builder for its next pack.
    func reset() {
        memory.clear(minimumCapacity: Self.targetLength + (6 << 20))
        alignBody()
        blobs.removeAll(keepingCapacity: true)
    }
}
