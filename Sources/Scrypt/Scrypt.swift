internal import CLibcrypto

/// Stretches passphrases with libcrypto's scrypt (RFC 7914): the one place for restic's keys and for age's.
package enum Scrypt {
    /// Fills `output` with what scrypt makes of a passphrase and a salt.
    ///
    /// Takes 128 · `n` · `r` bytes of memory and as long as the parameters demand, and does not suspend. The caller bounds the
    /// parameters: they come from files that may be hostile.
    ///
    /// - Parameters:
    ///   - n: the cost, a power of two above 1.
    ///   - r: the block size, above 0.
    ///   - p: the parallelization, above 0.
    /// - Returns: `false` when libcrypto refuses or memory is short; why is in libcrypto's error queue of this thread.
    package static func derive(
        passphrase: UnsafeRawBufferPointer,
        salt: UnsafeRawBufferPointer,
        n: Int,
        r: Int,
        p: Int,
        into output: UnsafeMutableRawBufferPointer
    ) -> Bool {
        // libcrypto counts a little more than N blocks, and refuses above 32 MiB unless told otherwise.
        let memory = 128 * n * r + 128 * r * p + (1 << 20)
        return EVP_PBE_scrypt(
            // Without a start libcrypto takes an empty passphrase for a question whether the parameters are right.
            passphrase.baseAddress?.assumingMemoryBound(to: CChar.self) ?? emptyPassphrase,
            passphrase.count,
            salt.baseAddress?.assumingMemoryBound(to: UInt8.self),
            salt.count,
            UInt64(n),
            UInt64(r),
            UInt64(p),
            UInt64(memory),
            output.baseAddress?.assumingMemoryBound(to: UInt8.self),
            output.count
        ) == 1
    }

    private static var emptyPassphrase: UnsafePointer<CChar> {
        UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
