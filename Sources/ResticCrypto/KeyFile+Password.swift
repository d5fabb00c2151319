public import ResticFormat

extension KeyFile {
    /// Makes a key file that opens with `password`.
    ///
    /// - Parameters:
    ///   - masterKey: what it holds; for a new repository ``MasterKey/random()``.
    ///   - password: its bytes, as they were typed.
    ///   - parameters: how much work each guess of the password is to cost.
    ///   - created: the time now.
    ///   - username: who adds the key; shown by `key list`.
    ///   - hostname: where it is added; shown likewise.
    /// - Throws: `libraryFailure`.
    public static func make(
        sealing masterKey: MasterKey,
        password: [UInt8],
        parameters: ScryptParameters = .standard,
        created: GoTime,
        username: String,
        hostname: String
    ) throws(ResticCryptoError) -> KeyFile {
        let salt = try KeyDerivation.makeSalt()
        let userKey = try KeyDerivation.derive(password: password, salt: salt, parameters: parameters)
        return try KeyFile(
            created: created,
            username: username,
            hostname: hostname,
            n: parameters.n,
            r: parameters.r,
            p: parameters.p,
            salt: salt,
            data: masterKey.sealed(with: userKey)
        )
    }

    /// Opens the master key in this file; takes as long as its parameters demand, see
    /// ``KeyDerivation/derive(password:salt:parameters:)``.
    ///
    /// - Throws: `wrongPassword`; `unsupportedKeyDerivation` when the file asks for another than scrypt;
    ///   `parametersOutOfRange`; `truncated` or `invalidKey` when the file holds no key.
    public func open(password: [UInt8]) throws(ResticCryptoError) -> MasterKey {
        guard kdf == "scrypt" else {
            throw ResticCryptoError(.unsupportedKeyDerivation, "a key file asks for another key derivation than scrypt")
        }
        let parameters = try ScryptParameters(n: n, r: r, p: p)
        let userKey = try KeyDerivation.derive(password: password, salt: salt, parameters: parameters)
        do {
            return try MasterKey(sealed: data, with: userKey)
        } catch  where error.code == .unauthenticated {
            throw ResticCryptoError(
                .wrongPassword,
                "the password does not open this key file",
                hint: "Check the password; if it is right, another key file of the repository may be the one it opens.",
                cause: error
            )
        }
    }
}
