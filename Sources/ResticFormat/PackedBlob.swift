/// What a blob holds.
public enum BlobType: UInt8, Hashable, Sendable, CaseIterable {
    /// A piece of a file's content.
    case data = 0
    /// A directory, as JSON.
    case tree = 1

    /// The name in an index file: `data` or `tree`.
    public var name: String {
        switch self {
        case .data: "data"
        case .tree: "tree"
        }
    }

}

extension BlobType: CustomStringConvertible {
    /// The ``name``.
    public var description: String { name }
}

/// A blob and where it lies in its pack, as pack headers and index files record it.
///
/// Sources: restic doc/design.rst, sections Pack Format and Indexing.
public struct PackedBlob: Hashable, Sendable {
    /// What sealing adds to a blob: a nonce of 16 bytes before it and a MAC of 16 bytes after it.
    public static let sealingOverhead = 32

    /// The SHA-256 hash of the plaintext.
    public var id: ResticID
    /// What the blob holds.
    public var type: BlobType
    /// Where the sealed blob begins in its pack, in bytes.
    public var offset: UInt32
    /// The length of the sealed blob in its pack, in bytes, nonce and MAC included.
    public var length: UInt32
    /// The length of the plaintext in bytes if it is compressed (zstd), else `nil`; never zero.
    public var uncompressedLength: UInt32?

    /// Makes a record; see the properties.
    public init(id: ResticID, type: BlobType, offset: UInt32, length: UInt32, uncompressedLength: UInt32? = nil) {
        self.id = id
        self.type = type
        self.offset = offset
        self.length = length
        self.uncompressedLength = uncompressedLength
    }

    /// Whether the blob is compressed.
    public var isCompressed: Bool { uncompressedLength != nil }

    /// The length of the plaintext in bytes, after decompression.
    public var plaintextLength: Int {
        uncompressedLength.map(Int.init) ?? max(0, Int(length) - Self.sealingOverhead)
    }

    /// Where the sealed blob lies in its pack, in bytes, half open.
    public var range: Range<Int> { Int(offset)..<(Int(offset) + Int(length)) }
}
