internal import NIOCore
internal import ResticCrypto
internal import ResticFormat

/// One pack file while it fills: sealed blobs one after another, then the sealed header and its length
/// (restic `doc/design.rst`, *Pack Format*). The memory is kept for the next pack.
final class PackBuilder: @unchecked Sendable {
    // Unchecked: owned by the packer under its lock, then by one uploader; never by two.

    /// Packs are closed when they reach this size: restic's default.
    static let targetLength = 16 << 20

    private(set) var body: ByteBuffer
    private(set) var blobs: [PackedBlob] = []

    init() {
        body = ByteBuffer()
        body.reserveCapacity(Self.targetLength + (6 << 20))
        alignBody()
    }

    /// Lets the pack begin at the start of a page: a local store can then write it without a copy.
    private func alignBody() {
        let page = 4096
        let address = body.withVeryUnsafeMutableBytes { Int(bitPattern: $0.baseAddress) }
        let padding = (page - address % page) % page
        body.moveWriterIndex(to: padding)
        body.moveReaderIndex(to: padding)
    }

    var isFull: Bool { body.readableBytes >= Self.targetLength }
    var isEmpty: Bool { blobs.isEmpty }

    func append(_ sealed: BlobCodec.Sealed, id: ResticID, type: BlobType) {
        blobs.append(
            PackedBlob(
                id: id,
                type: type,
                offset: UInt32(body.readableBytes),
                length: UInt32(sealed.bytes.count),
                uncompressedLength: sealed.uncompressedLength
            )
        )
        body.writeBytes(sealed.bytes)
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
        body.writeBytes(sealed)
        body.writeInteger(UInt32(sealed.count), endianness: .little)
        return body.withUnsafeReadableBytes { ContentHash.id(of: $0) }
    }

    /// Empties the builder for its next pack.
    func reset() {
        body.clear(minimumCapacity: Self.targetLength + (6 << 20))
        alignBody()
        blobs.removeAll(keepingCapacity: true)
    }
}
