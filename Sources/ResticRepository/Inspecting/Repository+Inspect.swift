internal import NIOCore
internal import ObjectStorage
internal import ResticCrypto
public import ResticFormat

/// A pack's own table of contents.
public struct PackContents: Sendable, Hashable {
    /// The pack.
    public let id: ResticID
    /// The length of the file in bytes.
    public let byteCount: Int64
    /// The length of the sealed header in bytes, without the four bytes behind it that state it.
    public let headerLength: Int
    /// The blobs in the order in which they lie in the pack.
    public let blobs: [PackedBlob]
}

extension Repository {
    /// Reads and opens the configuration file: its JSON as it is stored.
    public func loadConfigBytes() async throws -> [UInt8] {
        let sealed = try await store.get(FileKind.config, range: nil)
        return try codecs.withCodec { codec in
            try sealed.withUnsafeReadableBytes { try codec.openFile($0, name: "config") }
        }
    }

    /// Reads and opens the header of a pack.
    ///
    /// - Throws: ``RepositoryError/Code/missing``; ``RepositoryError/Code/damaged`` when there is no sound header at the
    ///   end of the file, or it does not describe the file.
    public func packContents(_ id: ResticID) async throws -> PackContents {
        let key = FileKind.pack.key(id)
        guard let length = try await store.byteCount(of: key) else {
            throw RepositoryError(.missing, "pack \(id.short) is not in the repository")
        }
        do {
            let trailer = Int64(PackHeader.trailerLength)
            guard length > trailer else {
                throw ResticFormatError(.truncated, "a pack of \(length) bytes has no header")
            }
            let tail = try await store.get(key, range: length - trailer..<length)
            let sealedLength = try tail.withUnsafeReadableBytes {
                try PackHeader.sealedLength(fromTail: $0, packLength: Int(length))
            }
            let start = length - trailer - Int64(sealedLength)
            let sealed = try await store.get(key, range: start..<length - trailer)
            // Not the codec's way to open a file: the first byte of a header is no mark of an encoding.
            let context = try SealingContext(key: masterKey)
            let header = try sealed.withUnsafeReadableBytes { sealed in
                try [UInt8](unsafeUninitializedCapacity: sealed.count) { output, count in
                    count = try context.open(sealed, into: UnsafeMutableRawBufferPointer(output))
                }
            }
            let blobs = try PackHeader.decode(header, dataLength: Int(start))
            return PackContents(id: id, byteCount: length, headerLength: sealedLength, blobs: blobs)
        } catch let error where error is ResticFormatError || error is ResticCryptoError {
            throw RepositoryError(
                .damaged,
                "the header of pack \(id.short) cannot be read",
                hint: "Run 'holdfast repo check' to see which files it hits.",
                cause: error
            )
        }
    }

    /// Calls `body` with the entries of every index file in turn; entries for one blob may come more than once. One index
    /// file is in memory at a time.
    public func forEachIndexEntry(_ body: (_ index: ResticID, _ pack: IndexPack) async throws -> Void) async throws {
        for id in try await list(.index).sorted() {
            do {
                for pack in try await loadIndexFile(id).packs { try await body(id, pack) }
            } catch let error as RepositoryError where error.code == .missing {
                continue  // Replaced by another between the listing and now.
            }
        }
    }
}
