internal import Crypto

/// The recipient type X25519. Source: C2SP age.md, section X25519 recipient stanza.
struct AgeX25519: Sendable {
    static let type = "X25519"
    private static let label = Array("age-encryption.org/v1/X25519".utf8)

    /// The ephemeral share, 32 bytes.
    let share: [UInt8]
    /// The wrapped file key, 32 bytes.
    let body: [UInt8]

    /// Wraps a file key for a recipient, with an ephemeral secret that is used once.
    static func stanza(wrapping fileKey: AgeFileKey, for recipient: AgeRecipient) throws(SealingError) -> AgeStanza {
        let ephemeral = Curve25519.KeyAgreement.PrivateKey()
        let share = Array(ephemeral.publicKey.rawRepresentation)
        guard let secret = sharedSecret(of: ephemeral, with: recipient.point) else {
            throw SealingError(.invalidRecipient, "the recipient \(recipient) is a point of low order")
        }
        let body = try fileKey.wrapped(by: wrapKey(secret, share: share, recipient: recipient.point))
        return AgeStanza(arguments: [type, String(decoding: Base64.encode(share), as: UTF8.self)], body: body)
    }

    /// Reads a stanza of this type.
    ///
    /// - Throws: `damaged` when its form is not exactly the one prescribed, or the share is a point of low order, which no
    ///   honest sender makes.
    init(_ stanza: AgeStanza) throws(SealingError) {
        guard stanza.arguments.count == 2, let share = Base64.decode(Array(stanza.arguments[1].utf8)[...]),
            share.count == AgeRecipient.length, stanza.body.count == AgeFileKey.length + AgeFileKey.tagLength
        else {
            throw SealingError(.damaged, "a recipient of type X25519 in the header of a sealed file is not of its form")
        }
        guard !Self.isLowOrder(share) else {
            throw SealingError(.damaged, "a recipient in the header of a sealed file has a share of low order")
        }
        self.share = share
        body = stanza.body
    }

    /// Unwraps the file key.
    ///
    /// - Returns: `nil` when it was wrapped for another recipient.
    func fileKey(of identity: AgeIdentity) -> AgeFileKey? {
        guard let secret = Self.sharedSecret(of: identity.key, with: share) else { return nil }
        let point = Array(identity.key.publicKey.rawRepresentation)
        return AgeFileKey(unwrapping: body, with: Self.wrapKey(secret, share: share, recipient: point))
    }

    private static func wrapKey(_ secret: SharedSecret, share: [UInt8], recipient: [UInt8]) -> SymmetricKey {
        secret.hkdfDerivedSymmetricKey(
            using: SHA256.self,
            salt: share + recipient,
            sharedInfo: label,
            outputByteCount: 32
        )
    }

    // Keys are multiples of 8: a point shares zeros with all of them or with none.
    private static let probe = Curve25519.KeyAgreement.PrivateKey()

    /// Whether a point shares the same, known secret with everybody.
    static func isLowOrder(_ point: [UInt8]) -> Bool {
        sharedSecret(of: probe, with: point) == nil
    }

    /// - Returns: `nil` when the secret is all zeros. swift-crypto leaves that check to its caller
    ///   (`X25519Keys_boring.swift`, `sharedSecretFromKeyAgreement`).
    static func sharedSecret(of key: Curve25519.KeyAgreement.PrivateKey, with point: [UInt8]) -> SharedSecret? {
        guard let point = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: point),
            let secret = try? key.sharedSecretFromKeyAgreement(with: point),
            secret.withUnsafeBytes({ $0.reduce(0, |) }) != 0
        else { return nil }
        return secret
    }
}
