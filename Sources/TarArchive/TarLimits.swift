/// What an archive may ask a reader to remember. Everything else is streamed.
public struct TarLimits: Sendable, Hashable {
    /// Length of one name in bytes, long names (`L`) included. Default 64 KiB; Linux allows 4 KiB.
    public var nameBytes: Int
    /// Data extents of one sparse file, 16 bytes each. Default 1 048 576: a 32 MiB file that is data and hole in turn by
    /// 4 KiB blocks has 4 096.
    public var extents: Int
    /// Names remembered to refuse a second member of the same name, the folders they lie in included. Default 262 144.
    public var paths: Int
    /// Bytes of all those names together. Default 32 MiB.
    public var pathBytes: Int

    /// Makes limits; see the properties.
    public init(
        nameBytes: Int = 64 << 10,
        extents: Int = 1 << 20,
        paths: Int = 1 << 18,
        pathBytes: Int = 32 << 20
    ) {
        self.nameBytes = nameBytes
        self.extents = extents
        self.paths = paths
        self.pathBytes = pathBytes
    }
}
