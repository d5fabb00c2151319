internal import NIOCore
internal import ResticFormat

/// A blob on its way from one repository into another: checked against its id, opened, and still compressed where both keep
/// it so, since compressing again would cost most of the time of a copy and gain nothing.
struct TransferBlob: Sendable {
    let id: ResticID
    let type: BlobType
    /// The content, compressed when `uncompressedLength` says so.
    let body: ByteBuffer
    let uncompressedLength: UInt32?
    /// Whether it is stored as it is, rather than compressed where that pays.
    let keepsForm: Bool
}

extension IndexedRepository {
    /// Reads the blobs of a range for another repository.
    ///
    /// - Throws: ``RepositoryError/Code/damaged`` and ``RepositoryError/Code/missing`` for what cannot be had.
    func readForTransfer(_ range: PackRange, _ type: BlobType, to version: Int) async throws -> [TransferBlob] {
        let buffer = try await loadRange(range.bytes, of: range.pack)
        let source = repository.config.version
        return try range.parts.map { part in
            let offset = Int(Int64(part.location.offset) - range.bytes.lowerBound)
            guard let slice = buffer.getSlice(at: buffer.readerIndex + offset, length: Int(part.location.length)) else {
                throw RepositoryError(.damaged, "pack \(range.pack.short) gave fewer bytes than were asked for")
            }
            // A copy of its own: decryption happens in place, and the slice shares its memory with the others.
            var sealed = ByteBuffer()
            sealed.writeImmutableBuffer(slice)
            guard version >= 2, let length = part.location.uncompressedLength else {
                let body = try open(&sealed, id: part.id, uncompressedLength: part.location.uncompressedLength)
                // What format 2 left uncompressed did not pay; format 1 never tried.
                let keepsForm = version < 2 || (source >= 2 && type == .data)
                return TransferBlob(id: part.id, type: type, body: body, uncompressedLength: nil, keepsForm: keepsForm)
            }
            let body = try repository.codecs.withCodec { codec in
                try sealed.withUnsafeMutableReadableBytes {
                    try codec.openCompressed($0, id: part.id, uncompressedLength: length)
                }
            }
            return TransferBlob(id: part.id, type: type, body: body, uncompressedLength: length, keepsForm: true)
        }
    }
}

extension BlobWriter {
    /// Stores a blob of another repository, unless it is stored already.
    func store(_ blob: TransferBlob) async throws {
        try await jobs.send(Job(payload: .transfer(blob), type: blob.type, id: blob.id, assembly: nil, place: 0))
    }
}
