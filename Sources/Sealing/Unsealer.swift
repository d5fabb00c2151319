public import NIOCore

/// What sealed files are opened with: needed for restoring only.
public struct SealingIdentities: Sendable {
    /// Keys and passphrases for age files.
    public var age: AgeIdentities
    /// The program and the keyring for OpenPGP messages; `nil` when none are to be opened.
    public var openPGP: GnuPG?
    /// What an age file may ask for.
    public var limits: AgeLimits

    /// Makes a set; see the properties.
    public init(age: AgeIdentities = AgeIdentities(), openPGP: GnuPG? = nil, limits: AgeLimits = AgeLimits()) {
        self.age = age
        self.openPGP = openPGP
        self.limits = limits
    }
}

/// Opens sealed streams of every format, which it tells by their first bytes.
public struct Unsealer: Sendable {
    private let identities: SealingIdentities

    /// Makes one.
    public init(with identities: SealingIdentities) {
        self.identities = identities
    }

    /// Opens a stream, with bounded memory, and no faster than the opened bytes are read.
    ///
    /// Until the bytes end without an error, do nothing with them that cannot be undone: those of an age file are authentic
    /// but may not be all, those of an OpenPGP message are verified only at their end.
    ///
    /// - Parameters:
    ///   - source: the sealed bytes.
    ///   - body: reads the opened bytes.
    /// - Returns: what `body` returns.
    /// - Throws: ``SealingError``; what `source` and `body` throw; `CancellationError`.
    public func withOpened<Source: AsyncSequence & Sendable, Answer: Sendable>(
        _ source: Source,
        _ body: (SealingBytes) async throws -> Answer
    ) async throws -> Answer where Source.Element == ByteBuffer {
        let cursor = SourceCursor(source)
        switch try await cursor.recognizeFormat() {
        case .age, .ageText:
            let opening = AgeOpening(cursor, unsealer: AgeUnsealer(with: identities.age, limits: identities.limits))
            return try await body(SealingBytes { try await opening.next() })
        case .openPGP, .openPGPText:
            guard let program = identities.openPGP else {
                throw SealingError(
                    .noIdentityMatches,
                    "a file is sealed as an OpenPGP message, and no keyring was given to open it with",
                    hint: "Name the GNUPGHOME that holds the secret key."
                )
            }
            return try await program.run(.open, on: cursor, body)
        }
    }
}

/// Unchecked: read by one task, as ``SealingBytes`` demands.
private final class AgeOpening<Source: AsyncSequence>: @unchecked Sendable where Source.Element == ByteBuffer {
    private let cursor: SourceCursor<Source>
    private var unsealer: AgeUnsealer
    private var isFinished = false

    init(_ cursor: SourceCursor<Source>, unsealer: AgeUnsealer) {
        self.cursor = cursor
        self.unsealer = unsealer
    }

    func next() async throws -> ByteBuffer? {
        while !isFinished {
            try Task.checkCancellation()
            let plain: ByteBuffer
            if let sealed = try await cursor.next() {
                plain = try unsealer.open(sealed)
            } else {
                isFinished = true
                plain = try unsealer.finish()
            }
            if plain.readableBytes > 0 { return plain }
        }
        return nil
    }
}
