public import NIOCore

/// Writes an archive in order and keeps count, so that no member gets more or fewer bytes than its header says.
///
/// A file that grows, shrinks or cannot be read to its end while it is archived would shift everything behind it. Pure: it returns
/// the bytes to send. The order is ``begin(_:)``, ``data(_:)`` as often as needed, ``endMember()``, the next member, ``finish()``.
public struct TarWriter: Sendable {
    private enum State {
        case betweenMembers
        case inMember(TarMember, left: Int64)
        case finished
    }

    private let encoder: TarEncoder
    private var paths: PathRegistry
    private var state = State.betweenMembers
    /// Bytes handed out so far.
    public private(set) var byteCount: Int64 = 0

    /// Makes a writer at the beginning of an archive.
    public init(limits: TarLimits = TarLimits()) {
        encoder = TarEncoder(limits: limits)
        paths = PathRegistry(limits: limits)
    }

    /// Begins a member.
    ///
    /// - Throws: as ``TarEncoder/header(for:)``, and `duplicatePath`, for what ``TarParser`` would refuse; `misuse` inside a member.
    public mutating func begin(_ member: TarMember) throws(TarError) -> ByteBuffer {
        guard case .betweenMembers = state else { throw misuse("begin '\(member.path)'") }
        let header = try encoder.header(for: member)
        try paths.insert(member)
        state = .inMember(member, left: member.dataSize)
        return count(header)
    }

    /// Counts the next bytes of the member's data (of its extents: holes are not sent) and passes them on.
    ///
    /// - Throws: ``TarError/Code/wrongDataLength`` when they are more than announced.
    public mutating func data(_ buffer: ByteBuffer) throws(TarError) -> ByteBuffer {
        guard case .inMember(let member, let left) = state else { throw misuse("take data") }
        guard Int64(buffer.readableBytes) <= left else {
            throw TarError(
                .wrongDataLength,
                "there are more than the \(member.dataSize) bytes announced for '\(member.path)'",
                hint: "Did the file grow while it was read?"
            )
        }
        state = .inMember(member, left: left - Int64(buffer.readableBytes))
        return count(buffer)
    }

    /// Ends the member.
    ///
    /// - Returns: the padding, which may be empty.
    /// - Throws: ``TarError/Code/wrongDataLength`` when bytes are missing.
    public mutating func endMember() throws(TarError) -> ByteBuffer {
        guard case .inMember(let member, let left) = state else { throw misuse("end a member") }
        guard left == 0 else {
            throw TarError(
                .wrongDataLength,
                "\(left) of the \(member.dataSize) bytes announced for '\(member.path)' are missing",
                hint: "Did the file shrink while it was read?"
            )
        }
        state = .betweenMembers
        return count(encoder.padding(after: member))
    }

    /// Ends the archive.
    ///
    /// - Returns: the end marker.
    public mutating func finish() throws(TarError) -> ByteBuffer {
        guard case .betweenMembers = state else { throw misuse("finish") }
        state = .finished
        return count(TarEncoder.endMarker)
    }

    private mutating func count(_ buffer: ByteBuffer) -> ByteBuffer {
        byteCount += Int64(buffer.readableBytes)
        return buffer
    }

    private func misuse(_ action: String) -> TarError {
        switch state {
        case .betweenMembers: TarError(.misuse, "cannot \(action) between members")
        case .inMember(let member, _): TarError(.misuse, "cannot \(action) inside '\(member.path)'")
        case .finished: TarError(.misuse, "cannot \(action) behind the end of the archive")
        }
    }
}
