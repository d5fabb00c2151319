internal import QdrantCapture

extension RestorePointManifest {
    /// The storage of a stopped server, taken as files, in a restore point: the cold route.
    public struct StorageSummary: Sendable, Hashable, Codable {
        /// A collection of which the files are held.
        public struct Collection: Sendable, Hashable, Codable {
            /// Its name.
            public var name: String
            /// Its shard folders.
            public var shards: Int
            /// How many points the server counted right before it was stopped; `nil` when it was not asked: files do not tell.
            public var points: UInt64?
            /// How many it counted when it was started again; `nil` when it was not asked, or did not answer in time. Who writes
            /// between counting and stopping, or starting and counting, makes the two differ.
            public var pointsAfter: UInt64?

            /// Whether a number of points is one that the collection can have had when it was captured; `nil` when nobody counted.
            public func admits(_ count: UInt64) -> Bool? {
                points.map { CollectionManifest.Count(before: $0, after: pointsAfter ?? $0).admits(count) }
            }

            /// The smallest number of points that it can have had, as far as was counted.
            public var fewestPoints: UInt64? { points.map { min($0, pointsAfter ?? $0) } }

            /// For people: `12`, or `12 to 14` when the count changed around the capture.
            public var countText: String? {
                guard let points else { return nil }
                guard let after = pointsAfter, after != points else { return "\(points)" }
                return "\(min(points, after)) to \(max(points, after))"
            }
        }

        /// Where it was: a folder of the host that was backed up.
        public var path: String
        /// The volume of Docker or Podman that it belongs to.
        public var volume: String?
        /// The container that was stopped for it; `nil` when somebody else saw to it, or it did not run.
        public var container: String?
        /// For how long that was, in seconds.
        public var stoppedSeconds: Double?
        /// The image of that container.
        public var image: String?
        /// The server's version; `nil` when it was not asked: files do not tell.
        public var serverVersion: String?
        /// The collections.
        public var collections: [Collection]
        /// Collections by their aliases.
        public var aliases: [String: String]
        /// Files taken.
        public var files: Int
        /// Folders in it, itself included.
        public var directories: Int
        /// Links and the like.
        public var otherItems: Int
        /// The length of its files in bytes, holes included.
        public var bytes: Int64
        /// Of these, bytes that were on the disk.
        public var dataBytes: Int64
        /// The permissions of the folder itself: `rwx` for owner, group and others as a number.
        public var mode: UInt32
        /// Its owner's number.
        public var uid: UInt32
        /// Its group's number.
        public var gid: UInt32
        /// The ``ContentDigest`` of its tree, 64 hex digits.
        public var contentDigest: String?
        /// What was remarkable.
        public var warnings: [String]
    }

    /// Where the storage of a stopped server lies in its snapshot.
    public static let storagePath = "qdrant-storage"
}
