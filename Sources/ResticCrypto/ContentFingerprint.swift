internal import CLibcrypto

/// A fingerprint of content that is good for one run of a program: Poly1305 under a random key that is never stored.
///
/// It answers "are these the bytes that I had before?" as surely as a hash does, at a sixth of the cost. Poly1305 is a
/// universal hash: for any two different contents of L bytes, chosen by anybody who does not know the key, at most
/// 8⌈L/16⌉ of 2^106 keys give both the same fingerprint (D. J. Bernstein, The Poly1305-AES message-authentication code, 2005,
/// Theorem 3.3): one in 2^84 for 8 MiB. Fingerprints must not leave the process, since they would tell about the key.
public struct ContentFingerprint: Sendable, Hashable {
    private let words: (UInt64, UInt64)

    init(_ bytes: UnsafeRawBufferPointer) {
        words = (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// The key of one run: fingerprints under different keys are unrelated.
    public struct Key: Sendable {
        fileprivate let bytes: [UInt8]

        /// Draws a key.
        ///
        /// - Throws: `libraryFailure` when the system has no randomness to give.
        public init() throws(ResticCryptoError) {
            bytes = try withWipedBytes(count: 32) { key throws(ResticCryptoError) in
                try Libcrypto.fillRandom(key)
                return Array(key)
            }
        }
    }
}

/// Computes fingerprints of content that comes in pieces. Not `Sendable`: one for each worker.
public final class ContentFingerprinter {
    private let key: ContentFingerprint.Key
    private let mac: OpaquePointer
    private var isStarted = false

    /// Makes a fingerprinter that has seen nothing yet.
    ///
    /// - Throws: `libraryFailure` when libcrypto lacks Poly1305 or memory.
    public init(key: ContentFingerprint.Key) throws(ResticCryptoError) {
        guard let mac = EVP_MAC_CTX_new(try Libcrypto.algorithms().poly1305) else {
            throw Libcrypto.failure("make a MAC context")
        }
        self.key = key
        self.mac = mac
    }

    deinit {
        EVP_MAC_CTX_free(mac)
    }

    /// Forgets the pieces so far.
    public func reset() {
        isStarted = false
    }

    /// Takes the next piece.
    ///
    /// - Throws: `libraryFailure`.
    public func update(_ bytes: UnsafeRawBufferPointer) throws(ResticCryptoError) {
        try start()
        guard !bytes.isEmpty else { return }
        try Libcrypto.check(EVP_MAC_update(mac, bytes.bytePointer, bytes.count), "compute a fingerprint")
    }

    /// The fingerprint of all pieces since the last call; then starts over.
    ///
    /// - Throws: `libraryFailure`.
    public func finalize() throws(ResticCryptoError) -> ContentFingerprint {
        try start()
        isStarted = false
        return try withWipedBytes(count: 16) { output throws(ResticCryptoError) in
            var length = 0
            try Libcrypto.check(EVP_MAC_final(mac, output.bytePointer, &length, 16), "finish a fingerprint")
            return ContentFingerprint(UnsafeRawBufferPointer(output))
        }
    }

    private func start() throws(ResticCryptoError) {
        guard !isStarted else { return }
        let result = key.bytes.withUnsafeBytes { EVP_MAC_init(mac, $0.bytePointer, $0.count, nil) }
        try Libcrypto.check(result, "start a fingerprint")
        isStarted = true
    }
}
