internal import Crypto
internal import QdrantClient

extension UniqueID {
    /// The UUID of version 5 of a name: the first 16 bytes of SHA-1 over the namespace's bytes and the name's UTF-8, with
    /// version and variant bits set (RFC 9562, section 5.5).
    init(name: String, in namespace: UniqueID) {
        var hash = Insecure.SHA1()
        hash.update(data: (namespace.high.bigEndianBytes + namespace.low.bigEndianBytes) + Array(name.utf8))
        let digest = Array(hash.finalize())
        self.init(
            high: UInt64(bigEndianBytes: digest[0..<8]) & ~0xF000 | 0x5000,
            low: UInt64(bigEndianBytes: digest[8..<16]) & ~(0b11 << 62) | 0b10 << 62
        )
    }
}

extension UInt64 {
    init(bigEndianBytes bytes: ArraySlice<UInt8>) {
        self = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    var bigEndianBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) }
    }
}
