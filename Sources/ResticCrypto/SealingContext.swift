internal import CLibcrypto

/// Seals and opens data with one master key: `nonce (16) ‖ AES-256-CTR ciphertext ‖ Poly1305-AES MAC (16)`.
///
/// The nonce is CTR's initial counter block. The MAC is over the ciphertext alone; its one-time key is r ‖
/// AES-128_k(nonce), of which Poly1305 itself clamps r (D. J. Bernstein, The Poly1305-AES message-authentication code,
/// 2005). Source of the layout: restic doc/design.rst, section Keys, Encryption and MAC.
///
/// A context keeps expanded keys and libcrypto's working memory from one call to the next. It is not `Sendable`: make
/// one for each worker.
public final class SealingContext {
    /// What sealing adds to data, in bytes.
    public static let overhead = 32
    static let nonceLength = 16
    static let macLength = 16

    private let algorithms: Libcrypto
    private let key: MasterKey
    private let cipher: OpaquePointer
    private let nonceCipher: OpaquePointer
    private let mac: OpaquePointer

    /// Makes a context for `key`.
    ///
    /// - Throws: `libraryFailure` when libcrypto lacks an algorithm or memory.
    public init(key: MasterKey) throws(ResticCryptoError) {
        let algorithms = try Libcrypto.algorithms()
        guard let cipher = EVP_CIPHER_CTX_new() else { throw Libcrypto.failure("make a cipher context") }
        guard let nonceCipher = EVP_CIPHER_CTX_new() else {
            EVP_CIPHER_CTX_free(cipher)
            throw Libcrypto.failure("make a cipher context")
        }
        guard let mac = EVP_MAC_CTX_new(algorithms.poly1305) else {
            EVP_CIPHER_CTX_free(cipher)
            EVP_CIPHER_CTX_free(nonceCipher)
            throw Libcrypto.failure("make a MAC context")
        }
        self.algorithms = algorithms
        self.key = key
        self.cipher = cipher
        self.nonceCipher = nonceCipher
        self.mac = mac
        // From here on deinit frees what was made.
        try Libcrypto.check(
            key.withEncryptionKey { EVP_EncryptInit_ex2(cipher, algorithms.aes256CTR, $0.bytePointer, nil, nil) },
            "set a key"
        )
        try Libcrypto.check(
            key.withMACKeys { k, _ in EVP_EncryptInit_ex2(nonceCipher, algorithms.aes128ECB, k.bytePointer, nil, nil) },
            "set a key"
        )
        try Libcrypto.check(EVP_CIPHER_CTX_set_padding(nonceCipher, 0), "set a key")
    }

    deinit {
        // These wipe what they free.
        EVP_CIPHER_CTX_free(cipher)
        EVP_CIPHER_CTX_free(nonceCipher)
        EVP_MAC_CTX_free(mac)
    }

    /// Seals `plaintext` with a new random nonce.
    ///
    /// - Parameters:
    ///   - plaintext: what to seal; may be empty. It may lie in `output` from byte 16 on, where its ciphertext then
    ///     replaces it, but not overlap it in any other way.
    ///   - output: where the sealed data goes; 32 bytes more than the plaintext at least.
    /// - Returns: the length of the sealed data in bytes.
    /// - Throws: `invalidBuffer` when the output is too small or overlaps wrongly; `libraryFailure`.
    public func seal(
        _ plaintext: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ResticCryptoError) -> Int {
        guard output.count >= Self.overhead else {
            throw Self.noRoom(output.count, for: plaintext.count + Self.overhead)
        }
        // Not made in the output at once, for the plaintext may lie there.
        return try withWipedBytes16 { nonce throws(ResticCryptoError) in
            repeat { try Libcrypto.fillRandom(nonce) } while Self.isZero(UnsafeRawBufferPointer(nonce))
            return try seal(plaintext, into: output, nonce: UnsafeRawBufferPointer(nonce))
        }
    }

    /// Seals `plaintext` with the given nonce, which must never have been used with this key.
    func seal(
        _ plaintext: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        nonce: UnsafeRawBufferPointer
    ) throws(ResticCryptoError) -> Int {
        let length = plaintext.count + Self.overhead
        guard output.count >= length else { throw Self.noRoom(output.count, for: length) }
        let ciphertext = UnsafeMutableRawBufferPointer(rebasing: output[Self.nonceLength..<(length - Self.macLength)])
        if Self.overlap(plaintext, UnsafeRawBufferPointer(rebasing: output[0..<length])) {
            guard plaintext.baseAddress == UnsafeRawPointer(ciphertext.baseAddress) else {
                throw ResticCryptoError(
                    .invalidBuffer,
                    "the plaintext overlaps the output elsewhere than from byte 16 on"
                )
            }
        }
        try transform(plaintext, into: ciphertext, nonce: nonce)
        output.copyMemory(from: nonce)
        let macStart = length - Self.macLength
        try authenticate(
            UnsafeRawBufferPointer(ciphertext),
            nonce: nonce,
            into: UnsafeMutableRawBufferPointer(rebasing: output[macStart..<length])
        )
        return length
    }

    /// Opens what ``seal(_:into:)`` has sealed. Nothing is decrypted before the MAC has been found right.
    ///
    /// - Parameters:
    ///   - sealed: the sealed data, nonce and MAC included.
    ///   - output: where the plaintext goes; 32 bytes less than the sealed data at least. It may begin where the sealed
    ///     data or its ciphertext begins, or anywhere before; it may not begin behind that and still overlap.
    /// - Returns: the length of the plaintext in bytes.
    /// - Throws: `truncated` when there are fewer than 32 bytes; `unauthenticated` when the MAC is not that of the
    ///   data, or the nonce is all zeros, which restic never writes; `invalidBuffer` when the output is too small or
    ///   overlaps wrongly; `libraryFailure`. The output is untouched in all cases but the last.
    public func open(
        _ sealed: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ResticCryptoError) -> Int {
        guard sealed.count >= Self.overhead else {
            throw ResticCryptoError(
                .truncated,
                "sealed data of \(sealed.count) bytes is too short for a nonce and a MAC"
            )
        }
        let macStart = sealed.count - Self.macLength
        let ciphertext = UnsafeRawBufferPointer(rebasing: sealed[Self.nonceLength..<macStart])
        guard output.count >= ciphertext.count else { throw Self.noRoom(output.count, for: ciphertext.count) }
        let plaintext = UnsafeMutableRawBufferPointer(rebasing: output[0..<ciphertext.count])
        let needsBounce =
            Self.overlap(ciphertext, UnsafeRawBufferPointer(plaintext))
            && ciphertext.baseAddress != UnsafeRawPointer(plaintext.baseAddress)
        if needsBounce, UInt(bitPattern: plaintext.baseAddress) > UInt(bitPattern: ciphertext.baseAddress) {
            throw ResticCryptoError(.invalidBuffer, "the output begins within the ciphertext")
        }
        return try withWipedBytes16 { nonce throws(ResticCryptoError) in
            // A copy, for the output may lie over the nonce.
            nonce.copyMemory(from: UnsafeRawBufferPointer(rebasing: sealed[0..<Self.nonceLength]))
            let nonce = UnsafeRawBufferPointer(nonce)
            try verify(ciphertext, nonce: nonce, mac: UnsafeRawBufferPointer(rebasing: sealed[macStart...]))
            if needsBounce {
                try transformForward(ciphertext, into: plaintext, nonce: nonce)
            } else {
                try transform(ciphertext, into: plaintext, nonce: nonce)
            }
            return ciphertext.count
        }
    }
}

// MARK: - Parts

extension SealingContext {
    private func verify(
        _ ciphertext: UnsafeRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        mac: UnsafeRawBufferPointer
    ) throws(ResticCryptoError) {
        let isRight = try withWipedBytes16 { expected throws(ResticCryptoError) in
            try authenticate(ciphertext, nonce: nonce, into: expected)
            return CRYPTO_memcmp(expected.baseAddress, mac.baseAddress, Self.macLength) == 0
        }
        guard isRight, !Self.isZero(nonce) else {
            throw ResticCryptoError(
                .unauthenticated,
                "sealed data of \(ciphertext.count + Self.overhead) bytes does not match its MAC",
                hint: "Was it damaged in storage, or sealed with the key of another repository?"
            )
        }
    }

    /// Writes the MAC of `ciphertext` to the first 16 bytes of `output`.
    func authenticate(
        _ ciphertext: UnsafeRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(ResticCryptoError) {
        try withWipedBytes32 { oneTimeKey throws(ResticCryptoError) in
            key.withMACKeys { _, r in oneTimeKey.copyMemory(from: r) }
            var length: Int32 = 0
            try Libcrypto.check(
                EVP_EncryptUpdate(
                    nonceCipher,
                    UnsafeMutableRawBufferPointer(rebasing: oneTimeKey[16...]).bytePointer,
                    &length,
                    nonce.bytePointer,
                    Int32(Self.nonceLength)
                ),
                "encrypt a nonce"
            )
            try Libcrypto.check(EVP_MAC_init(mac, oneTimeKey.bytePointer, oneTimeKey.count, nil), "start a MAC")
        }
        try Libcrypto.check(EVP_MAC_update(mac, ciphertext.bytePointer, ciphertext.count), "compute a MAC")
        var length = 0
        try Libcrypto.check(EVP_MAC_final(mac, output.bytePointer, &length, Self.macLength), "finish a MAC")
    }

    /// Encrypts or decrypts, which is the same in counter mode. Both buffers are of one length, and either one or
    /// apart.
    private func transform(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        nonce: UnsafeRawBufferPointer
    ) throws(ResticCryptoError) {
        try startCounter(at: nonce)
        // libcrypto counts in 32-bit integers.
        let limit = 1 << 30
        for start in stride(from: 0, to: input.count, by: limit) {
            let end = min(start + limit, input.count)
            try update(
                UnsafeRawBufferPointer(rebasing: input[start..<end]),
                into: UnsafeMutableRawBufferPointer(rebasing: output[start..<end])
            )
        }
    }

    /// Decrypts to memory that overlaps the ciphertext but begins before it, through a buffer: libcrypto refuses to do
    /// it directly.
    private func transformForward(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer,
        nonce: UnsafeRawBufferPointer
    ) throws(ResticCryptoError) {
        try startCounter(at: nonce)
        try withWipedBytes(count: min(input.count, 1 << 16)) { buffer throws(ResticCryptoError) in
            for start in stride(from: 0, to: input.count, by: buffer.count) {
                let end = min(start + buffer.count, input.count)
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<(end - start)])
                try update(UnsafeRawBufferPointer(rebasing: input[start..<end]), into: piece)
                UnsafeMutableRawBufferPointer(rebasing: output[start..<end]).copyMemory(
                    from: UnsafeRawBufferPointer(piece)
                )
            }
        }
    }

    private func startCounter(at nonce: UnsafeRawBufferPointer) throws(ResticCryptoError) {
        try Libcrypto.check(EVP_EncryptInit_ex2(cipher, nil, nil, nonce.bytePointer, nil), "set a nonce")
    }

    private func update(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer)
        throws(ResticCryptoError)
    {
        var length: Int32 = 0
        try Libcrypto.check(
            EVP_EncryptUpdate(cipher, output.bytePointer, &length, input.bytePointer, Int32(input.count)),
            "encrypt"
        )
    }

    private static func isZero(_ nonce: UnsafeRawBufferPointer) -> Bool { nonce.allSatisfy { $0 == 0 } }

    private static func overlap(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
        guard let firstStart = first.baseAddress, let secondStart = second.baseAddress, !first.isEmpty, !second.isEmpty
        else { return false }
        return firstStart < secondStart + second.count && secondStart < firstStart + first.count
    }

    private static func noRoom(_ count: Int, for needed: Int) -> ResticCryptoError {
        ResticCryptoError(.invalidBuffer, "a buffer of \(count) bytes has no room for \(needed)")
    }
}
