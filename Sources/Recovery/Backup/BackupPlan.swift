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
    /// Which collections; `nil` for none.
    public var collections: CollectionSelection?
    /// The server's storage, to be taken while it is stopped, in place of collections; `nil` for none.
    public var cold: HoldfastConfiguration.Qdrant?
    /// The folders, in order.
    public var folders: [HoldfastConfiguration.Documents]
    /// The checkouts, in order.
    public var checkouts: [HoldfastConfiguration.Code] = []
    /// Absolute paths of folders that never belong to a checkout: that of the repository.
    public var leavingOut: [String] = []

    /// The sets of files that are sealed, in order.
    public var sealed: [HoldfastConfiguration.SealedFiles] = []
    /// The configuration that the run is made by, of which a copy without secrets is kept.
    public var configuration: HoldfastConfiguration?

    /// Makes a plan of collections that are found when it is executed.
    public init(
        system: String,
        selecting collections: CollectionSelection?,
        folders: [HoldfastConfiguration.Documents],
        sealed: [HoldfastConfiguration.SealedFiles] = [],
        configuration: HoldfastConfiguration? = nil
    ) {
        self.system = system
        self.collections = collections
        self.folders = folders
        self.sealed = sealed
        self.configuration = configuration
    }

    /// Makes a plan of collections that are known.
    public init(
        system: String,
        collections: [Collection],
        folders: [HoldfastConfiguration.Documents],
        sealed: [HoldfastConfiguration.SealedFiles] = []
    ) {
        let entries = collections.map { collection in
            var entry = HoldfastConfiguration.Collection(collection.name)
            entry.pattern = nil
            entry.method = collection.options.method
            entry.goldenQueries = collection.options.goldenQueries
            return entry
        }
        self.init(
            system: system,
            selecting: entries.isEmpty ? nil : CollectionSelection(entries: entries),
            folders: folders,
            sealed: sealed
        )
    }
}
