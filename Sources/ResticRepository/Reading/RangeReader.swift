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
    /// How many blobs of the range have been lent out.
    private var position = 0
    /// Whether a blob of the range was damaged as it came, and the range is to be fetched once more.
    private(set) var wantsAgain = false
    private var isSecond = false

    init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Fetches the bytes of a range; what was fetched before is dropped. When the reader ``wantsAgain``, it must be the same range.
    func fetch(_ range: PackRange) async throws {
        isSecond = wantsAgain
        if !isSecond { position = 0 }
        wantsAgain = false
        try await againIfDamaged { try await repository.loadRange(range.bytes, of: range.pack, into: &sealed) }
    }

    /// Opens the blobs of the range that was fetched, in order, each decrypted, decompressed and compared with its id.
    ///
    /// What is damaged may have been damaged on its way. Then the reader ``wantsAgain``: fetch the range once more, call this
    /// again, and it goes on where it stopped. What is damaged a second time is thrown.
    ///
    /// - Parameter body: gets the blob's content for as long as it runs.
    func forEachBlob(in range: PackRange, _ body: (ResticID, UnsafeRawBufferPointer) throws -> Void) throws {
        try repository.repository.codecs.withCodec { codec in
            try sealed.withUnsafeMutableReadableBytes { bytes in
                while position < range.parts.count {
                    let part = range.parts[position]
                    let blob = UnsafeMutableRawBufferPointer(rebasing: bytes[range.place(of: part)])
                    var isOpen = false
                    do {
                        try codec.open(blob, id: part.id, uncompressedLength: part.location.uncompressedLength) {
                            isOpen = true
                            try body(part.id, $0)
                        }
                    } catch let error as RepositoryError where error.code == .damaged && !isOpen && !isSecond {
                        wantsAgain = true
                        return
                    }
                    position += 1
                }
            }
        }
    }
}
