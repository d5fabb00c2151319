public import ObjectStorage
public import ResticFormat

/// The kinds of files in a repository and where each lies (restic `doc/design.rst`, section *Repository Layout*).
public enum FileKind: String, CaseIterable, Sendable {
    case key = "keys"
    case index
    case snapshot = "snapshots"
    case lock = "locks"
    case pack = "data"
    /// Ours, in a folder that restic does not look at: packs that are going to be removed (decision 0010).
    case mark = "holdfast/marks"

    /// The configuration file, the only one whose name is not its hash.
    public static let config = Self.makeKey("config")

    /// The folder, as a prefix for listings.
    public var folder: ObjectKey { Self.makeKey(rawValue) }

    /// The key of one file. Packs are spread over 256 folders named for the first byte of their id.
    public func key(_ id: ResticID) -> ObjectKey {
        let name = id.hex
        return switch self {
        case .pack: Self.makeKey("data/\(name.prefix(2))/\(name)")
        default: Self.makeKey("\(rawValue)/\(name)")
        }
    }

    /// The id in a listed key, or `nil` when the file does not belong to the repository.
    public func id(in key: ObjectKey) -> ResticID? {
        ResticID(hex: key.name)
    }

    private static func makeKey(_ path: String) -> ObjectKey {
        guard let key = ObjectKey(path) else { preconditionFailure("\(path) is not a valid object key") }
        return key
    }
}
