internal import Crypto

/// A secret key that opens what was sealed to its recipient: `AGE-SECRET-KEY-1…`.
///
/// It appears in no description, log or error. swift-crypto wipes its memory when the last copy is gone.
public struct AgeIdentity: Sendable {
    static let prefix = "AGE-SECRET-KEY-"

    let key: Curve25519.KeyAgreement.PrivateKey

    /// Makes a new one.
    public init() {
        key = Curve25519.KeyAgreement.PrivateKey()
    }

    /// Reads `AGE-SECRET-KEY-1…`. The text itself cannot be wiped.
    ///
    /// - Throws: `invalidIdentity` when it is not one or its checksum is wrong; `unsupported` for those of plugins and of the
    ///   post-quantum type.
    public init(_ text: some StringProtocol) throws(SealingError) {
        guard !text.hasPrefix("AGE-PLUGIN-"), !text.hasPrefix("AGE-SECRET-KEY-PQ-1") else {
            throw SealingError(
                .unsupported,
                "an identity is of a type that needs the age program or a plugin",
                hint: "Open the file with 'age --decrypt --identity'."
            )
        }
        guard var decoded = Bech32.decode(text), decoded.prefix == Self.prefix else {
            throw Self.invalid
        }
        defer { wipe(&decoded.bytes) }
        guard let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: decoded.bytes) else {
            throw Self.invalid
        }
        self.key = key
    }

    private static var invalid: SealingError {
        SealingError(
            .invalidIdentity,
            "an identity is not of the form AGE-SECRET-KEY-1… or was not copied whole",
            hint: "Use the line that 'age-keygen' wrote, without spaces."
        )
    }

    /// Whom to seal to, so that this identity opens it.
    public var recipient: AgeRecipient {
        get throws(SealingError) { try AgeRecipient(point: Array(key.publicKey.rawRepresentation)) }
    }

    /// The secret text. Read it only where it is kept: in an identity file, or on paper.
    public var exposed: String {
        Bech32.encode(prefix: Self.prefix.lowercased(), bytes: key.rawRepresentation).uppercased()
    }
}

extension AgeIdentity: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Not the key.
    public var description: String { "<redacted>" }
    /// Not the key.
    public var debugDescription: String { "<redacted>" }
    /// Shows no contents.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What age files are opened with.
public struct AgeIdentities: Sendable {
    /// Secret keys, tried in this order.
    public var keys: [AgeIdentity]
    /// Passphrases, tried in this order; each costs the work that the file asks for.
    public var passphrases: [Passphrase]

    /// Makes a set; see the properties.
    public init(keys: [AgeIdentity] = [], passphrases: [Passphrase] = []) {
        self.keys = keys
        self.passphrases = passphrases
    }
}
