public import FoundationEssentials
public import QdrantCapture
internal import RcloneStorage
public import ResticRepository
public import S3Storage

/// What `holdfast.yaml` says: which system is protected, where its backups go, how it is reached.
///
/// A value of this type has been checked: names are valid and unique, addresses parse, paths are absolute, patterns can
/// match. Whether the places it names exist is for the commands to find out. It holds no secret, only where to get each.
public struct HoldfastConfiguration: Sendable, Hashable {
    /// The name under which commands look for the file.
    public static let defaultFileName = "holdfast.yaml"
    /// The largest file that is read, in bytes.
    public static let maximumFileSize = 1 << 20

    /// The version of the schema that the file was written for.
    public var version: Int
    /// Where backups are stored.
    public var repository: Repository
    /// The name of the protected system: the host name and tag of its snapshots.
    public var system: String
    /// The Qdrant server and what of it is protected; `nil` when only documents are.
    public var qdrant: Qdrant?
    /// The folders of documents that are protected; empty when only Qdrant is.
    public var documents: [Documents]
    /// The sets of files that are sealed before they are stored: the section `configuration`.
    public var sealed: [SealedFiles] = []
    /// The checkouts of the application that are protected.
    public var code: [Code] = []
    /// What a restore has to reach before it counts as verified.
    public var restore: Restore
    /// The checks of the running system, in order.
    public var probes: [Probe] = []
    /// What a recovery does besides restoring.
    public var recovery = RecoverySettings()
    /// What `holdfast forget` keeps.
    public var retention = RetentionRules()
    /// Where drills restore to.
    public var drill = DrillSettings()
    /// The further entries of `repositories`: a backup is copied to each; empty when there is one repository.
    public var otherRepositories: [Repository] = []
    /// What was questionable in the file, but no reason to refuse it.
    public var warnings: [ConfigurationDiagnostic] = []

    /// Where backups are stored, and how.
    public struct Repository: Sendable, Hashable {
        /// The folder or bucket.
        public var location: RepositoryLocation
        /// Where its password is to be had.
        public var password: SecretReference
        /// How hard new data is compressed.
        public var compression: CompressionMode
        /// Its name among several; `repository` when it is the only one.
        public var name = "repository"
        /// The most that is sent, in bytes a second; `nil` for no limit.
        public var uploadLimit: Int64?
        /// The most that is read, in bytes a second; `nil` for no limit.
        public var downloadLimit: Int64?
        /// The program that reaches a place behind rclone: a name to be searched in `PATH`, or a path.
        public var rcloneProgram = "rclone"
        /// How a place in an S3 service is used; has no effect on others.
        public var s3 = S3()
        /// What the place costs, to estimate what a run costs.
        public var prices: StoragePrices?
        /// What `holdfast forget` keeps in it; `nil` for what the configuration says for all.
        public var retention: RetentionRules?
    }

    /// The place of a repository.
    public enum RepositoryLocation: Sendable, Hashable, CustomStringConvertible {
        /// A folder on a disk of this machine: its absolute path.
        case folder(String)
        /// A place that the program rclone reaches, by rclone's name for it: `REMOTE:PATH`.
        case rclone(String)
        /// A bucket of an S3 service, and what keys in it begin with.
        case s3(S3Location)

        /// The place as a user would write it, without what may be a secret in it.
        public var description: String {
            switch self {
            case .folder(let path): path
            case .rclone(let remote): "rclone:\(RcloneRemote(remote))"
            case .s3(let location): location.description
            }
        }
    }

    /// A Qdrant server and what of it is protected.
    public struct Qdrant: Sendable, Hashable {
        /// Longest time one request may take unless the file says otherwise.
        public static let defaultTimeout = Duration.seconds(30)

        /// The base of its REST API: `http` or `https`, no credentials, query or fragment, no slash at the end.
        public var url: URL
        /// Where the API key is to be had, if the server wants one.
        public var apiKey: SecretReference?
        /// Absolute path of a PEM file with the authorities to trust instead of the system's.
        public var caCertificate: String?
        /// The collections that are protected, each once, by name or pattern; empty for all.
        public var collections: [Collection]
        /// Patterns of collections that are left out, unless an entry of `collections` is their very name.
        public var exclude: [PathPattern] = []
        /// How long the server may take to answer, or to send the next bytes of an answer.
        public var timeout: Duration
        /// The storage that is backed up as files while the server is stopped; `nil` when it is asked while it runs.
        public var cold: Cold?
    }

    /// A collection that is protected, or the options for all that match a pattern.
    public struct Collection: Sendable, Hashable {
        /// Golden queries recorded unless the file says otherwise.
        public static let defaultGoldenQueries = 5

        /// Its name on the server, an alias of it, or a pattern.
        public var name: String
        /// The name as a pattern, when it is one; a collection of exactly this name matches, too.
        public var pattern: PathPattern?
        /// The road by which it is read.
        public var method: CaptureMethod
        /// How many points are sampled for golden queries, 0…100.
        public var goldenQueries: Int
        /// What its vectors are made with, as declared.
        public var embedding: EmbeddingContract?
        /// How its points name the documents they were made from.
        public var lineage: LineageSource?
    }

    /// A folder of documents that is protected.
    public struct Documents: Sendable, Hashable {
        /// Its name in restore points: letters, digits, `.`, `_`, `-`; unique.
        public var name: String
        /// Its absolute path.
        public var path: String
        /// Which files in it.
        public var selection: PathSelection
    }

    /// A checkout of `git` that is protected.
    public struct Code: Sendable, Hashable {
        /// Its name in restore points: letters, digits, `.`, `_`, `-`; unique.
        public var name: String
        /// The absolute path of the folder that holds `.git`, or of a bare repository.
        public var path: String
        /// Whether commits are stored, so that a restore does not need the remote.
        public var bundle: Bool
        /// Whether files that git does not know and does not ignore are stored.
        public var untracked: Bool

        /// Makes an entry; see the properties.
        public init(_ name: String, path: String, bundle: Bool = true, untracked: Bool = true) {
            self.name = name
            self.path = path
            self.bundle = bundle
            self.untracked = untracked
        }
    }

    /// What a restore has to reach before it counts as verified.
    public struct Restore: Sendable, Hashable {
        /// What holds unless the file says otherwise.
        public static let standard = Restore(greenWithin: .seconds(300), scoreTolerance: 0.0001)

        /// How long a restored collection may take until its status is green.
        public var greenWithin: Duration
        /// How far a golden query's score may be from the recorded one, as an absolute difference.
        public var scoreTolerance: Double
    }
}
