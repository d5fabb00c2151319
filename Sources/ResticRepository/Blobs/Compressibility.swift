/// A quick look at content before it is compressed in full.
///
/// Embeddings, JPEGs and LZ4-packed payloads are the bulk of what this program stores, and compressing them costs four
/// times as much as hashing and encrypting them. Three samples of 8 KiB tell whether it will pay: they cost about 2 % of
/// compressing a chunk of 1 MiB.
enum Compressibility {
    static let sampleLength = 8 << 10
    /// Content shorter than this is compressed without asking: the look would cost as much.
    static let minimumLength = 64 << 10

    /// Whether compressing `content` will save at least 3 %.
    static func isWorthwhile(
        _ content: UnsafeRawBufferPointer,
        compressor: ZstdCompressor,
        mode: CompressionMode,
        scratch: UnsafeMutableRawBufferPointer
    ) -> Bool {
        guard mode == .auto, content.count >= minimumLength else { return true }
        let starts = [0, (content.count - sampleLength) / 2, content.count - sampleLength]
        var compressed = 0
        for start in starts {
            let sample = UnsafeRawBufferPointer(rebasing: content[start..<(start + sampleLength)])
            compressed += compressor.compress(sample, into: scratch) ?? sampleLength
        }
        return compressed * 100 < sampleLength * starts.count * 97
    }
}
