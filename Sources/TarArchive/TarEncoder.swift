public import NIOCore

/// Writes the parts of an archive that are not data: headers, padding, the end marker. Pure, and equal input gives equal bytes.
///
/// Old GNU tar, as Qdrant writes it: magic `ustar  \0`, no user and group names, long names as `L` entries, files with holes as
/// `S` with extension blocks, numbers that do not fit octal digits in base-256. A member is its ``header(for:)``, its data (the
/// bytes of ``TarMember/extents`` in order), and ``padding(after:)``; an archive is members and the ``endMarker``.
public struct TarEncoder: Sendable {
    private let limits: TarLimits

    /// Makes an encoder that writes nothing a ``TarParser`` of the same limits would refuse.
    public init(limits: TarLimits = TarLimits()) {
        self.limits = limits
    }

    /// Two blocks of zeros.
    public static let endMarker = ByteBuffer(repeating: 0, count: 2 * HeaderBlock.byteCount)

    /// Everything in front of a member's data: a multiple of 512 bytes.
    ///
    /// - Throws: ``TarError`` with `invalidNumber` for a size or time that is negative, `invalidSparseMap` for a map whose extents
    ///   do not fill whole blocks of 512 bytes (see ``SparseMap/init(size:extents:alignment:)``), `limitExceeded`.
    public func header(for member: TarMember) throws(TarError) -> ByteBuffer {
        try check(member)
        var buffer = ByteBuffer()
        let name = storedName(of: member)
        if needsLongName(name) { try appendLongName(name, to: &buffer) }
        var header = try commonHeader(name: name, size: member.dataSize)
        header.bytes[HeaderBlock.Field.type] = Self.type(of: member).rawValue
        try fill(&header, from: member)
        guard case .sparseFile(let map) = member.content, member.needsSparseHeader else {
            header.sealChecksum()
            buffer.writeBytes(header.bytes)
            return buffer
        }
        try appendSparse(&header, map, to: &buffer)
        return buffer
    }

    /// Zeros that fill the last block of a member's data; empty when it is full.
    public func padding(after member: TarMember) -> ByteBuffer {
        ZeroBlock.prefix(TarParser.padding(after: member.dataSize))
    }

    /// How many bytes a member takes in an archive: header, data, padding.
    ///
    /// - Throws: as ``header(for:)``.
    public func storedSize(of member: TarMember) throws(TarError) -> Int64 {
        try check(member)
        let name = storedName(of: member)
        // A long name is a header of its own and the name with a NUL behind it.
        let nameBlocks = needsLongName(name) ? 1 + (name.count + 1 + 511) / 512 : 0
        var sparseBlocks = 0
        if case .sparseFile(let map) = member.content, member.needsSparseHeader {
            sparseBlocks = SparseHeader.extensionCount(extents: map.listedExtents.count)
        }
        let overhead = Int64((nameBlocks + 1 + sparseBlocks) * HeaderBlock.byteCount)
        return try Self.sum(overhead + Int64(TarParser.padding(after: member.dataSize)), member.dataSize)
    }

    /// How many bytes an archive of these members takes, end marker included: the `Content-Length` of an upload, or the size of
    /// the member that holds a nested archive.
    ///
    /// - Throws: as ``header(for:)``.
    public func archiveSize(of members: some Sequence<TarMember>) throws(TarError) -> Int64 {
        var total = Int64(Self.endMarker.readableBytes)
        for member in members { total = try Self.sum(total, storedSize(of: member)) }
        return total
    }

    private static func sum(_ first: Int64, _ second: Int64) throws(TarError) -> Int64 {
        let (sum, overflow) = first.addingReportingOverflow(second)
        guard !overflow else { throw TarError(.invalidNumber, "an archive would have more than 2^63 bytes") }
        return sum
    }
}

extension TarEncoder {
    /// GNU tar of old keeps the last byte of the field for a NUL.
    private func needsLongName(_ name: [UInt8]) -> Bool { name.count > HeaderBlock.Field.name.count - 1 }

    private func storedName(of member: TarMember) -> [UInt8] {
        member.content == .directory ? member.path.bytes + [UInt8(ascii: "/")] : member.path.bytes
    }

    private static func type(of member: TarMember) -> HeaderBlock.MemberType {
        guard member.content != .directory else { return .directory }
        return member.needsSparseHeader ? .sparseFile : .file
    }

    private func check(_ member: TarMember) throws(TarError) {
        guard member.size >= 0 else {
            throw TarError(.invalidNumber, "'\(member.path)' has the negative size \(member.size)")
        }
        guard member.modificationTime >= 0 else {
            throw TarError(
                .invalidNumber,
                "'\(member.path)' was modified before 1970, which Qdrant's reader cannot take"
            )
        }
        guard storedName(of: member).count <= limits.nameBytes else {
            throw TarError(.limitExceeded, "the name of '\(member.path)' has more than \(limits.nameBytes) bytes")
        }
        guard case .sparseFile(let map) = member.content, map.hasHoles else { return }
        if let extent = map.misalignedExtent {
            throw TarError(
                .invalidSparseMap,
                "an extent of '\(member.path)' has \(extent.length) bytes, not a multiple of 512",
                hint: "Make the sparse map with an alignment of 512 bytes."
            )
        }
        guard map.listedExtents.count <= limits.extents else {
            throw TarError(
                .limitExceeded,
                "'\(member.path)' has more than \(limits.extents) extents",
                hint: "Make the sparse map with a larger alignment."
            )
        }
    }

    private func commonHeader(name: [UInt8], size: Int64) throws(TarError) -> HeaderBlock {
        var header = HeaderBlock()
        header.set(HeaderBlock.Field.name, to: name.prefix(HeaderBlock.Field.name.count))
        header.set(HeaderBlock.Field.magic, to: HeaderBlock.Magic.gnuBytes)
        try header.setNumber(size, in: HeaderBlock.Field.size, name: "size")
        return header
    }

    private func fill(_ header: inout HeaderBlock, from member: TarMember) throws(TarError) {
        try header.setNumber(Int64(member.mode & 0o7777), in: HeaderBlock.Field.mode, name: "mode")
        try header.setNumber(Int64(member.uid), in: HeaderBlock.Field.uid, name: "owner")
        try header.setNumber(Int64(member.gid), in: HeaderBlock.Field.gid, name: "group")
        try header.setNumber(member.modificationTime, in: HeaderBlock.Field.modificationTime, name: "modification time")
    }

    /// The name as the content of a pseudo member, with the NUL that GNU tar counts.
    private func appendLongName(_ name: [UInt8], to buffer: inout ByteBuffer) throws(TarError) {
        let size = Int64(name.count + 1)
        var header = try commonHeader(name: Array("././@LongLink".utf8), size: size)
        header.bytes[HeaderBlock.Field.type] = HeaderBlock.MemberType.longName.rawValue
        let zero: Int64 = 0
        try header.setNumber(0o644, in: HeaderBlock.Field.mode, name: "mode")
        try header.setNumber(zero, in: HeaderBlock.Field.uid, name: "owner")
        try header.setNumber(zero, in: HeaderBlock.Field.gid, name: "group")
        try header.setNumber(zero, in: HeaderBlock.Field.modificationTime, name: "modification time")
        header.sealChecksum()
        buffer.writeBytes(header.bytes)
        buffer.writeBytes(name)
        buffer.writeRepeatingByte(0, count: 1 + TarParser.padding(after: size))
    }

    private func appendSparse(
        _ header: inout HeaderBlock,
        _ map: SparseMap,
        to buffer: inout ByteBuffer
    ) throws(TarError) {
        let extents = map.listedExtents
        var rest = extents.dropFirst(SparseHeader.extentsInHeader)
        try SparseHeader.put(
            extents.prefix(SparseHeader.extentsInHeader),
            into: &header,
            at: HeaderBlock.Field.sparseExtents.lowerBound
        )
        header.bytes[HeaderBlock.Field.sparseExtensionFollows] = rest.isEmpty ? 0 : 1
        try header.setNumber(map.size, in: HeaderBlock.Field.realSize, name: "real size")
        header.sealChecksum()
        buffer.writeBytes(header.bytes)
        while !rest.isEmpty {
            var block = HeaderBlock()
            try SparseHeader.put(rest.prefix(SparseHeader.extentsInExtension), into: &block, at: 0)
            rest = rest.dropFirst(SparseHeader.extentsInExtension)
            block.bytes[SparseHeader.extensionFollows] = rest.isEmpty ? 0 : 1
            buffer.writeBytes(block.bytes)
        }
    }
}
