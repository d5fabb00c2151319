internal import CLibcrypto
internal import Crypto
internal import Scrypt

/// The recipient type scrypt: a passphrase. Source: C2SP age.md, section scrypt recipient stanza.
struct AgeScrypt: Sendable {
    static let type = "scrypt"
    private static let label = Array("age-encryption.org/v1/scrypt".utf8)
    private static let saltLength = 16
    private static let blockSize = 8

    /// 16 bytes.
    let salt: [UInt8]
    /// The base-two logarithm of the cost, from 1 up to the limit.
    let workFactor: Int
    /// The wrapped file key, 32 bytes.
    let body: [UInt8]

    /// Wraps a file key for a passphrase. Takes as long as the work factor demands, and does not suspend.
    static func stanza(
        wrapping fileKey: AgeFileKey,
        for passphrase: Passphrase,
        workFactor: Int
    ) throws(SealingError) -> AgeStanza {
        guard (1...AgeLimits.greatestScryptWorkFactor).contains(workFactor) else {
            throw SealingError(
                .limitExceeded,
                "scrypt's work factor is \(workFactor), not 1 to \(AgeLimits.greatestScryptWorkFactor)"
            )
        }
        let salt = randomBytes(saltLength)
        let body = try fileKey.wrapped(by: wrapKey(of: passphrase, salt: salt, workFactor: workFactor))
        let letters = String(decoding: Base64.encode(salt), as: UTF8.self)
        return AgeStanza(arguments: [type, letters, "\(workFactor)"], body: body)
    }

    /// Reads a stanza of this type.
    ///
    /// - Throws: `damaged` when its form is not exactly the one prescribed; `limitExceeded` when it asks for too much work.
    init(_ stanza: AgeStanza, limits: AgeLimits) throws(SealingError) {
        guard stanza.arguments.count == 3, let salt = Base64.decode(Array(stanza.arguments[1].utf8)[...]),
            salt.count == Self.saltLength, stanza.body.count == AgeFileKey.length + AgeFileKey.tagLength,
            Self.isDecimal(stanza.arguments[2])
        else {
            throw SealingError(
                .damaged,
                "the recipient of type scrypt in the header of a sealed file is not of its form"
            )
        }
        // Nothing but digits: no number is what does not fit.
        guard let workFactor = Int(stanza.arguments[2]), workFactor <= limits.scryptWorkFactor else {
            throw SealingError(
                .limitExceeded,
                "a sealed file asks for a scrypt work factor of \(stanza.arguments[2].prefix(20)), more than "
                    + "\(limits.scryptWorkFactor)",
                hint: "Was it tampered with? 'age' writes 18. Where it is trusted, open it with 'age --decrypt'."
            )
        }
        self.salt = salt
        self.workFactor = workFactor
        body = stanza.body
    }

    /// Unwraps the file key. Takes as long as the work factor demands, and does not suspend.
    ///
    /// - Returns: `nil` when it was wrapped with another passphrase.
    func fileKey(of passphrase: Passphrase) throws(SealingError) -> AgeFileKey? {
        AgeFileKey(unwrapping: body, with: try Self.wrapKey(of: passphrase, salt: salt, workFactor: workFactor))
    }

    private static func isDecimal(_ text: String) -> Bool {
        text.first != "0" && !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func wrapKey(
        of passphrase: Passphrase,
        salt: [UInt8],
        workFactor: Int
    ) throws(SealingError) -> SymmetricKey {
        let salt = label + salt
        let bytes = try WipedBytes(count: 32) { output throws(SealingError) in
            let isDone = passphrase.withBytes { passphrase in
                salt.withUnsafeBytes { salt in
                    Scrypt.derive(
                        passphrase: passphrase,
                        salt: salt,
                        n: 1 << workFactor,
                        r: blockSize,
                        p: 1,
                        into: output
                    )
                }
            }
            guard isDone else {
                // What libcrypto noted stays queued for this thread otherwise, and turns up as somebody else's failure.
                ERR_clear_error()
                throw SealingError(
                    .libraryFailure,
                    "libcrypto cannot derive a key with scrypt's work factor \(workFactor)",
                    hint: "Is there \(1 << max(0, workFactor - 10)) MiB of memory to spare?"
                )
            }
        }
        return bytes.withBytes { SymmetricKey(data: $0) }
    }
}
