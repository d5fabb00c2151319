public import NIOCore

/// Seals bytes into an age file as they come: whole chunks go out, at most 64 KiB and a line of text are kept.
///
/// A copy would seal other bytes under the same nonces; there can be none.
///
/// ```swift
/// var sealer = try AgeSealer(to: .keys([recipient]))
/// for try await buffer in source { try await store(sealer.seal(buffer)) }
/// try await store(sealer.finish())
/// ```
public struct AgeSealer: ~Copyable, Sendable {
    private var payload: AgePayloadSealer
    private var armor: AgeArmorWriter?
    private var beginning: ByteBuffer?
    private var isFinished = false

    /// Makes a file key and wraps it for the recipients. With a passphrase it takes as long as its work factor demands, a
    /// second and more, and does not suspend: call it off the cooperative pool where that matters.
    ///
    /// - Parameter armored: whether to write text (`-----BEGIN AGE ENCRYPTED FILE-----`), a third longer, instead of bytes.
    /// - Throws: `invalidRecipient` when there is none; `limitExceeded` for a work factor out of range; `libraryFailure`.
    public init(to recipients: AgeRecipients, armored: Bool = false) throws(SealingError) {
        let fileKey = AgeFileKey()
        let nonce = randomBytes(AgePayload.nonceLength)
        beginning = ByteBuffer(bytes: try AgeHeader(wrapping: fileKey, for: recipients).encode() + nonce)
        payload = AgePayloadSealer(key: fileKey.payloadKey(nonce: nonce))
        armor = armored ? AgeArmorWriter() : nil
    }

    /// Takes bytes.
    ///
    /// - Returns: what can be written already; may be empty.
    /// - Throws: `misuse` after ``finish()``; `libraryFailure`.
    public mutating func seal(_ plain: ByteBuffer) throws(SealingError) -> ByteBuffer {
        guard !isFinished else { throw SealingError(.misuse, "a sealed file is finished already") }
        var sealed = takeBeginning()
        try payload.seal(plain, into: &sealed)
        guard armor != nil else { return sealed }
        var text = ByteBuffer()
        armor?.write(sealed, into: &text)
        return text
    }

    /// Ends the file.
    ///
    /// - Returns: the last of what has to be written; without it the file does not open.
    /// - Throws: `misuse` when called twice; `libraryFailure`.
    public mutating func finish() throws(SealingError) -> ByteBuffer {
        guard !isFinished else { throw SealingError(.misuse, "a sealed file is finished already") }
        isFinished = true
        var sealed = takeBeginning()
        try payload.finish(into: &sealed)
        guard armor != nil else { return sealed }
        var text = ByteBuffer()
        armor?.write(sealed, into: &text)
        armor?.finish(into: &text)
        return text
    }

    private mutating func takeBeginning() -> ByteBuffer {
        defer { beginning = nil }
        return beginning ?? ByteBuffer()
    }
}
