public import ResticFormat

/// A stretch of a stored file: data to be read from blobs, or a hole.
public struct FileExtent: Sendable, Hashable {
    /// Where the stretch begins, in bytes.
    public let offset: Int64
    /// How long it is, in bytes.
    public let length: Int64
    /// The blobs of its content; empty for a hole.
    public let blobs: [ResticID]

    /// Whether the stretch is all zeros.
    public var isHole: Bool { blobs.isEmpty }
}

extension IndexedRepository {
    /// Splits a file into data and holes by what its blobs hold, adjacent stretches of a kind merged.
    ///
    /// - Throws: ``RepositoryError/Code/missing`` for a blob that is in no index; ``RepositoryError/Code/damaged`` when the
    ///   lengths of the blobs do not add up to `size`.
    public func extents(of blobs: [ResticID], size: Int64) async throws -> [FileExtent] {
        var extents: [FileExtent] = []
        var offset: Int64 = 0
        var stretch: (offset: Int64, blobs: [ResticID], isZero: Bool) = (0, [], false)
        func close() {
            guard offset > stretch.offset else { return }
            extents.append(
                FileExtent(
                    offset: stretch.offset,
                    length: offset - stretch.offset,
                    blobs: stretch.isZero ? [] : stretch.blobs
                )
            )
        }
        for id in blobs {
            guard let location = location(of: id, .data) else { throw missing(id, .data) }
            let length = Int64(location.contentLength)
            // Only whole blocks make a hole: GNU tar and Qdrant's reader want data to begin and end at multiples of 512.
            let isWholeBlocks = offset % 4096 == 0 && (length % 4096 == 0 || offset + length == size)
            let isZero = isWholeBlocks ? try await zeroBlobs.contains(id, at: location, in: self) : false
            if isZero != stretch.isZero || offset == 0 {
                close()
                stretch = (offset, [], isZero)
            }
            if !isZero { stretch.blobs.append(id) }
            offset += length
        }
        close()
        guard offset == size else {
            throw RepositoryError(.damaged, "a file's blobs hold \(offset) bytes, its node says \(size)")
        }
        return extents
    }
}
