public import NIOCore

extension TarParser {
    /// Takes a piece of the archive and hands out what it holds.
    ///
    /// - Parameters:
    ///   - buffer: the next bytes, any number of them.
    ///   - emit: takes each event in order. When it throws, the parser is spent, for the rest of the piece is lost.
    /// - Throws: ``TarError`` when the archive is refused; else what `emit` throws.
    public mutating func feed(_ buffer: ByteBuffer, _ emit: (TarEvent) throws -> Void) throws {
        var buffer = buffer
        while let event = try nextEvent(from: &buffer) {
            try hand(event, to: emit)
        }
    }

    /// Takes zeros of an archive that is itself stored with holes, without making them; see ``nextEvent(fromZeros:)``.
    public mutating func feed(zeros count: Int64, _ emit: (TarEvent) throws -> Void) throws {
        var count = count
        while let event = try nextEvent(fromZeros: &count) {
            try hand(event, to: emit)
        }
    }

    private mutating func hand(_ event: TarEvent, to emit: (TarEvent) throws -> Void) throws {
        do {
            try emit(event)
        } catch {
            _ = fail(TarError(.misuse, "the parser was stopped by an error of its user", cause: error))
            throw error
        }
    }

    /// As ``nextEvent(from:)``, for a run of zero bytes that nobody has to store.
    ///
    /// Zeros in the content of a member come out as ``TarEvent/hole(_:)``, whether or not that member has a sparse map: a hole of
    /// terabytes costs one event.
    ///
    /// - Parameter count: bytes of zeros; what is used is taken off.
    /// - Returns: `nil` when `count` is used up.
    public mutating func nextEvent(fromZeros count: inout Int64) throws(TarError) -> TarEvent? {
        if let failure { throw failure }
        while count > 0 {
            switch phase {
            case .content where content.needsInput:
                let taken = takeZerosAsHole(count)
                count -= taken
                return .hole(taken)
            case .ended:
                skipTrailingZeros(count)
                count = 0
            default:
                if let event = try nextEvent(fromZeroBlockOf: &count) { return event }
            }
        }
        var nothing = ByteBuffer()
        return try nextEvent(from: &nothing)
    }

    private mutating func nextEvent(fromZeroBlockOf count: inout Int64) throws(TarError) -> TarEvent? {
        let length = Int(min(count, Int64(ZeroBlock.buffer.readableBytes)))
        guard var zeros = ZeroBlock.buffer.getSlice(at: ZeroBlock.buffer.readerIndex, length: length) else {
            return nil
        }
        defer { count -= Int64(length - zeros.readableBytes) }
        return try nextEvent(from: &zeros)
    }
}

/// One block of zeros, shared by all who need some.
enum ZeroBlock {
    static let buffer = ByteBuffer(repeating: 0, count: HeaderBlock.byteCount)

    /// The first bytes of the block; at most 512.
    static func prefix(_ length: Int) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex, length: length) ?? ByteBuffer()
    }
}
