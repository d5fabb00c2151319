internal import Scrypt

/// Derives keys from passwords, by scrypt.
public enum KeyDerivation {
    /// The length of a salt in bytes, the only one restic takes.
    public static let saltLength = 64

    /// A new random salt.
    ///
    /// - Throws: `libraryFailure` when the system has no randomness to give.
    public static func makeSalt() throws(ResticCryptoError) -> [UInt8] {
        try withWipedBytes(count: saltLength) { salt throws(ResticCryptoError) in
            try Libcrypto.fillRandom(salt)
            return Array(salt)
        }
    }

    /// The key of a password: the first 32 bytes of scrypt's output encrypt, 16 are the MAC's k and 16 its r.
    ///
    /// Takes as long as the parameters demand, half a second and more, and does not suspend: call it off the
    /// cooperative pool where that matters.
    ///
    /// - Parameters:
    ///   - password: its bytes, as they were typed; restic does not normalize them.
    ///   - salt: 64 bytes, from the key file or ``makeSalt()``.
    ///   - parameters: from the key file, or ``ScryptParameters/standard``.
    /// - Throws: `parametersOutOfRange` for a salt of another length; `libraryFailure` when memory is short.
    public static func derive(
        password: [UInt8],
        salt: [UInt8],
        parameters: ScryptParameters
    ) throws(ResticCryptoError) -> MasterKey {
        guard salt.count == saltLength else {
            throw ResticCryptoError(.parametersOutOfRange, "a salt has \(saltLength) bytes, not \(salt.count)")
        }
        return try withWipedBytes(count: MasterKey.byteCount) { output throws(ResticCryptoError) in
            try scrypt(password: password, salt: salt, parameters: parameters, into: output)
            return try MasterKey(UnsafeRawBufferPointer(output))
        }
    }

    /// Fills `output` with scrypt's.
    static func scrypt(
        password: [UInt8],
        salt: [UInt8],
        parameters: ScryptParameters,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ResticCryptoError) {
        let isDone = password.withUnsafeBytes { password in
            salt.withUnsafeBytes { salt in
                Scrypt.derive(
                    passphrase: password,
                    salt: salt,
                    n: parameters.n,
                    r: parameters.r,
                    p: parameters.p,
                    into: output
                )
            }
        }
        guard isDone else { throw Libcrypto.failure("derive a key with scrypt") }
    }
}
