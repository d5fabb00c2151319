/// The list of extents as old GNU tar stores it: four in the header, then 21 in each extension block.
///
/// An extent is two numeric fields of 12 bytes, offset and length; an unused one is all NUL. Byte 482 of the header and byte
/// 504 of an extension block tell whether (another) extension block follows.
/// Source: GNU tar manual, "Old GNU Format"; GNU tar `src/sparse.c`, `oldgnu_get_sparse_info`.
enum SparseHeader {
    static let extentByteCount = 24
    static let extentsInHeader = 4
    static let extentsInExtension = 21
    static let extensionFollows = 504

    /// How many extension blocks a list of so many extents needs.
    static func extensionCount(extents: Int) -> Int {
        (max(0, extents - extentsInHeader) + extentsInExtension - 1) / extentsInExtension
    }

    /// Writes extents into the slots from `start` on; the slots must be enough.
    static func put(_ extents: some Collection<SparseMap.Extent>, into block: inout HeaderBlock, at start: Int)
        throws(TarError)
    {
        var position = start
        for extent in extents {
            try block.setNumber(extent.offset, in: position..<(position + 12), name: "offset of an extent")
            try block.setNumber(extent.length, in: (position + 12)..<(position + 24), name: "length of an extent")
            position += extentByteCount
        }
    }
}

/// Collects the extents of a sparse member from its header and extension blocks.
struct SparseHeaderReader {
    private let storedSize: Int64
    private let realSize: Int64
    private let limit: Int
    private var builder: SparseMapBuilder
    private var count = 0
    private var dataSize: Int64 = 0

    /// Begins with the header itself.
    init(_ header: HeaderBlock, storedSize: Int64, limit: Int) throws(TarError) {
        self.storedSize = storedSize
        self.limit = limit
        realSize = try header.required(HeaderBlock.Field.realSize, "real size")
        builder = try SparseMapBuilder(size: realSize)
        let field = HeaderBlock.Field.sparseExtents
        isComplete = try !take(header, slots: field, flagAt: HeaderBlock.Field.sparseExtensionFollows)
    }

    /// Whether no extension block is to come.
    private(set) var isComplete = false

    /// Takes the next extension block.
    mutating func append(_ block: HeaderBlock) throws(TarError) {
        let slots = 0..<(SparseHeader.extentsInExtension * SparseHeader.extentByteCount)
        isComplete = try !take(block, slots: slots, flagAt: SparseHeader.extensionFollows)
    }

    /// The map, once all blocks were taken.
    func finish() throws(TarError) -> SparseMap {
        guard builder.listedEnd == realSize else {
            throw Self.error("the extents end at byte \(builder.listedEnd) of a file of \(realSize) bytes")
        }
        guard dataSize == storedSize else {
            throw Self.error("the extents hold \(dataSize) bytes, but \(storedSize) are stored")
        }
        return builder.map
    }

    /// - Returns: whether an extension block follows.
    private mutating func take(_ block: HeaderBlock, slots: Range<Int>, flagAt flag: Int) throws(TarError) -> Bool {
        var sawUnused = false
        for start in stride(from: slots.lowerBound, to: slots.upperBound, by: SparseHeader.extentByteCount) {
            let slot = start..<(start + SparseHeader.extentByteCount)
            if block.bytes[slot].allSatisfy({ $0 == 0 }) {
                sawUnused = true
                continue
            }
            // GNU tar stops at an unused slot, Qdrant's reader skips it: what follows would mean two different files.
            guard !sawUnused else { throw Self.error("an extent follows an unused slot of the sparse map") }
            try take(block, slot: slot)
        }
        guard block.bytes[flag] <= 1 else { throw Self.error("the flag of the sparse map is \(block.bytes[flag])") }
        let follows = block.bytes[flag] == 1
        guard !(follows && sawUnused) else { throw Self.error("the sparse map goes on behind an unused slot") }
        return follows
    }

    private mutating func take(_ block: HeaderBlock, slot: Range<Int>) throws(TarError) {
        let middle = slot.lowerBound + 12
        let offset = try block.required(slot.lowerBound..<middle, "offset of an extent")
        let length = try block.required(middle..<slot.upperBound, "length of an extent")
        count += 1
        guard count <= limit else {
            throw TarError(
                .limitExceeded,
                "a sparse file has more than \(limit) extents",
                hint: "Raise the limit if the archive is known to be good."
            )
        }
        // Readers differ on whether data of an odd length is padded before the next extent; Qdrant's refuses it.
        guard length == 0 || dataSize.isMultiple(of: 512) else {
            throw Self.error("an extent follows one whose data does not fill whole blocks")
        }
        try builder.append(SparseMap.Extent(offset: offset, length: length))
        dataSize += length
    }

    private static func error(_ message: String) -> TarError {
        TarError(
            .invalidSparseMap,
            message,
            hint: "The archive was damaged, or made by a program that Qdrant cannot read either."
        )
    }
}
