internal import Chunking
internal import Crypto
public import ResticFormat

/// A repository whose index is loaded: blobs can be read, and new ones written.
public final class IndexedRepository: Sendable {
    /// The repository below.
    public let repository: Repository
    let index: BlobIndex
    let zeroBlobs = ZeroBlobs()

    init(repository: Repository, index: BlobIndex) {
        self.repository = repository
        self.index = index
    }

    /// How many blobs are stored.
    public var blobCount: Int { index.count }

    /// Where a blob lies, or `nil` when it is not in the index.
    public func location(of id: ResticID, _ type: BlobType) -> BlobLocation? {
        index.location(of: id, type)
    }

    /// The gear table of this repository: HKDF-SHA256 of the chunker polynomial, so that repositories that share the
    /// polynomial cut alike, and chunk sizes tell nothing to someone who cannot open the configuration (decision 0004).
    var gearTable: GearTable {
        let secret = SymmetricKey(
            data: withUnsafeBytes(of: repository.config.chunkerPolynomial.bigEndian) { Array($0) }
        )
        let derived = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret,
            info: Array("holdfast gear table 1".utf8),
            outputByteCount: 256 * 8
        )
        return derived.withUnsafeBytes { bytes in
            GearTable(
                words: (0..<256).map { UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
            )
        }
    }
}
