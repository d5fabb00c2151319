public import NIOCore

/// What comes next in an archive.
///
/// A member is `beginMember`, then `data` and `hole` in file order, then `endMember`. The lengths of data and holes add up to
/// the member's size.
public enum TarEvent: Sendable, Hashable {
    /// A member begins.
    case beginMember(TarMember)
    /// The next bytes of the member: never empty, a slice that shares its storage with the input.
    case data(ByteBuffer)
    /// So many zeros, which were not stored.
    case hole(Int64)
    /// The member is complete.
    case endMember
    /// The end marker was seen: nothing is missing from the archive.
    case endOfArchive
}
