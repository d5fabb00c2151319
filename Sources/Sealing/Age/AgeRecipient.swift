/// A public key that files are sealed to: `age1…`.
public struct AgeRecipient: Sendable, Hashable, CustomStringConvertible {
    static let prefix = "age"
    /// The length of the key in bytes.
    static let length = 32

    /// The point on Curve25519.
    let point: [UInt8]

    /// Reads `age1…`.
    ///
    /// - Throws: `invalidRecipient` when it is not one, its checksum is wrong, or it is a point that gives no secrecy;
    ///   `unsupported` for keys of plugins, of SSH, and of the post-quantum type.
    public init(_ text: some StringProtocol) throws(SealingError) {
        guard let (prefix, bytes) = Bech32.decode(text) else {
            guard !text.hasPrefix("ssh-") else {
                throw SealingError(
                    .unsupported,
                    "a recipient is a key of SSH",
                    hint: "Make a key with 'age-keygen' and use the recipient it prints."
                )
            }
            throw Self.invalid("is not of the form age1… or was not copied whole")
        }
        guard prefix == Self.prefix else {
            guard prefix.hasPrefix("age1") else { throw Self.invalid("is a key of another kind") }
            throw SealingError(
                .unsupported,
                "a recipient is of the type \(prefix.dropFirst(4).prefix(16)), which needs the age program or a plugin",
                hint: "Use a recipient of the form age1… that 'age-keygen' prints."
            )
        }
        try self.init(point: bytes)
    }

    init(point: [UInt8]) throws(SealingError) {
        guard point.count == Self.length else { throw Self.invalid("has not \(Self.length) bytes") }
        self.point = point
        guard !AgeX25519.isLowOrder(point) else {
            throw Self.invalid("is a point of low order: what is sealed to it, everybody can open")
        }
    }

    private static func invalid(_ what: String) -> SealingError {
        SealingError(
            .invalidRecipient,
            "a recipient \(what)",
            hint: "Compare it with what 'age-keygen -y' prints for its identity."
        )
    }

    /// The text of the key, `age1…`.
    public var description: String { Bech32.encode(prefix: Self.prefix, bytes: point) }
}

/// Whom an age file is sealed to. A passphrase is always alone: whoever opens such a file may then conclude that it
/// comes from someone who knows the passphrase (C2SP age.md, section scrypt recipient stanza).
public enum AgeRecipients: Sendable {
    /// Anyone of several keys opens it.
    case keys([AgeRecipient])
    /// A passphrase opens it.
    ///
    /// `workFactor` is the base-two logarithm of scrypt's cost, 1 to 22: 18, as `age` has it, takes 256 MiB and about a second.
    case passphrase(Passphrase, workFactor: Int = 18)
}
