/// Whom an OpenPGP message is sealed to: a key in the keyring, by fingerprint or by e-mail address.
public struct OpenPGPRecipient: Sendable, Hashable, CustomStringConvertible {
    private enum Base: Hashable {
        case fingerprint(String), address(String)
    }
    private let base: Base

    /// Reads a fingerprint (40 hexadecimal digits, 64 of a version 5 key; spaces and a leading `0x` are let pass) or an e-mail
    /// address.
    ///
    /// Shorter key ids are refused: others with the same id can be made. Prefer the fingerprint: an address counts only when
    /// the keyring vouches for the key, see ``GnuPG``.
    ///
    /// - Throws: `invalidRecipient`.
    public init(_ text: String) throws(SealingError) {
        let digits = text.hasPrefix("0x") ? text.dropFirst(2).filter { $0 != " " } : text.filter { $0 != " " }[...]
        if digits.utf8.allSatisfy(Self.isHexadecimal), !digits.isEmpty {
            guard digits.utf8.count == 40 || digits.utf8.count == 64 else {
                throw SealingError(
                    .invalidRecipient,
                    "an OpenPGP recipient has \(digits.utf8.count) hexadecimal digits; a fingerprint has 40",
                    hint: "Run 'gpg --fingerprint' for it: short key ids can be forged."
                )
            }
            base = .fingerprint(digits.uppercased())
            return
        }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), text.utf8.count <= 254,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") })
        else {
            throw SealingError(
                .invalidRecipient,
                "an OpenPGP recipient is neither a fingerprint nor an e-mail address",
                hint: "Run 'gpg --fingerprint' for the fingerprint of the key."
            )
        }
        base = .address(text)
    }

    /// Whether it names the key itself.
    public var isFingerprint: Bool {
        if case .fingerprint = base { true } else { false }
    }

    /// As `gpg` takes it: in angle brackets an address must match as a whole (gpg(1), section How to specify a user ID).
    var argument: String {
        switch base {
        case .fingerprint(let digits): digits
        case .address(let address): "<\(address)>"
        }
    }

    /// The fingerprint or the address.
    public var description: String {
        switch base {
        case .fingerprint(let digits): digits
        case .address(let address): address
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
