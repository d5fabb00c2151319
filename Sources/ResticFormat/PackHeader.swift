/// The table of contents at the end of a pack: `blob₁ … blobₙ, sealed header, length of the sealed header`.
///
/// An entry is a type byte (0 data, 1 tree, 2 compressed data, 3 compressed tree), the length of the sealed blob as a
/// little-endian 32-bit number, for compressed blobs the length of the plaintext likewise, and the identifier's 32
/// bytes. Blobs lie one after another from the start of the pack, so offsets are not stored. The trailer is the sealed
/// header's length, 32 bits, little endian.
///
/// Sources: restic doc/design.rst, section Pack Format; limits from restic internal/repository/pack/pack.go.
public enum PackHeader {
    /// The length of the trailer in bytes.
    public static let trailerLength = 4
    /// The length of an entry of an uncompressed blob in bytes.
    public static let plainEntryLength = 1 + 4 + ResticID.byteCount
    /// The length of an entry of a compressed blob in bytes.
    public static let compressedEntryLength = 1 + 4 + 4 + ResticID.byteCount
    /// The greatest length of a sealed header, trailer not included, that restic reads: 16 MiB.
    public static let maximumSealedLength = 16 * 1024 * 1024
    /// The number of entries that fit into any header restic reads, whatever they are.
    public static let maximumEntries = (maximumSealedLength - PackedBlob.sealingOverhead) / compressedEntryLength
    /// The shortest file that can be a pack: a header of one entry, and its trailer.
    public static let minimumPackLength = plainEntryLength + PackedBlob.sealingOverhead + trailerLength

    /// The length of an entry in bytes.
    public static func entryLength(isCompressed: Bool) -> Int {
        isCompressed ? compressedEntryLength : plainEntryLength
    }

    /// The length in bytes of what follows the blobs in their pack: the sealed header and its trailer.
    public static func sealedLengthWithTrailer(of blobs: some Sequence<PackedBlob>) -> Int {
        blobs.reduce(PackedBlob.sealingOverhead + trailerLength) { $0 + entryLength(isCompressed: $1.isCompressed) }
    }

    /// The header of `blobs` before it is sealed.
    ///
    /// The blobs must be in the order in which they lie in the pack, without gaps, from offset 0; anything else would
    /// describe another pack than the one written, and is a programming error.
    public static func encode(_ blobs: [PackedBlob]) -> [UInt8] {
        var header: [UInt8] = []
        header.reserveCapacity(blobs.count * compressedEntryLength)
        var offset: UInt64 = 0
        for blob in blobs {
            precondition(UInt64(blob.offset) == offset, "the blobs of a pack lie one after another")
            precondition(blob.uncompressedLength != 0, "an empty blob is not compressed")
            offset += UInt64(blob.length)
            header.append(blob.type.rawValue | (blob.isCompressed ? 2 : 0))
            append(blob.length, to: &header)
            if let uncompressedLength = blob.uncompressedLength { append(uncompressedLength, to: &header) }
            blob.id.withBytes { header.append(contentsOf: $0) }
        }
        return header
    }

    /// Reads an opened header.
    ///
    /// - Parameters:
    ///   - plaintext: the header after decryption.
    ///   - dataLength: how many bytes of the pack lie before its header, if known; the lengths of the blobs must add up
    ///     to it.
    /// - Returns: the blobs in the order in which they lie in the pack.
    /// - Throws: `truncated` when the last entry is cut; `malformed` for an unknown type, a compressed blob of no
    ///   length or a sum other than `dataLength`; `outOfRange` for a blob shorter than what sealing adds, or a pack
    ///   beyond 32 bits.
    public static func decode(
        _ plaintext: UnsafeRawBufferPointer,
        dataLength: Int? = nil
    ) throws(ResticFormatError) -> [PackedBlob] {
        var blobs: [PackedBlob] = []
        blobs.reserveCapacity(plaintext.count / plainEntryLength)
        var position = 0
        var offset: UInt32 = 0
        while position < plaintext.count {
            let blob = try entry(plaintext, at: position, offset: offset)
            let (end, overflow) = offset.addingReportingOverflow(blob.length)
            guard !overflow else {
                throw ResticFormatError(.outOfRange, "the blobs of a pack header add up to more than 32 bits")
            }
            offset = end
            position += entryLength(isCompressed: blob.isCompressed)
            blobs.append(blob)
        }
        guard dataLength == nil || dataLength == Int(offset) else {
            throw ResticFormatError(.malformed, "the blobs of a pack header do not fill the pack they stand in")
        }
        return blobs
    }

    /// Reads an opened header; see ``decode(_:dataLength:)``.
    public static func decode(_ plaintext: [UInt8], dataLength: Int? = nil) throws(ResticFormatError) -> [PackedBlob] {
        try plaintext.withRawBytes { bytes throws(ResticFormatError) in try decode(bytes, dataLength: dataLength) }
    }

    private static func entry(
        _ bytes: UnsafeRawBufferPointer,
        at position: Int,
        offset: UInt32
    ) throws(ResticFormatError) -> PackedBlob {
        let kind = bytes[position]
        guard kind < 4, let type = BlobType(rawValue: kind & 1) else {
            throw ResticFormatError(.malformed, "a pack header holds an entry of unknown type \(kind)")
        }
        let isCompressed = kind & 2 != 0
        let length = entryLength(isCompressed: isCompressed)
        guard bytes.count - position >= length else {
            throw ResticFormatError(.truncated, "a pack header ends within an entry")
        }
        let sealedLength = number(bytes, at: position + 1)
        let uncompressedLength = isCompressed ? number(bytes, at: position + 5) : nil
        guard sealedLength >= PackedBlob.sealingOverhead else {
            throw ResticFormatError(
                .outOfRange,
                "a pack header holds a blob of \(sealedLength) bytes, less than sealing adds"
            )
        }
        guard uncompressedLength != 0 else {
            throw ResticFormatError(.malformed, "a pack header holds a compressed blob of no length")
        }
        let end = position + length
        let id = ResticID(bytes: UnsafeRawBufferPointer(rebasing: bytes[(end - ResticID.byteCount)..<end]))
        return PackedBlob(
            id: id,
            type: type,
            offset: offset,
            length: sealedLength,
            uncompressedLength: uncompressedLength
        )
    }

    /// The four bytes that end a pack whose sealed header has `sealedLength` bytes.
    public static func encodeTrailer(sealedLength: UInt32) -> [UInt8] {
        var trailer: [UInt8] = []
        append(sealedLength, to: &trailer)
        return trailer
    }

    /// Reads the trailer of a pack of `packLength` bytes.
    ///
    /// - Parameters:
    ///   - tail: the end of the pack, at least its last four bytes.
    ///   - packLength: the length of the whole pack in bytes.
    /// - Returns: the length of the sealed header in bytes; it ends where the trailer begins.
    /// - Throws: `truncated` when there are not four bytes or the file is too short to be a pack; `outOfRange` when the
    ///   length is less than sealing adds, more than the pack has, or more than restic reads.
    public static func sealedLength(
        fromTail tail: UnsafeRawBufferPointer,
        packLength: Int
    ) throws(ResticFormatError) -> Int {
        guard tail.count >= trailerLength, packLength >= minimumPackLength else {
            throw ResticFormatError(.truncated, "a file of \(packLength) bytes is too short for a pack")
        }
        let length = Int(number(tail, at: tail.count - trailerLength))
        guard length >= PackedBlob.sealingOverhead, length <= maximumSealedLength, length <= packLength - trailerLength
        else {
            throw ResticFormatError(.outOfRange, "a pack of \(packLength) bytes claims a header of \(length) bytes")
        }
        return length
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
