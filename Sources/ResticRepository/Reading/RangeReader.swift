internal import NIOCore
internal import ResticFormat

/// Reads ranges of packs and lends out the blobs in them, in memory that it keeps from one range to the next.
///
/// Verifying and restoring touch every byte that is stored. Fresh memory for each range and each blob would cost them a page
/// fault for every 4 KiB, and a copy of every blob.
final class RangeReader: @unchecked Sendable {
    // Unchecked: belongs to one task, which uses it from one thread after the other, never from two.

    private let repository: IndexedRepository
    private var sealed = ByteBuffer()

    init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Fetches the bytes of a range; what was fetched before is dropped.
    func fetch(_ range: PackRange) async throws {
        try await repository.loadRange(range.bytes, of: range.pack, into: &sealed)
    }

    /// Opens the blobs of the range that was fetched, in order, each decrypted, decompressed and compared with its id.
    ///
    /// - Parameter body: gets the blob's content for as long as it runs.
    func forEachBlob(in range: PackRange, _ body: (ResticID, UnsafeRawBufferPointer) throws -> Void) throws {
        try repository.repository.codecs.withCodec { codec in
            try sealed.withUnsafeMutableReadableBytes { bytes in
                for part in range.parts {
                    let blob = UnsafeMutableRawBufferPointer(rebasing: bytes[range.place(of: part)])
                    try codec.open(blob, id: part.id, uncompressedLength: part.location.uncompressedLength) {
                        try body(part.id, $0)
                    }
                }
            }
        }
    }
}
