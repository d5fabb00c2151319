internal import NIOCore

/// Members and their content.
extension TarParser {
    mutating func begin(_ header: HeaderBlock, _ checked: CheckedHeader) throws(TarError) -> TarEvent? {
        let (path, namesDirectory) = try TarPath.parse(header.name(longName: longName, magic: checked.magic))
        longName = nil
        guard let path else { return try skipRoot(checked) }
        lastMember = path
        guard !namesDirectory || checked.type == .directory else {
            throw TarError(.invalidPath, "file '\(path)' is named like a directory")
        }
        switch checked.type {
        case .directory: return try begin(header.member(path: path, content: .directory))
        case .sparseFile: return try beginSparse(path, header, storedSize: checked.storedSize)
        default: return try begin(header.member(path: path, content: .file(size: checked.storedSize)))
        }
    }

    /// `./`, with which archives of whole folders begin (Qdrant up to 1.9): the place where the archive is unpacked, not a member.
    mutating func skipRoot(_ checked: CheckedHeader) throws(TarError) -> TarEvent? {
        guard checked.type == .directory else {
            throw TarError(.invalidPath, "a file is named like the root of the archive")
        }
        phase = .header
        return nil
    }

    mutating func begin(_ member: TarMember) throws(TarError) -> TarEvent {
        try paths.insert(member)
        content = ContentCursor(member)
        phase = .content
        return .beginMember(member)
    }

    mutating func beginSparse(
        _ path: TarPath,
        _ header: HeaderBlock,
        storedSize: Int64
    ) throws(TarError) -> TarEvent? {
        let reader = try SparseHeaderReader(header, storedSize: storedSize, limit: limits.extents)
        pendingSparse = (path, header, reader, storedSize)
        phase = .sparseExtension
        return reader.isComplete ? try finishSparse() : nil
    }

    mutating func take(sparseExtension block: HeaderBlock) throws(TarError) -> TarEvent? {
        try appendExtension(block)
        return pendingSparse?.reader.isComplete == true ? try finishSparse() : nil
    }

    mutating func appendExtension(_ block: HeaderBlock) throws(TarError) {
        // Taken out and put back, so that the list of extents is never copied.
        guard var pending = pendingSparse else { return }
        pendingSparse = nil
        try pending.reader.append(block)
        pendingSparse = pending
    }

    mutating func finishSparse() throws(TarError) -> TarEvent? {
        guard let pending = pendingSparse else { return nil }
        pendingSparse = nil
        return try begin(pending.header.member(path: pending.path, content: .sparseFile(pending.reader.finish())))
    }

    mutating func takeContent(_ buffer: inout ByteBuffer) -> TarEvent {
        switch content.next(available: buffer.readableBytes) {
        case .data(let count):
            offset += Int64(count)
            guard let slice = buffer.readSlice(length: count) else {
                preconditionFailure("the cursor asked for too much")
            }
            return .data(slice)
        case .hole(let count):
            return .hole(count)
        case .end:
            phase = .padding(left: Self.padding(after: content.storedSize))
            return .endMember
        }
    }

    /// Content that is zeros which came from a hole of an outer archive.
    mutating func takeZerosAsHole(_ count: Int64) -> Int64 {
        let taken = content.takeData(atMost: count)
        offset += taken
        return taken
    }

    mutating func skipTrailingZeros(_ count: Int64) {
        offset += count
    }

    mutating func skipPadding(_ buffer: inout ByteBuffer, left: Int) -> Bool {
        let count = take(&buffer, atMost: left)
        phase = count == left ? .header : .padding(left: left - count)
        return count == left
    }

    /// Bytes that fill the last block.
    static func padding(after size: Int64) -> Int {
        Int((512 - size % 512) % 512)
    }
}
