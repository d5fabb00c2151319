internal import HTTPUpload
internal import NIOCore

/// The parts of a streamed body, signed chunk by chunk, with the empty chunk at its end.
///
/// What comes in must be cut to ``chunkLength`` already, but for the last part.
struct SignedChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    /// The length of every chunk but the last, in bytes; part of the announced length of the body.
    static let chunkLength = 64 * 1024

    private let base: UploadChannel
    private let signer: ChunkSigner

    init(_ base: UploadChannel, _ signer: ChunkSigner) {
        self.base = base
        self.signer = signer
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(base: base.makeAsyncIterator(), signer: signer)
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        var base: UploadChannel.AsyncIterator
        var signer: ChunkSigner
        private var hasEnded = false

        init(base: UploadChannel.AsyncIterator, signer: ChunkSigner) {
            self.base = base
            self.signer = signer
        }

        mutating func next() async throws -> ByteBuffer? {
            if hasEnded { return nil }
            while let chunk = try await base.next() {
                // An empty chunk would be the end.
                if chunk.readableBytes > 0 { return signer.frame(chunk) }
            }
            hasEnded = true
            return signer.frame(ByteBuffer())
        }
    }
}

/// Cuts a source into parts of one length, but for the last.
struct EvenParts {
    private let length: Int
    private var pending = ByteBuffer()

    init(length: Int) {
        self.length = length
    }

    mutating func append(_ part: ByteBuffer) {
        if pending.readableBytes == 0 {
            pending = part
        } else {
            pending.discardReadBytes()
            pending.writeImmutableBuffer(part)
        }
    }

    /// A whole part, if there is one.
    mutating func next() -> ByteBuffer? { pending.readableBytes >= length ? pending.readSlice(length: length) : nil }

    /// What is left; may be empty.
    mutating func takeRest() -> ByteBuffer {
        defer { pending = ByteBuffer() }
        return pending
    }
}
