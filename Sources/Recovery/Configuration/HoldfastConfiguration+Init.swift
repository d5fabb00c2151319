public import FoundationEssentials
public import QdrantCapture
public import ResticRepository

/// Making a configuration without a file, as the demo does. The values are taken as they are: only the reader checks.
extension HoldfastConfiguration {
    /// Makes a configuration; see the properties.
    public init(
        repository: Repository,
        system: String,
        qdrant: Qdrant? = nil,
        documents: [Documents] = [],
        code: [Code] = [],
        restore: Restore = .standard
    ) {
        self.init(
            version: ConfigurationSchema.version,
            repository: repository,
            system: system,
            qdrant: qdrant,
            documents: documents,
            code: code,
            restore: restore,
            warnings: []
        )
    }
}

extension HoldfastConfiguration.Repository {
    /// Makes the section; see the properties.
    public init(
        _ location: HoldfastConfiguration.RepositoryLocation,
        password: SecretReference,
        compression: CompressionMode = .auto
    ) {
        self.init(location: location, password: password, compression: compression)
    }
}

extension HoldfastConfiguration.Qdrant {
    /// Makes the section; see the properties.
    public init(
        _ url: URL,
        collections: [HoldfastConfiguration.Collection],
        apiKey: SecretReference? = nil,
        caCertificate: String? = nil,
        timeout: Duration = defaultTimeout
    ) {
        self.init(url: url, apiKey: apiKey, caCertificate: caCertificate, collections: collections, timeout: timeout)
    }
}

extension HoldfastConfiguration.Collection {
    /// Makes an entry; see the properties.
    public init(
        _ name: String,
        method: CaptureMethod = .stream,
        goldenQueries: Int = defaultGoldenQueries
    ) {
        self.init(name: name, method: method, goldenQueries: goldenQueries)
    }
}

extension HoldfastConfiguration.Documents {
    /// Makes an entry; see the properties.
    public init(_ name: String, path: String, selection: PathSelection = .everything) {
        self.init(name: name, path: path, selection: selection)
    }
}

extension HoldfastConfiguration.Restore {
    /// Makes the section; see the properties.
    public init(_ greenWithin: Duration, scoreTolerance: Double) {
        self.init(greenWithin: greenWithin, scoreTolerance: scoreTolerance)
    }
}
