public import NIOCore

/// Reads an archive as it comes, in pieces of any size. Pure: it does no I/O and keeps no byte of a member.
///
/// Give it each piece by ``feed(_:_:)``, or pull with ``nextEvent(from:)``; then call ``finish()``, which tells whether the end
/// was there. What it remembers is bounded by ``TarLimits``: a header, a long name, the extents of one member, the names.
///
/// It accepts what Qdrant writes and accepts (Qdrant 1.19.0, `lib/common/common/src/tar_ext.rs`, `tar_unpack.rs`, crate
/// `tar` 0.4): regular files, directories, GNU sparse files and long names, in old GNU or POSIX ustar headers. It is stricter where
/// that crate guesses:
/// - links, devices and pax headers are refused (Qdrant refuses all but pax headers, which it never writes), and so are
///   absolute paths and `..`, which the crate trims or skips;
/// - the end marker, two blocks of zeros, must be there, for the end of a broken stream looks the same as that of a whole one. The
///   crate takes the end of the stream, or one block of zeros, for the end of the archive;
/// - behind the marker only zeros may follow, as GNU tar fills up its records with; the crate does not look there, so that two
///   archives in a row would be restored as the first one alone;
/// - a sparse map that two readers would read in two ways is refused.
///
/// After an error the parser is spent: every further call throws the same error.
public struct TarParser: Sendable {
    enum Phase {
        /// Collecting a header.
        case header
        /// Collecting a long name: bytes that are missing.
        case longName(missing: Int)
        /// Collecting an extension block of the sparse map.
        case sparseExtension
        /// In the content of a member.
        case content
        /// Skipping what fills a block: bytes that are left.
        case padding(left: Int)
        /// One block of zeros was there; collecting the second.
        case secondZeroBlock
        /// Behind the end marker.
        case ended
    }

    let limits: TarLimits
    var phase = Phase.header
    /// Bytes consumed so far.
    public internal(set) var offset: Int64 = 0
    /// Where the block or the content began that is being read.
    var startOfBlock: Int64 = 0
    var block: [UInt8] = []
    var longName: [UInt8]?
    var pendingSparse: (path: TarPath, header: HeaderBlock, reader: SparseHeaderReader, storedSize: Int64)?
    var content = ContentCursor()
    var paths: PathRegistry
    /// The member being read, or the last one.
    var lastMember: TarPath?
    private(set) var failure: TarError?

    /// Makes a parser at the first byte of an archive.
    public init(limits: TarLimits = TarLimits()) {
        self.limits = limits
        paths = PathRegistry(limits: limits)
        block.reserveCapacity(HeaderBlock.byteCount)
    }

    /// Whether the end marker was seen.
    public var hasEnded: Bool {
        if case .ended = phase { true } else { false }
    }

    /// Takes from the buffer what makes up the next event.
    ///
    /// - Returns: `nil` when the buffer is used up; call again with the next one. Call until `nil` before ``finish()``: the end of
    ///   a member needs no further byte.
    /// - Throws: ``TarError`` with the reason, the byte offset and the member.
    public mutating func nextEvent(from buffer: inout ByteBuffer) throws(TarError) -> TarEvent? {
        if let failure { throw failure }
        do throws(TarError) {
            return try advance(&buffer)
        } catch {
            throw fail(located(error))
        }
    }

    /// Tells whether the archive was complete.
    ///
    /// - Throws: ``TarError/Code/truncated`` when the stream stopped before the end marker, with offset and member; or the error
    ///   that stopped the parser before.
    public mutating func finish() throws(TarError) {
        if let failure { throw failure }
        guard hasEnded else { throw fail(truncation) }
    }

    /// Remembers why the parser is spent.
    mutating func fail(_ error: TarError) -> TarError {
        failure = error
        return error
    }
}

extension TarParser {
    private mutating func advance(_ buffer: inout ByteBuffer) throws(TarError) -> TarEvent? {
        while true {
            switch phase {
            case .header:
                guard let header = collectBlock(&buffer) else { return nil }
                if let event = try take(header: header) { return event }
            case .longName(let missing):
                guard collectLongName(&buffer, missing: missing) else { return nil }
            case .sparseExtension:
                guard let block = collectBlock(&buffer) else { return nil }
                if let event = try take(sparseExtension: block) { return event }
            case .content:
                if content.needsInput, buffer.readableBytes == 0 { return nil }
                return takeContent(&buffer)
            case .padding(let left):
                guard skipPadding(&buffer, left: left) else { return nil }
            case .secondZeroBlock:
                guard let block = collectBlock(&buffer) else { return nil }
                try take(secondZeroBlock: block)
                return .endOfArchive
            case .ended:
                try skipTrailingZeros(&buffer)
                return nil
            }
        }
    }
}
