public import NIOCore

/// Whom something is sealed to.
public enum SealingRecipients: Sendable {
    /// An age file, written natively.
    case age(AgeRecipients)
    /// An OpenPGP message, written by the `gpg` program.
    case openPGP([OpenPGPRecipient], through: GnuPG = GnuPG())
}

/// Seals streams to recipients. What it needs is public: it cannot open what it has sealed (a passphrase excepted).
public struct Sealer: Sendable {
    private let recipients: SealingRecipients
    private let armored: Bool

    /// Makes one; each stream it seals has keys of its own.
    ///
    /// - Parameter armored: whether to write text, a third longer, instead of bytes.
    public init(to recipients: SealingRecipients, armored: Bool = false) {
        self.recipients = recipients
        self.armored = armored
    }

    /// Seals a stream, with bounded memory, and no faster than the sealed bytes are read.
    ///
    /// ```swift
    /// let content = try await sealer.withSealed(file) { sealed in try await writer.store(sealed) }
    /// ```
    ///
    /// - Parameters:
    ///   - source: what to seal. A source that fails makes the sealed bytes fail, never end.
    ///   - body: reads the sealed bytes; they are complete when they end. When it returns before, the rest is not sealed.
    /// - Returns: what `body` returns.
    /// - Throws: ``SealingError``; what `source` and `body` throw; `CancellationError`.
    public func withSealed<Source: AsyncSequence & Sendable, Answer: Sendable>(
        _ source: Source,
        _ body: (SealingBytes) async throws -> Answer
    ) async throws -> Answer where Source.Element == ByteBuffer {
        let cursor = SourceCursor(source)
        switch recipients {
        case .age(let recipients):
            let sealing = AgeSealing(cursor, sealer: try AgeSealer(to: recipients, armored: armored))
            return try await body(SealingBytes { try await sealing.next() })
        case .openPGP(let recipients, let program):
            guard !recipients.isEmpty else {
                throw SealingError(.invalidRecipient, "there is no recipient to seal to", hint: "Nobody could open it.")
            }
            return try await program.run(.seal(to: recipients, armored: armored), on: cursor, body)
        }
    }
}

/// Unchecked: read by one task, as ``SealingBytes`` demands.
private final class AgeSealing<Source: AsyncSequence>: @unchecked Sendable where Source.Element == ByteBuffer {
    private let cursor: SourceCursor<Source>
    private var sealer: AgeSealer
    private var isFinished = false

    init(_ cursor: SourceCursor<Source>, sealer: consuming AgeSealer) {
        self.cursor = cursor
        self.sealer = sealer
    }

    func next() async throws -> ByteBuffer? {
        while !isFinished {
            try Task.checkCancellation()
            let sealed: ByteBuffer
            if let plain = try await cursor.next() {
                sealed = try sealer.seal(plain)
            } else {
                isFinished = true
                sealed = try sealer.finish()
            }
            if sealed.readableBytes > 0 { return sealed }
        }
        return nil
    }
}
