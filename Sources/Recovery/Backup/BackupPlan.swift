public import QdrantCapture

/// What is to be backed up: a value that a dry run prints and a run executes.
public struct BackupPlan: Sendable {
    /// A collection and how to read it.
    public struct Collection: Sendable {
        /// Its name or an alias.
        public var name: String
        /// How.
        public var options: CollectionCapture.Options

        /// Makes a collection's plan.
        public init(name: String, options: CollectionCapture.Options) {
            self.name = name
            self.options = options
        }
    }

    /// The protected system's name.
    public var system: String
    /// The collections, in order.
    public var collections: [Collection]
    /// The folders, in order.
    public var folders: [HoldfastConfiguration.Documents]
    /// The checkouts, in order.
    public var checkouts: [HoldfastConfiguration.Code] = []
    /// Absolute paths of folders that never belong to a checkout: that of the repository.
    public var leavingOut: [String] = []

    /// Makes a plan.
    public init(system: String, collections: [Collection], folders: [HoldfastConfiguration.Documents]) {
        self.system = system
        self.collections = collections
        self.folders = folders
    }
}
