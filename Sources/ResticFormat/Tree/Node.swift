/// A file, a directory or something else with a name in a tree.
///
/// Sources: restic doc/design.rst, section Trees and Data; restic internal/data/node.go.
public struct Node: Hashable, Sendable {
    /// The name without any path: the bytes the file system has, which need not be UTF-8.
    public var name: [UInt8]
    /// What it is.
    public var type: NodeType
    /// Permissions and kind as Go's `os.FileMode`; see ``GoFileMode``.
    public var mode: UInt32
    /// When the content was changed last.
    public var mtime: GoTime
    /// When it was read last.
    public var atime: GoTime
    /// When the inode was changed last.
    public var ctime: GoTime
    /// The owner's id.
    public var uid: UInt32
    /// The group's id.
    public var gid: UInt32
    /// The owner's name; empty if not known.
    public var user: String
    /// The group's name; empty if not known.
    public var group: String
    /// The inode's number on its device; 0 if not known.
    public var inode: UInt64
    /// The device the inode is on, `st_dev`; 0 if not known.
    public var deviceID: UInt64
    /// The length of a file in bytes.
    public var size: UInt64
    /// How many names the inode has; nodes of equal ``inode`` and ``deviceID`` are hard links to one.
    public var links: UInt64
    /// Where a symbolic link points; any bytes.
    public var linkTarget: [UInt8]?
    /// The extended attributes in the order they were listed.
    public var extendedAttributes: [ExtendedAttribute]
    /// Attributes of particular operating systems.
    public var genericAttributes: GenericAttributes?
    /// Which device a device file stands for, `st_rdev`.
    public var device: UInt64
    /// The data blobs whose plaintexts make up a file, in order; empty for an empty file, `nil` for what is no file.
    public var content: [ResticID]?
    /// The tree blob of a directory.
    public var subtree: ResticID?
    /// What went wrong while it was backed up.
    public var error: String?

    /// Makes a node; see the properties. Times not given are ``GoTime/zero``.
    public init(
        name: [UInt8],
        type: NodeType,
        mode: UInt32 = 0,
        mtime: GoTime = .zero,
        atime: GoTime = .zero,
        ctime: GoTime = .zero,
        uid: UInt32 = 0,
        gid: UInt32 = 0,
        user: String = "",
        group: String = "",
        inode: UInt64 = 0,
        deviceID: UInt64 = 0,
        size: UInt64 = 0,
        links: UInt64 = 0,
        linkTarget: [UInt8]? = nil,
        extendedAttributes: [ExtendedAttribute] = [],
        genericAttributes: GenericAttributes? = nil,
        device: UInt64 = 0,
        content: [ResticID]? = nil,
        subtree: ResticID? = nil,
        error: String? = nil
    ) {
        self.name = name
        self.type = type
        self.mode = mode
        self.mtime = mtime
        self.atime = atime
        self.ctime = ctime
        self.uid = uid
        self.gid = gid
        self.user = user
        self.group = group
        self.inode = inode
        self.deviceID = deviceID
        self.size = size
        self.links = links
        self.linkTarget = linkTarget
        self.extendedAttributes = extendedAttributes
        self.genericAttributes = genericAttributes
        self.device = device
        self.content = content
        self.subtree = subtree
        self.error = error
    }

    /// The name as text; what is not UTF-8 in it shows as U+FFFD.
    public var nameString: String { String(decoding: name, as: UTF8.self) }

    /// The twelve permission bits that `chmod` takes.
    public var posixPermissions: UInt32 { GoFileMode.posixPermissions(mode) }

    /// The POSIX `st_mode`.
    public var posixMode: UInt32 { GoFileMode.toPOSIX(mode) }
}

extension Node {
    /// The longest name that is taken, in bytes. Linux allows 255, Windows 255 UTF-16 units, which are 765 bytes at
    /// most.
    public static let maximumNameLength = 1024

    /// Refuses names that would lead out of the directory they are restored into, or that no file system has.
    ///
    /// - Throws: `invalidName` for an empty name, `.`, `..`, one with a slash or a zero byte, or one that is too long.
    public static func checkName(_ name: [UInt8]) throws(ResticFormatError) {
        let dot = UInt8(ascii: ".")
        guard !name.isEmpty, name.count <= maximumNameLength, name != [dot], name != [dot, dot],
            !name.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
        else {
            throw ResticFormatError(
                .invalidName,
                "a tree holds a node with the impossible name \(Self.printable(name))",
                hint: "Do not restore from this tree: whoever wrote it may have meant to write outside the target."
            )
        }
    }

    /// A name as it may stand in a message: quoted, and cut when it is long.
    static func printable(_ name: [UInt8]) -> String {
        let quoted = GoQuoting.quote(Array(name.prefix(80)))
        return "\"\(String(decoding: quoted, as: UTF8.self))\"\(name.count > 80 ? "…" : "")"
    }
}
