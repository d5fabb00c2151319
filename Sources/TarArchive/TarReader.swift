public import NIOCore

/// The events of an archive that comes as a sequence of buffers.
///
/// The sequence ends when the buffers end, after the end marker; it throws a ``TarError`` when they end before it or hold
/// what ``TarParser`` refuses, and what the buffers themselves throw. Read to its end: what follows the end marker is checked
/// after ``TarEvent/endOfArchive``.
public struct TarReader<Upstream: AsyncSequence>: AsyncSequence where Upstream.Element == ByteBuffer {
    /// What the archive holds next.
    public typealias Element = TarEvent
    /// ``TarError``, or an error of the buffers.
    public typealias Failure = any Error

    private let upstream: Upstream
    private let limits: TarLimits

    /// Reads an archive out of `upstream`.
    public init(_ upstream: Upstream, limits: TarLimits = TarLimits()) {
        self.upstream = upstream
        self.limits = limits
    }

    /// Begins at the first buffer.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(upstream: upstream.makeAsyncIterator(), parser: TarParser(limits: limits))
    }

    /// Takes a buffer only when the one before is used up.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private var upstream: Upstream.AsyncIterator
        private var parser: TarParser
        private var buffer = ByteBuffer()
        private var upstreamEnded = false

        init(upstream: Upstream.AsyncIterator, parser: TarParser) {
            self.upstream = upstream
            self.parser = parser
        }

        /// The next event, `nil` at the end of the buffers.
        public mutating func next(isolation actor: isolated (any Actor)?) async throws -> TarEvent? {
            while true {
                if let event = try parser.nextEvent(from: &buffer) { return event }
                if upstreamEnded { return nil }
                if let next = try await upstream.next(isolation: actor) {
                    buffer = next
                } else {
                    upstreamEnded = true
                    try parser.finish()
                }
            }
        }

        /// The next event, `nil` at the end of the buffers.
        public mutating func next() async throws -> TarEvent? {
            try await next(isolation: nil)
        }
    }
}

extension TarReader: Sendable where Upstream: Sendable {}
