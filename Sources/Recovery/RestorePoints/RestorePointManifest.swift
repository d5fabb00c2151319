public import ResticRepository

/// What a restore point says about itself: which snapshots belong together, and what each holds.
///
/// Stored as `holdfast/restore-point.json` in a snapshot of its own, written after all others: a restore point exists when this
/// does. The JSON is a documented contract (`docs/reference/restore-point.md`).
public struct RestorePointManifest: Sendable, Hashable, Codable {
    /// The version that this program writes, and the newest that it reads.
    public static let formatVersion = 2
    /// Where the manifest lies in its snapshot.
    public static let path = "holdfast/restore-point.json"
    /// The longest manifest that is read, in bytes.
    public static let maximumByteCount = 64 << 20

    /// One component's part.
    public struct Part: Sendable, Hashable, Codable {
        /// Which component.
        public var component: Component
        /// The snapshot that holds it, 64 hex digits.
        public var snapshot: String
        /// The snapshot's tree, 64 hex digits.
        public var tree: String
        /// When its capture began, RFC 3339.
        public var startedAt: String
        /// When its capture ended, RFC 3339.
        public var finishedAt: String
        /// Regular files in the tree.
        public var files: Int
        /// Their length in bytes, holes included.
        public var bytes: Int64
        /// The collections, for `qdrant`.
        public var collections: [CollectionSummary]
        /// The folders, for `documents`.
        public var folders: [FolderSummary]
        /// The sets of sealed files, for `configuration`; `nil` for the others.
        public var sets: [SealedSetSummary]?
        /// The checkouts, for `code`; `nil` for other components.
        public var checkouts: [CheckoutSummary]?
        /// What could not be taken as it was, for components that are not made of folders.
        public var skipped: [SkippedItem]?
        /// For `qdrant`, what `--collection` named: then this is no run about all of them.
        public var chosen: [String]?
        /// Collections that the last restore point of all collections does not have.
        public var appeared: [String]?
        /// Collections that earlier restore points have and the server has no more.
        public var vanished: [VanishedCollection]?
        /// For `qdrant`, the storage of a stopped server, when that was taken in place of collections.
        public var storage: StorageSummary?
    }

    /// A collection in a restore point; the rest is in its `collection.json`.
    public struct CollectionSummary: Sendable, Hashable, Codable {
        /// Its name.
        public var name: String
        /// Exact number of points when it was captured.
        public var points: UInt64
        /// Its shards.
        public var shards: Int
        /// How it was captured.
        public var method: String
        /// The server's version.
        public var serverVersion: String
        /// Golden queries recorded.
        public var goldenQueries: Int
        /// The aliases that pointed to it.
        public var aliases: [String]
        /// Files of its shards.
        public var files: Int
        /// Their length in bytes, holes included.
        public var bytes: Int64
        /// Of these, bytes that were transferred.
        public var dataBytes: Int64
        /// What was remarkable.
        public var warnings: [String]
        /// When its capture began, RFC 3339.
        public var startedAt: String?
        /// When its capture ended, RFC 3339.
        public var finishedAt: String?
        /// What its vectors are made with, as declared, and whether it has such vectors.
        public var embedding: EmbeddingRecord?
        /// Which documents it has points of; lists of up to ``LineageReport/listLimit`` entries.
        public var lineage: LineageReport?
    }

    /// A folder of documents in a restore point.
    public struct FolderSummary: Sendable, Hashable, Codable {
        /// Its name in restore points.
        public var name: String
        /// Where it was.
        public var path: String
        /// Files taken.
        public var files: Int
        /// Folders in it, itself included.
        public var directories: Int
        /// Links and the like.
        public var otherItems: Int
        /// The length of its files in bytes.
        public var bytes: Int64
        /// What could not be taken as it was.
        public var skipped: [SkippedItem]
        /// When its capture began, RFC 3339.
        public var startedAt: String?
        /// When its capture ended, RFC 3339.
        public var finishedAt: String?
        /// Its files by extension: ASCII letters small, empty for none, `*` for the rarest of more than 200.
        public var extensions: [String: FileCount]?
        /// The ``ContentDigest`` of its tree, 64 hex digits.
        public var contentDigest: String?
    }

    /// A checkout in a restore point; the rest is in its `code.json` (``CodeManifest``).
    public struct CheckoutSummary: Sendable, Hashable, Codable {
        /// Its name in restore points.
        public var name: String
        /// Where it was.
        public var path: String
        /// The checked-out commit; `nil` before the first one.
        public var commit: String?
        /// The checked-out branch; `nil` when `HEAD` is detached.
        public var branch: String?
        /// The commit as `git describe` puts it.
        public var describe: String?
        /// Commits that lead to the checked-out one, itself included.
        public var commits: Int
        /// Files that differed from the commit.
        public var changedFiles: Int
        /// Files that were not tracked and not ignored.
        public var untrackedFiles: Int
        /// Files that were left out because they look like secrets, and repositories within.
        public var leftOut: Int
        /// Submodules, whose content is not in the bundles.
        public var submodules: Int
        /// Bundles that it is rebuilt from.
        public var bundles: Int
        /// Their length in bytes.
        public var bundleBytes: Int64
        /// What could not be taken as it was.
        public var skipped: [SkippedItem]
        /// What was remarkable.
        public var warnings: [String]

        /// Whether something was not committed.
        public var isDirty: Bool { changedFiles > 0 || untrackedFiles > 0 || leftOut > 0 }
    }

    /// Something that a repaired restore point lacks.
    public struct MissingItem: Sendable, Hashable, Codable {
        /// The component it belonged to.
        public var component: Component
        /// The file or folder; a path in the component's snapshot.
        public var path: String
        /// What became of it.
        public var kind: RepairLoss.Kind
        /// Bytes of content that are gone, where that is known.
        public var lostBytes: Int64
    }

    /// The version of this file.
    public var format: Int
    /// The id: 8 hex digits.
    public var id: String
    /// The protected system's name.
    public var system: String
    /// When the run began, RFC 3339.
    public var startedAt: String
    /// When the last capture ended, RFC 3339.
    public var finishedAt: String
    /// The program and its version.
    public var tool: String
    /// The parts, in the order of capture.
    public var parts: [Part]
    /// The restore point of which this one is a repaired copy; `nil` for one that a backup made.
    public var repairedFrom: String?
    /// What a repaired copy lacks; `nil` for a restore point that a backup made.
    public var missing: [MissingItem]?

    /// Versions of what took part, by the name of the program.
    public var versions: [String: String]?
    /// At most so many seconds lie between the moments of which two things in this restore point are.
    public var skewSeconds: Double?

    /// Whether something that was backed up is not in it any more.
    public var isIncomplete: Bool { !(missing ?? []).isEmpty }

    /// The files and folders of a collection that a repair found lost.
    public func losses(ofCollection name: String) -> [String] {
        (missing ?? []).map(\.path).filter { $0.hasPrefix("/qdrant/\(name)/") }
    }

    /// The part of a component, when the restore point has one.
    public subscript(component: Component) -> Part? {
        parts.first { $0.component == component }
    }

    /// Everything that was skipped, of all components.
    public var skipped: [SkippedItem] {
        parts.flatMap { part -> [SkippedItem] in
            var skipped = part.skipped ?? []
            for folder in part.folders { skipped += folder.skipped }
            for set in part.sets ?? [] { skipped += set.skipped }
            for checkout in part.checkouts ?? [] { skipped += checkout.skipped }
            return skipped
        }
    }

    /// Where a folder of documents lies in its snapshot.
    public static func path(ofFolder name: String) -> String { "documents/\(name)" }
}
