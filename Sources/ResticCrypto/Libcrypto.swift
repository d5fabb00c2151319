internal import CLibcrypto

/// The algorithms of libcrypto, looked up once: a look-up by name takes locks and longer than sealing a small blob.
///
/// Unchecked, because pointers are not `Sendable`: fetched algorithms are never changed, counted by reference, and held
/// for the life of the process; OpenSSL lets any thread use them (crypto(7), section Thread Support).
struct Libcrypto: @unchecked Sendable {
    let aes256CTR: OpaquePointer
    let aes128ECB: OpaquePointer
    let poly1305: OpaquePointer
    let sha256: OpaquePointer

    private static let fetched: Libcrypto? = {
        guard let aes256CTR = EVP_CIPHER_fetch(nil, "AES-256-CTR", nil),
            let aes128ECB = EVP_CIPHER_fetch(nil, "AES-128-ECB", nil),
            let poly1305 = EVP_MAC_fetch(nil, "POLY1305", nil),
            let sha256 = EVP_MD_fetch(nil, "SHA256", nil)
        else { return nil }
        return Libcrypto(aes256CTR: aes256CTR, aes128ECB: aes128ECB, poly1305: poly1305, sha256: sha256)
    }()

    /// The algorithms.
    ///
    /// - Throws: `libraryFailure` when libcrypto lacks one, as where it is confined to what FIPS 140 allows.
    static func algorithms() throws(ResticCryptoError) -> Libcrypto {
        guard let fetched else {
            throw ResticCryptoError(
                .libraryFailure,
                "libcrypto lacks AES, Poly1305 or SHA-256",
                hint:
                    "Is OpenSSL confined to its FIPS provider? The repository format needs Poly1305 from the default provider."
            )
        }
        return fetched
    }

    /// Turns libcrypto's 1 and 0 into nothing and an error.
    static func check(_ result: Int32, _ operation: StaticString) throws(ResticCryptoError) {
        guard result == 1 else { throw failure(operation) }
    }

    static func failure(_ operation: StaticString) -> ResticCryptoError {
        // What libcrypto noted of the failure stays queued for this thread otherwise, and turns up as somebody else's.
        let code = ERR_get_error()
        ERR_clear_error()
        return ResticCryptoError(.libraryFailure, "libcrypto failed to \(operation) (error \(String(code, radix: 16)))")
    }

    /// Fills `buffer` with random bytes that nobody can predict.
    static func fillRandom(_ buffer: UnsafeMutableRawBufferPointer) throws(ResticCryptoError) {
        try check(
            RAND_bytes(buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), Int32(buffer.count)),
            "make random bytes"
        )
    }
}
