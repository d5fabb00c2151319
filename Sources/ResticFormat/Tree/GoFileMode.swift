/// The bits of Go's `os.FileMode`, which nodes store, and their translation to and from POSIX's `st_mode`.
///
/// Source: Go io/fs, FileMode; restic internal/fs/node.go, buildBasicNode.
public enum GoFileMode {
    /// A directory.
    public static let directory: UInt32 = 1 << 31
    /// A symbolic link.
    public static let symlink: UInt32 = 1 << 27
    /// A device of either kind.
    public static let device: UInt32 = 1 << 26
    /// A named pipe.
    public static let namedPipe: UInt32 = 1 << 25
    /// A socket.
    public static let socket: UInt32 = 1 << 24
    /// Set user id on execution.
    public static let setuid: UInt32 = 1 << 23
    /// Set group id on execution.
    public static let setgid: UInt32 = 1 << 22
    /// Beside ``device``: a character device.
    public static let characterDevice: UInt32 = 1 << 21
    /// The sticky bit.
    public static let sticky: UInt32 = 1 << 20
    /// A file of some unknown kind.
    public static let irregular: UInt32 = 1 << 19
    /// The permissions of owner, group and others.
    public static let permissions: UInt32 = 0o777

    /// The bits that say what kind of file it is; none of them for a regular file.
    public static let typeMask = directory | symlink | device | namedPipe | socket | characterDevice | irregular

    // The values POSIX leaves to the system are the same on all that run this: S_IFMT and its kin.
    private static let posixTypeMask: UInt32 = 0o170000
    private static let posixTypes: [(posix: UInt32, go: UInt32)] = [
        (0o100000, 0), (0o040000, directory), (0o120000, symlink), (0o060000, device),
        (0o020000, device | characterDevice),
        (0o010000, namedPipe), (0o140000, socket),
    ]
    private static let posixBits: [(posix: UInt32, go: UInt32)] = [
        (0o4000, setuid), (0o2000, setgid), (0o1000, sticky),
    ]

    /// Go's mode for a POSIX `st_mode`; a type POSIX does not know counts as irregular.
    public static func fromPOSIX(_ mode: UInt32) -> UInt32 {
        let type = posixTypes.first { $0.posix == mode & posixTypeMask }?.go ?? irregular
        return posixBits.reduce(type | mode & permissions) { mode & $1.posix != 0 ? $0 | $1.go : $0 }
    }

    /// The POSIX `st_mode` for Go's mode; an irregular file has no type bits.
    public static func toPOSIX(_ mode: UInt32) -> UInt32 {
        let type = posixTypes.first { $0.go == mode & typeMask }?.posix ?? 0
        return type | posixPermissions(mode)
    }

    /// The twelve bits that `chmod` takes.
    public static func posixPermissions(_ mode: UInt32) -> UInt32 {
        posixBits.reduce(mode & permissions) { mode & $1.go != 0 ? $0 | $1.posix : $0 }
    }

    /// What a node with this mode is.
    ///
    /// - Returns: `nil` for bits that contradict each other.
    public static func nodeType(_ mode: UInt32) -> NodeType? {
        switch mode & typeMask {
        case 0: .file
        case directory: .dir
        case symlink: .symlink
        case device: .dev
        case device | characterDevice: .chardev
        case namedPipe: .fifo
        case socket: .socket
        case irregular: .irregular
        default: nil
        }
    }
}
