/// A file or directory of an archive, without its bytes.
public struct TarMember: Sendable, Hashable {
    /// What a member is.
    public enum Content: Sendable, Hashable {
        /// A directory.
        case directory
        /// A regular file whose bytes are all stored; size in bytes, not negative.
        case file(size: Int64)
        /// A regular file with holes. A map without holes is the same as ``file(size:)``, and is written as that.
        case sparseFile(SparseMap)
    }

    /// Its name.
    public var path: TarPath
    /// What it is.
    public var content: Content
    /// Permission bits, 0 … 0o7777; the type bits that Qdrant writes along are dropped.
    public var mode: UInt32
    /// Numeric owner.
    public var uid: UInt32
    /// Numeric group.
    public var gid: UInt32
    /// Last modification in seconds since 1970-01-01 00:00 UTC, not negative.
    public var modificationTime: Int64

    /// Makes a member; see the properties. The defaults are what Qdrant gives to members it writes from memory.
    public init(
        path: TarPath,
        content: Content,
        mode: UInt32 = 0o644,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        modificationTime: Int64 = 0
    ) {
        self.path = path
        self.content = content
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modificationTime = modificationTime
    }

    /// The length of the file in bytes, holes included; 0 for a directory.
    public var size: Int64 {
        switch content {
        case .directory: 0
        case .file(let size): size
        case .sparseFile(let map): map.size
        }
    }

    /// The data of the file, ascending; empty for directories and for files that are nothing but a hole.
    public var extents: [SparseMap.Extent] {
        switch content {
        case .directory, .file(size: 0): []
        case .file(let size): [SparseMap.Extent(offset: 0, length: size)]
        case .sparseFile(let map): map.extents
        }
    }

    /// How many bytes of data the archive holds for it, without headers and padding.
    public var dataSize: Int64 {
        switch content {
        case .directory: 0
        case .file(let size): size
        case .sparseFile(let map): map.dataSize
        }
    }

    /// Whether it has to be written as a sparse member.
    var needsSparseHeader: Bool {
        guard case .sparseFile(let map) = content else { return false }
        return map.hasHoles
    }
}
