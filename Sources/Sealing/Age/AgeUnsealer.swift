public import NIOCore

/// Opens an age file, bytes or text, as it comes: whole chunks go out, at most the header or one chunk is kept.
///
/// What it gives out is authentic: it was sealed, in this order. That it is complete only ``finish()`` tells; until then
/// do nothing with it that cannot be undone.
public struct AgeUnsealer: Sendable {
    private enum State {
        case header(AgeHeaderDecoder)
        case nonce(AgeFileKey)
        case payload(AgePayloadOpener)
        case refused(SealingError), failed, finished
    }

    private enum Form { case unknown, binary, text(AgeArmorReader) }

    private let identities: AgeIdentities
    private let limits: AgeLimits
    private var form = Form.unknown
    private var state: State
    private var pending = ByteBuffer()

    /// Makes one for one file.
    public init(with identities: AgeIdentities, limits: AgeLimits = AgeLimits()) {
        self.identities = identities
        self.limits = limits
        state = .header(AgeHeaderDecoder(limits: limits))
    }

    /// Takes bytes of the sealed file.
    ///
    /// What comes out does not depend on how the file is cut into buffers: what was opened before a damage is given out,
    /// and the error thrown by the next call.
    ///
    /// Where a passphrase is asked for, the call that completes the header takes as long as the work factor demands and
    /// does not suspend.
    ///
    /// - Returns: what could be opened; may be empty.
    /// - Throws: `notSealed`, `unsupported`, `noIdentityMatches`, `wrongPassphrase`, `damaged`, `limitExceeded`;
    ///   `misuse` after an error or ``finish()``.
    public mutating func open(_ sealed: ByteBuffer) throws(SealingError) -> ByteBuffer {
        try refuseMisuse()
        var output = ByteBuffer()
        do throws(SealingError) {
            try take(sealed, into: &output)
        } catch {
            state = output.readableBytes > 0 ? .refused(error) : .failed
            guard output.readableBytes > 0 else { throw error }
        }
        return output
    }

    /// Checks that this was all.
    ///
    /// - Returns: the last of what was sealed.
    /// - Throws: `truncated` when it stops before its end; otherwise as ``open(_:)``.
    public mutating func finish() throws(SealingError) -> ByteBuffer {
        try refuseMisuse()
        defer { state = .finished }
        var output = ByteBuffer()
        if case .text(var armor) = form {
            var bytes = ByteBuffer()
            try armor.finish(into: &bytes)
            try takeBinary(&bytes, into: &output)
        }
        switch state {
        case .header(let decoder): throw decoder.truncation
        case .nonce: throw SealingError(.truncated, "a sealed file ends right behind its header")
        case .payload(var opener): try opener.finish(into: &output)
        case .refused, .failed, .finished: break
        }
        return output
    }

    /// After an error nothing more may be given out.
    private mutating func refuseMisuse() throws(SealingError) {
        switch state {
        case .header, .nonce, .payload: return
        case .refused(let error):
            state = .failed
            throw error
        case .failed, .finished:
            throw SealingError(.misuse, "a sealed file was refused or read to its end already")
        }
    }

    private mutating func take(_ sealed: ByteBuffer, into output: inout ByteBuffer) throws(SealingError) {
        var sealed = sealed
        if case .unknown = form, let first = sealed.readableBytesView.first {
            // A file in bytes begins with a letter.
            let isText = first == UInt8(ascii: "-") || AgeArmor.isSpace(first)
            form = isText ? .text(AgeArmorReader()) : .binary
        }
        guard case .text(var armor) = form else { return try takeBinary(&sealed, into: &output) }
        var bytes = ByteBuffer()
        var failure: SealingError?
        do throws(SealingError) {
            try armor.read(&sealed, into: &bytes)
        } catch {
            failure = error
        }
        form = .text(armor)
        try takeBinary(&bytes, into: &output)
        if let failure { throw failure }
    }

    private mutating func takeBinary(_ bytes: inout ByteBuffer, into output: inout ByteBuffer) throws(SealingError) {
        if case .header(var decoder) = state {
            guard let header = try decoder.decode(&bytes) else {
                state = .header(decoder)
                return
            }
            state = .nonce(try header.fileKey(with: identities, limits: limits))
        }
        if case .nonce(let fileKey) = state {
            let count = min(AgePayload.nonceLength - pending.readableBytes, bytes.readableBytes)
            if var part = bytes.readSlice(length: count) { pending.writeBuffer(&part) }
            guard let nonce = pending.getBytes(at: 0, length: AgePayload.nonceLength) else { return }
            state = .payload(AgePayloadOpener(key: fileKey.payloadKey(nonce: nonce)))
        }
        if case .payload(var opener) = state {
            // Held twice, its buffer would be copied with each write.
            state = .failed
            try opener.open(&bytes, into: &output)
            state = .payload(opener)
        }
    }
}
