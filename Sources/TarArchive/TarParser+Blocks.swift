internal import NIOCore

/// What blocks other than content mean.
extension TarParser {
    /// - Returns: `nil` as long as the block is not complete.
    mutating func collectBlock(_ buffer: inout ByteBuffer) -> HeaderBlock? {
        if block.isEmpty { startOfBlock = offset }
        take(&buffer, atMost: HeaderBlock.byteCount - block.count) { $0.block.append(contentsOf: $1) }
        guard block.count == HeaderBlock.byteCount else { return nil }
        defer { block.removeAll(keepingCapacity: true) }
        return HeaderBlock(bytes: block)
    }

    /// Moves bytes out of the buffer.
    ///
    /// - Returns: how many there were, at most `limit`.
    @discardableResult
    mutating func take(
        _ buffer: inout ByteBuffer,
        atMost limit: Int,
        _ body: (inout Self, ByteBufferView) -> Void = { _, _ in }
    ) -> Int {
        guard let slice = buffer.readSlice(length: min(limit, buffer.readableBytes)) else { return 0 }
        offset += Int64(slice.readableBytes)
        body(&self, slice.readableBytesView)
        return slice.readableBytes
    }

    /// - Returns: an event, or `nil` when the header is none of a member or needs more blocks.
    mutating func take(header: HeaderBlock) throws(TarError) -> TarEvent? {
        if header.isZero {
            guard longName == nil else { throw Self.danglingLongName }
            phase = .secondZeroBlock
            return nil
        }
        let checked = try header.checked()
        guard checked.type != .longName else {
            try beginLongName(size: checked.storedSize)
            return nil
        }
        return try begin(header, checked)
    }

    mutating func take(secondZeroBlock block: HeaderBlock) throws(TarError) {
        guard block.isZero else {
            throw TarError(
                .misplacedEndMarker,
                "one block of zeros is followed by something else",
                hint: "The archive was damaged: Qdrant would stop here and restore only what came before."
            )
        }
        phase = .ended
    }

    mutating func skipTrailingZeros(_ buffer: inout ByteBuffer) throws(TarError) {
        guard let position = buffer.readableBytesView.firstIndex(where: { $0 != 0 }) else {
            offset += Int64(buffer.readableBytes)
            buffer.moveReaderIndex(to: buffer.writerIndex)
            return
        }
        startOfBlock = offset + Int64(position - buffer.readerIndex)
        throw TarError(
            .trailingData,
            "something follows the end of the archive",
            hint: "Were two archives joined, or an error page appended? Qdrant would silently ignore it."
        )
    }

    mutating func beginLongName(size: Int64) throws(TarError) {
        guard longName == nil else { throw TarError(.invalidLongName, "two long names in a row") }
        guard size > 0 else { throw TarError(.invalidLongName, "a long name is empty") }
        // The stored name has a NUL behind it that does not count.
        guard size <= Int64(limits.nameBytes) + 1 else {
            throw TarError(.limitExceeded, "a name has \(size) bytes, more than \(limits.nameBytes)")
        }
        longName = []
        phase = .longName(missing: Int(size))
    }

    mutating func collectLongName(_ buffer: inout ByteBuffer, missing: Int) -> Bool {
        let count = take(&buffer, atMost: missing) { $0.longName?.append(contentsOf: $1) }
        guard count == missing else {
            phase = .longName(missing: missing - count)
            return false
        }
        phase = .padding(left: Self.padding(after: Int64(longName?.count ?? 0)))
        if longName?.last == 0 { longName?.removeLast() }
        return true
    }

    static var danglingLongName: TarError {
        TarError(.invalidLongName, "a long name is followed by the end of the archive")
    }
}
