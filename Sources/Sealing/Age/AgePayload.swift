internal import Crypto
internal import NIOCore

/// The body of an age file: chunks of 64 KiB, each sealed with its number and with whether it is the last.
///
/// Source: C2SP age.md, section Payload.
enum AgePayload {
    static let nonceLength = 16
    static let chunkLength = 64 << 10
    static let tagLength = 16
    static let sealedChunkLength = chunkLength + tagLength

    /// The place of a chunk: 11 bytes of its number, most significant first, and 1 for the last.
    static func nonce(of number: UInt64, isLast: Bool) throws -> ChaChaPoly.Nonce {
        var bytes = [UInt8](repeating: 0, count: 12)
        for place in 0..<8 { bytes[10 - place] = UInt8(truncatingIfNeeded: number >> UInt64(8 * place)) }
        bytes[11] = isLast ? 1 : 0
        return try ChaChaPoly.Nonce(data: bytes)
    }
}

/// Seals a body as it comes. A copy would seal other bytes under the same nonces; there can be none.
struct AgePayloadSealer: ~Copyable, Sendable {
    private let key: SymmetricKey
    private var number: UInt64 = 0
    private var pending = ByteBuffer()

    init(key: SymmetricKey) {
        self.key = key
    }

    /// Seals all whole chunks that something follows.
    mutating func seal(_ plain: ByteBuffer, into output: inout ByteBuffer) throws(SealingError) {
        var plain = plain
        while plain.readableBytes > 0 {
            if pending.readableBytes == AgePayload.chunkLength {
                try seal(pending, isLast: false, into: &output)
                pending.clear()
            }
            if pending.readableBytes == 0, plain.readableBytes > AgePayload.chunkLength,
                let chunk = plain.readSlice(length: AgePayload.chunkLength)
            {
                try seal(chunk, isLast: false, into: &output)
                continue
            }
            let count = min(AgePayload.chunkLength - pending.readableBytes, plain.readableBytes)
            if var part = plain.readSlice(length: count) { pending.writeBuffer(&part) }
        }
    }

    /// Seals the last chunk, which is empty only when all is.
    mutating func finish(into output: inout ByteBuffer) throws(SealingError) {
        try seal(pending, isLast: true, into: &output)
        pending.clear()
    }

    private mutating func seal(
        _ chunk: ByteBuffer,
        isLast: Bool,
        into output: inout ByteBuffer
    ) throws(SealingError) {
        do {
            let nonce = try AgePayload.nonce(of: number, isLast: isLast)
            let box = try chunk.withUnsafeReadableBytes { try ChaChaPoly.seal($0, using: key, nonce: nonce) }
            output.writeBytes(box.ciphertext)
            output.writeBytes(box.tag)
        } catch {
            throw SealingError(.libraryFailure, "chunk \(number) of a file cannot be sealed", cause: error)
        }
        number += 1
    }
}

/// Opens a body as it comes. What it gives out is what was sealed, up to there; whether it is all, only the end tells.
struct AgePayloadOpener: Sendable {
    private let key: SymmetricKey
    private var number: UInt64 = 0
    private var pending = ByteBuffer()
    private var isEnded = false

    init(key: SymmetricKey) {
        self.key = key
    }

    /// Opens all whole chunks.
    ///
    /// - Throws: `damaged`.
    mutating func open(_ sealed: inout ByteBuffer, into output: inout ByteBuffer) throws(SealingError) {
        while sealed.readableBytes > 0 {
            guard !isEnded else {
                throw SealingError(.damaged, "there are bytes behind the last chunk of a sealed file, number \(number)")
            }
            if pending.readableBytes == 0, let chunk = sealed.readSlice(length: AgePayload.sealedChunkLength) {
                try openWhole(chunk, into: &output)
                continue
            }
            let count = min(AgePayload.sealedChunkLength - pending.readableBytes, sealed.readableBytes)
            if var part = sealed.readSlice(length: count) { pending.writeBuffer(&part) }
            guard pending.readableBytes == AgePayload.sealedChunkLength else { return }
            try openWhole(pending, into: &output)
            pending.clear()
        }
    }

    /// Opens the last chunk, unless it was a whole one.
    ///
    /// - Throws: `truncated` when there is none, or what is there is not the last; `damaged`.
    mutating func finish(into output: inout ByteBuffer) throws(SealingError) {
        guard !isEnded else { return }
        defer { pending.clear() }
        guard pending.readableBytes >= AgePayload.tagLength else { throw truncated }
        guard let plain = open(pending, isLast: true) else {
            guard open(pending, isLast: false) == nil else { throw truncated }
            throw SealingError(.damaged, "the last chunk of a sealed file, number \(number), is damaged or cut short")
        }
        guard plain.count > 0 || number == 0 else {
            throw SealingError(.damaged, "a sealed file ends with an empty chunk, which no program writes")
        }
        output.writeBytes(plain)
    }

    private var truncated: SealingError {
        SealingError(
            .truncated,
            "a sealed file ends at chunk \(number), before its last is whole",
            hint: "Was it copied whole?"
        )
    }

    /// A whole chunk may be the last one, or not; only its tag tells.
    private mutating func openWhole(_ chunk: ByteBuffer, into output: inout ByteBuffer) throws(SealingError) {
        if let plain = open(chunk, isLast: false) {
            output.writeBytes(plain)
            number += 1
        } else if let plain = open(chunk, isLast: true) {
            output.writeBytes(plain)
            isEnded = true
        } else {
            throw SealingError(
                .damaged,
                "chunk \(number) of a sealed file is damaged, or not the one that belongs there"
            )
        }
    }

    private func open(_ chunk: ByteBuffer, isLast: Bool) -> [UInt8]? {
        chunk.withUnsafeReadableBytes { bytes in
            let end = bytes.count - AgePayload.tagLength
            guard let nonce = try? AgePayload.nonce(of: number, isLast: isLast),
                let box = try? ChaChaPoly.SealedBox(
                    nonce: nonce,
                    ciphertext: UnsafeRawBufferPointer(rebasing: bytes[..<end]),
                    tag: UnsafeRawBufferPointer(rebasing: bytes[end...])
                ),
                let plain = try? ChaChaPoly.open(box, using: key)
            else { return nil }
            return Array(plain)
        }
    }
}
