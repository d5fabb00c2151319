/// The sizes between which content-defined chunks fall.
public struct ChunkParameters: Hashable, Sendable {
    /// No chunk is shorter, except the last one of a file and one that a run of zeros ends. In bytes.
    public let minimum: Int
    /// The size at which the rule for a boundary is relaxed; most chunks come out near it. In bytes.
    public let normal: Int
    /// No chunk is longer. In bytes.
    public let maximum: Int
    /// How many bits of the hash must be zero for a boundary before ``normal``.
    let strictBits: Int
    /// The same after ``normal``.
    let relaxedBits: Int

    /// The sizes that the repository writes: 256 KiB, 1 MiB, 4 MiB.
    ///
    /// `restic` uses 512 KiB to 8 MiB around 1 MiB. The smaller minimum makes the parts of a segment file that changed cheaper;
    /// the smaller maximum bounds the memory of the pipeline. `restic` reads blobs of any size.
    public static let standard = ChunkParameters(minimum: 256 << 10, normal: 1 << 20, maximum: 4 << 20)

    /// Makes parameters.
    ///
    /// - Precondition: 64 ≤ `minimum` < `normal` < `maximum`, and `normal` is at least 1 024.
    public init(minimum: Int, normal: Int, maximum: Int) {
        precondition(minimum >= GearTable.window && minimum < normal && normal < maximum && normal >= 1024)
        self.minimum = minimum
        self.normal = normal
        self.maximum = maximum
        // FastCDC's normalised chunking, level 1: one bit more before the normal size, one bit less after it. The expected
        // distance from the minimum to the boundary is what lies between minimum and normal, not normal itself.
        let bits = (normal - minimum / 2).bitWidth - (normal - minimum / 2).leadingZeroBitCount - 1
        self.strictBits = bits + 1
        self.relaxedBits = bits - 1
    }

    var strictMask: UInt64 { Self.mask(strictBits) }
    var relaxedMask: UInt64 { Self.mask(relaxedBits) }

    /// The top bits: those are the ones that all 64 bytes of the window have influenced.
    private static func mask(_ bits: Int) -> UInt64 {
        ~UInt64(0) << UInt64(64 - bits)
    }
}
