internal import CLibcrypto
internal import Crypto
internal import Foundation

/// The 128-bit key of one file, which everything in it hangs on. swift-crypto wipes its memory.
///
/// Source: C2SP age.md, sections File key, Header MAC and Payload.
struct AgeFileKey: Sendable {
    static let length = 16
    static let tagLength = 16

    let key: SymmetricKey

    /// A new random key.
    init() {
        key = SymmetricKey(size: .bits128)
    }

    init(key: SymmetricKey) {
        self.key = key
    }

    func headerMAC(of bytes: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: headerKey))
    }

    /// Whether the MAC of a header is right, in a time that does not depend on where it differs.
    func authenticates(_ header: AgeHeader) -> Bool {
        HMAC<SHA256>.isValidAuthenticationCode(header.mac, authenticating: header.authenticatedBytes, using: headerKey)
    }

    private var headerKey: SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array("header".utf8), outputByteCount: 32)
    }

    func payloadKey(nonce: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, salt: nonce, info: Array("payload".utf8), outputByteCount: 32)
    }

    // MARK: Wrapping: ChaCha20-Poly1305 with a key that is used once and, hence, a nonce of zeros

    func wrapped(by wrapKey: SymmetricKey) throws(SealingError) -> [UInt8] {
        do {
            return try key.withUnsafeBytes { key in
                let box = try ChaChaPoly.seal(key, using: wrapKey, nonce: Self.zeroNonce())
                return Array(box.ciphertext) + Array(box.tag)
            }
        } catch {
            throw SealingError(.libraryFailure, "a file key cannot be wrapped", cause: error)
        }
    }

    /// - Returns: `nil` when it was wrapped with another key.
    init?(unwrapping body: [UInt8], with wrapKey: SymmetricKey) {
        // Longer ones are refused before, lest one body can be made that opens under many keys.
        guard body.count == Self.length + Self.tagLength else { return nil }
        guard
            let box = try? ChaChaPoly.SealedBox(
                nonce: Self.zeroNonce(),
                ciphertext: body.prefix(Self.length),
                tag: body.suffix(Self.tagLength)
            ),
            var plain = try? ChaChaPoly.open(box, using: wrapKey)
        else { return nil }
        key = SymmetricKey(data: plain)
        plain.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }

    private static func zeroNonce() throws -> ChaChaPoly.Nonce {
        try ChaChaPoly.Nonce(data: [UInt8](repeating: 0, count: 12))
    }
}

/// Random bytes of the system that nobody can predict; for what is public afterwards (nonces, salts).
func randomBytes(_ count: Int) -> [UInt8] {
    var generator: any RandomNumberGenerator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
}
