public import NIOCore
internal import ObjectStorage
public import ResticFormat

extension IndexedRepository {
    /// Reads one blob: fetched, decrypted, decompressed and compared with its id.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` when the index does not know it or its pack is gone;
    ///   ``RepositoryError/Code/damaged``.
    public func load(_ id: ResticID, _ type: BlobType) async throws -> ByteBuffer {
        guard let location = location(of: id, type) else { throw missing(id, type) }
        let range = Int64(location.offset)..<Int64(location.offset) + Int64(location.length)
        return try await againIfDamaged {
            var sealed = try await loadRange(range, of: location.pack)
            return try open(&sealed, id: id, uncompressedLength: location.uncompressedLength)
        }
    }

    /// Reads a tree.
    public func loadTree(_ id: ResticID) async throws -> Tree {
        let bytes = try await load(id, .tree)
        do {
            return try bytes.withUnsafeReadableBytes { try Tree.decode($0) }
        } catch {
            throw RepositoryError(.damaged, "tree \(id.short) cannot be read", cause: error)
        }
    }

    /// Decrypts in the memory of `sealed`.
    func open(_ sealed: inout ByteBuffer, id: ResticID, uncompressedLength: UInt32?) throws -> ByteBuffer {
        try repository.codecs.withCodec { codec in
            try sealed.withUnsafeMutableReadableBytes {
                try codec.open($0, id: id, uncompressedLength: uncompressedLength)
            }
        }
    }

    func loadRange(_ range: Range<Int64>, of pack: ResticID) async throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try await loadRange(range, of: pack, into: &buffer)
        return buffer
    }

    /// Fetches a part of a pack into memory that is kept; see `ObjectStore`.
    func loadRange(_ range: Range<Int64>, of pack: ResticID, into buffer: inout ByteBuffer) async throws {
        do {
            try await repository.store.get(FileKind.pack.key(pack), range: range, into: &buffer)
        } catch let error as ObjectStoreError where error.code == .notFound {
            throw RepositoryError(
                .missing,
                "pack \(pack.short) is not in the repository",
                hint: "Restore the file from a copy of the repository, or run 'holdfast repo repair index'.",
                cause: error
            )
        } catch let error as ObjectStoreError where error.code == .rangeNotSatisfiable {
            throw RepositoryError(
                .damaged,
                "pack \(pack.short) is shorter than the index says",
                hint: "Restore the file from a copy of the repository.",
                cause: error
            )
        }
        // No store may give less than it was asked for. Should one do it, that is an error here and not a trap further on.
        guard buffer.readableBytes == range.count else {
            throw RepositoryError(
                .damaged,
                "pack \(pack.short) gave \(buffer.readableBytes) bytes instead of \(range.count)",
                hint:
                    "Run the command again; if it fails in the same way, restore the file from a copy of the repository."
            )
        }
    }

    func missing(_ id: ResticID, _ type: BlobType) -> RepositoryError {
        RepositoryError(
            .missing,
            "\(type) blob \(id.short) is in no index of the repository",
            hint:
                "Run 'holdfast repo repair index', then verify again; when it is still missing, restore its pack from a copy."
        )
    }
}
