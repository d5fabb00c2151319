/// A quick look at content before it is compressed in full.
///
/// Embeddings, JPEGs and LZ4-packed payloads are the bulk of what this program stores. Three samples of 8 KiB tell what can be
/// had; they cost about 2 % of compressing a chunk of 1 MiB. The figures behind the limits are in decision 0013.
enum Compressibility: Sendable, Hashable {
    /// Nothing worth having: media, archives, noise.
    case none
    /// A little, which the cheapest way of compressing finds as well: vectors gain 8 %, packed payloads a third.
    case low
    /// Much: text, tables, indexes.
    case high

    static let sampleLength = 8 << 10
    /// Content shorter than this is compressed without asking: the look would cost as much.
    static let minimumLength = 64 << 10
    /// How little must be left of the samples to call the content compressible at all, in per cent.
    private static let lowLimit = 97
    /// How little must be left for more effort to pay. Text comes out near 50, packed payloads near 70.
    private static let highLimit = 60

    /// Judges content.
    ///
    /// - Parameter compressor: what would compress content of ``low`` compressibility.
    init(
        of content: UnsafeRawBufferPointer,
        compressor: ZstdCompressor,
        scratch: UnsafeMutableRawBufferPointer
    ) {
        guard content.count >= Self.minimumLength else {
            self = .high
            return
        }
        let starts = [0, (content.count - Self.sampleLength) / 2, content.count - Self.sampleLength]
        var compressed = 0
        for start in starts {
            let sample = UnsafeRawBufferPointer(rebasing: content[start..<(start + Self.sampleLength)])
            compressed += compressor.compress(sample, into: scratch) ?? Self.sampleLength
        }
        switch compressed * 100 / (Self.sampleLength * starts.count) {
        case ..<Self.highLimit: self = .high
        case ..<Self.lowLimit: self = .low
        default: self = .none
        }
    }
}
