internal import Crypto

/// Spreads words and other features over numbers: the first 8 bytes of their SHA-256, big endian.
///
/// The same on every machine and in every process, unlike Swift's own `Hasher`.
enum FeatureHash {
    /// The hash of a feature's UTF-8.
    static func hash(of feature: String) -> UInt64 {
        var hash = SHA256()
        var feature = feature
        feature.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return hash.finalize().withUnsafeBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) }
    }
}
