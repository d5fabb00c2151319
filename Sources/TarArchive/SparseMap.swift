/// Which parts of a file hold data; the rest are holes, which read as zeros.
///
/// Always canonical: extents are ascending, not empty, neither overlapping nor touching, and end within the file.
public struct SparseMap: Sendable, Hashable {
    /// A run of bytes that are stored, `[offset, offset + length)`.
    public struct Extent: Sendable, Hashable {
        /// Where it begins in the file, in bytes.
        public let offset: Int64
        /// Its length in bytes.
        public let length: Int64

        /// Makes an extent; it is checked when a map is made of it.
        public init(offset: Int64, length: Int64) {
            self.offset = offset
            self.length = length
        }

        /// The first byte behind it. Only for checked extents: the sum does not overflow there.
        public var end: Int64 { offset + length }
    }

    /// The length of the file in bytes, holes included.
    public let size: Int64
    /// The data, in file order.
    public let extents: [Extent]

    /// Checks and normalises a map: empty extents are dropped, touching ones merged.
    ///
    /// - Parameters:
    ///   - size: length of the file in bytes, holes included.
    ///   - extents: the data, ascending.
    ///   - alignment: widens each extent to multiples of so many bytes (the end of the file excepted), so that the map is one
    ///     that tar can carry, which needs 512. The bytes added are part of holes: they read as zeros. 1 changes nothing.
    /// - Throws: ``TarError/Code/invalidSparseMap`` when a number is negative, an extent begins before the end of the one
    ///   before, or ends behind the file.
    public init(size: Int64, extents: some Sequence<Extent>, alignment: Int64 = 1) throws(TarError) {
        precondition(alignment > 0, "an alignment is a positive number of bytes")
        var builder = try SparseMapBuilder(size: size)
        for extent in extents { try builder.append(extent, alignment: alignment) }
        self = builder.map
    }

    /// A file without holes.
    ///
    /// - Throws: ``TarError/Code/invalidSparseMap`` when the size is negative.
    public init(dense size: Int64) throws(TarError) {
        try self.init(size: size, extents: [Extent(offset: 0, length: size)])
    }

    init(size: Int64, canonical extents: [Extent]) {
        self.size = size
        self.extents = extents
    }

    /// The sum of the lengths of all extents, in bytes.
    public var dataSize: Int64 { extents.reduce(0) { $0 + $1.length } }

    /// Whether any byte of the file lies in a hole.
    public var hasHoles: Bool { dataSize != size }

    /// The extents as GNU tar lists them: with an empty one at the end of a file that ends in a hole, because readers take the
    /// end of the last one for the end of the file (Qdrant's insists on it).
    public var listedExtents: [Extent] {
        (extents.last?.end ?? 0) == size ? extents : extents + [Extent(offset: size, length: 0)]
    }

    /// The first extent that tar cannot carry: the stored data of each but the last must fill whole blocks of 512 bytes.
    var misalignedExtent: Extent? { extents.dropLast().first { !$0.length.isMultiple(of: 512) } }
}

/// Takes extents one by one, so that a hostile list is refused at its first wrong entry.
struct SparseMapBuilder {
    private let size: Int64
    private var extents: [SparseMap.Extent] = []
    /// The end of the extent before, as it was given: overlaps that widening makes are no mistake of the caller.
    private(set) var listedEnd: Int64 = 0

    init(size: Int64) throws(TarError) {
        guard size >= 0 else { throw TarError(.invalidSparseMap, "a sparse file has the negative size \(size)") }
        self.size = size
    }

    var map: SparseMap { SparseMap(size: size, canonical: extents) }

    mutating func append(_ extent: SparseMap.Extent, alignment: Int64 = 1) throws(TarError) {
        try check(extent)
        listedEnd = extent.end
        guard extent.length > 0 else { return }
        let start = extent.offset - extent.offset % alignment
        let excess = extent.end % alignment
        let (rounded, overflow) = extent.end.addingReportingOverflow(excess == 0 ? 0 : alignment - excess)
        merge(start, end: overflow ? size : min(rounded, size))
    }

    private func check(_ extent: SparseMap.Extent) throws(TarError) {
        let (end, overflow) = extent.offset.addingReportingOverflow(extent.length)
        guard extent.offset >= 0, extent.length >= 0, !overflow else {
            throw TarError(.invalidSparseMap, "a data extent has offset \(extent.offset) and length \(extent.length)")
        }
        guard extent.offset >= listedEnd else {
            throw TarError(
                .invalidSparseMap,
                "a data extent begins at byte \(extent.offset), before the end of the one before (\(listedEnd))"
            )
        }
        guard end <= size else {
            throw TarError(.invalidSparseMap, "a data extent ends at byte \(end) of a file of \(size) bytes")
        }
    }

    private mutating func merge(_ start: Int64, end: Int64) {
        guard let last = extents.last, last.end >= start else {
            extents.append(SparseMap.Extent(offset: start, length: end - start))
            return
        }
        extents[extents.count - 1] = SparseMap.Extent(offset: last.offset, length: max(last.end, end) - last.offset)
    }
}
