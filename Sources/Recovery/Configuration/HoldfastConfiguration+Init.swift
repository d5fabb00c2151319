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
        sealed: [SealedFiles] = [],
        code: [Code] = [],
        restore: Restore = .standard
    ) {
        self.init(
            version: ConfigurationSchema.version,
            repository: repository,
            system: system,
            qdrant: qdrant,
            documents: documents,
            sealed: sealed,
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
        exclude: [PathPattern] = [],
        apiKey: SecretReference? = nil,
        caCertificate: String? = nil,
        timeout: Duration = defaultTimeout
    ) {
        self.init(
            url: url,
            apiKey: apiKey,
            caCertificate: caCertificate,
            collections: collections,
            exclude: exclude,
            timeout: timeout
        )
    }
}

extension HoldfastConfiguration.Collection {
    /// Makes an entry; see the properties. A name that reads as a pattern is one.
    public init(
        _ name: String,
        method: CaptureMethod = .stream,
        goldenQueries: Int = defaultGoldenQueries,
        embedding: EmbeddingContract? = nil,
        lineage: LineageSource? = nil
    ) {
        self.init(
            name: name,
            pattern: Self.mayBePattern(name) ? try? PathPattern(name) : nil,
            method: method,
            goldenQueries: goldenQueries,
            embedding: embedding,
            lineage: lineage
        )
    }

    /// Whether a name has a character that makes it a pattern.
    static func mayBePattern(_ name: String) -> Bool {
        name.unicodeScalars.contains { "*?[{".unicodeScalars.contains($0) }
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
