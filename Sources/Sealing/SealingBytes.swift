public import NIOCore

/// Bytes that come out while others go in: what ``Sealer`` and ``Unsealer`` hand to their closures.
///
/// Read it once, by one task, within the closure. That it ended without an error means that everything was there; until then
/// do nothing with the bytes that cannot be undone.
public struct SealingBytes: AsyncSequence, Sendable {
    /// A piece, never empty.
    public typealias Element = ByteBuffer
    /// ``SealingError``, or an error of the source.
    public typealias Failure = any Error

    private let step: @Sendable () async throws -> ByteBuffer?

    init(_ step: @escaping @Sendable () async throws -> ByteBuffer?) {
        self.step = step
    }

    /// Goes on where the last iterator stopped.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(step: step)
    }

    /// Asks the source for a piece when one is asked for.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let step: @Sendable () async throws -> ByteBuffer?

        /// The next piece; `nil` at the end, once it is known to be the end.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> ByteBuffer? {
            try await step()
        }

        /// The next piece; `nil` at the end, once it is known to be the end.
        public mutating func next() async throws -> ByteBuffer? {
            try await step()
        }
    }
}

/// A source whose first buffers can be looked at before they are read.
///
/// Unchecked: an iterator belongs to one task at a time, and this one is handed from the task that looks at the beginning to the
/// one that reads on, never used by both.
final class SourceCursor<Source: AsyncSequence>: @unchecked Sendable where Source.Element == ByteBuffer {
    private var iterator: Source.AsyncIterator
    private var seen: [ByteBuffer] = []

    init(_ source: Source) {
        iterator = source.makeAsyncIterator()
    }

    /// The next buffer that is not empty.
    func next() async throws -> ByteBuffer? {
        if !seen.isEmpty { return seen.removeFirst() }
        while let buffer = try await iterator.next(isolation: nil) {
            if buffer.readableBytes > 0 { return buffer }
        }
        return nil
    }

    /// Looks as far ahead as it takes to tell the format.
    ///
    /// - Throws: `notSealed`; `truncated` when there is nothing; what the source throws.
    func recognizeFormat() async throws -> SealedFormat {
        var ahead: [ByteBuffer] = []
        var beginning: [UInt8] = []
        defer { seen = ahead + seen }
        while let buffer = try await next() {
            ahead.append(buffer)
            beginning += buffer.readableBytesView.prefix(SealedFormat.longestBeginning - beginning.count)
            switch SealedFormat.recognize(beginning) {
            case .format(let format): return format
            case .undecided: continue
            case .unknown: throw Self.notSealed
            }
        }
        guard beginning.isEmpty else { throw Self.notSealed }
        throw SealingError(.truncated, "a sealed file is empty")
    }

    private static var notSealed: SealingError {
        SealingError(
            .notSealed,
            "the bytes begin neither as an age file nor as an encrypted OpenPGP message",
            hint: "Is this the file you mean?"
        )
    }
}
