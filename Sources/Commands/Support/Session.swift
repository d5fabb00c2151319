internal import FoundationEssentials
internal import Logging
internal import ObjectStorage
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// What a command works with: the configuration, and from it the repository and the server.
struct Session: Sendable {
    let configuration: HoldfastConfiguration
    let logger: Logger
    /// Where indexes are kept to open repositories faster; `nil` for nowhere.
    let indexCache: IndexCache?
    /// The store of the repository in use, and what it was asked so far. One for all of a command: what it needs to be reached
    /// lives as long.
    let counting: CountingStore

    /// Reads the configuration; its remarks go to standard error.
    init(_ options: CommonOptions) throws {
        let configuration = try HoldfastConfiguration.load(from: options.configurationPath)
        for warning in configuration.warnings { options.remark(warning.rendered) }
        self.init(
            try Self.choosing(options.repositoryName, in: configuration),
            logger: options.logger,
            indexCache: options.noCache ? nil : Self.cacheFolder().map { IndexCache(folder: $0) }
        )
    }

    init(_ configuration: HoldfastConfiguration, logger: Logger, indexCache: IndexCache? = nil) {
        self.configuration = configuration
        self.logger = logger
        self.indexCache = indexCache
        counting = RepositoryStore.make(configuration.repository, logger: logger)
    }

    /// The configuration with one of its repositories as the only one, and the rules that hold for it.
    ///
    /// - Parameter name: `nil` for the first, with the others beside it.
    private static func choosing(_ name: String?, in configuration: HoldfastConfiguration) throws
        -> HoldfastConfiguration
    {
        var chosen = configuration
        if let name {
            let all = [configuration.repository] + configuration.otherRepositories
            guard let repository = all.first(where: { $0.name == name }) else {
                throw RecoveryError(
                    .notConfigured,
                    "the configuration names no repository '\(name)'",
                    hint: "Its repositories are: \(all.map(\.name).joined(separator: ", "))."
                )
            }
            chosen.repository = repository
            chosen.otherRepositories = []
        }
        chosen.retention = chosen.repository.retention ?? configuration.retention
        return chosen
    }

    /// The same with another of the repositories.
    func using(_ repository: HoldfastConfiguration.Repository) -> Session {
        var configuration = configuration
        configuration.repository = repository
        configuration.otherRepositories = []
        return Session(configuration, logger: logger, indexCache: indexCache)
    }

    /// The same with another server, at which everything else of `qdrant` holds.
    ///
    /// - Throws: ``/Recovery/RecoveryError/Code/notConfigured`` when no server is configured, or the text is no address.
    func withServer(_ text: String) throws -> Session {
        var configuration = configuration
        guard configuration.qdrant != nil else {
            throw RecoveryError(
                .notConfigured,
                "the configuration names no Qdrant server that another could take the place of",
                hint: "Add 'qdrant.url' and 'qdrant.collections'."
            )
        }
        guard (try? QdrantEndpoint(url: text)) != nil, let url = URL(string: text) else {
            throw RecoveryError(
                .notConfigured,
                "'--qdrant-url' is not a valid address of http or https",
                hint: "Write for example 'http://127.0.0.1:6333'."
            )
        }
        configuration.qdrant?.url = url
        return Session(configuration, logger: logger, indexCache: indexCache)
    }

    /// `holdfast` in the user's folder for caches (XDG Base Directory Specification 0.8: a relative path there is invalid).
    ///
    /// - Returns: `nil` where there is none: services often have no home.
    private static func cacheFolder(
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder + "/holdfast" }
        guard let home = environment["HOME"], home.hasPrefix("/"), home != "/" else { return nil }
        return home + "/.cache/holdfast"
    }

    /// The store of the configured repository.
    var store: any ObjectStore { counting }

    var repositoryOptions: Repository.Options {
        var options = Repository.Options()
        options.compression = configuration.repository.compression
        options.logger = logger
        return options
    }

    /// The repository's password: from where the configuration says, or asked for when that is an environment variable that is
    /// not set and somebody sits there.
    func password() async throws -> [UInt8] {
        do {
            let secret = try await configuration.repository.password.resolve()
            for warning in secret.warnings { logger.warning("\(warning)") }
            return secret.reveal()
        } catch let error as SecretError where error.code == .notSet && Console.canAsk {
            guard let typed = Console.askSecret("password of the repository: "), !typed.isEmpty else { throw error }
            return typed
        }
    }

    func openRepository() async throws -> Repository {
        try await Repository.open(in: store, password: password(), options: repositoryOptions)
    }

    /// As ``withRepository(_:)`` for what is going to store much: when the lock of a dead process lay there, what that run has stored
    /// and could not name any more is taken over first.
    func withRepositoryForWriting<Value: Sendable>(
        _ body: @escaping @Sendable (IndexedRepository) async throws -> Value
    ) async throws -> Value {
        let repository = try await openRepository()
        return try await repository.withLock(.shared, clock: SystemWallClock(), timing: Self.patientTiming) {
            (own: OwnLock) in
            let indexed = try await repository.loadIndex(cache: indexCache)
            let adopted = try await indexed.adoptLeftovers(under: own)
            if adopted.packCount > 0 {
                logger.notice(
                    "took over what an earlier run had stored before it died",
                    metadata: ["packs": "\(adopted.packCount)", "bytes": "\(adopted.byteCount)"]
                )
            }
            return try await body(indexed)
        }
    }

    /// Opens the repository, holds a shared lock, reads the index, and runs `body`.
    func withRepository<Value: Sendable>(_ body: @escaping @Sendable (IndexedRepository) async throws -> Value)
        async throws -> Value
    {
        let repository = try await openRepository()
        return try await repository.withLock(.shared, timing: Self.patientTiming) {
            try await body(repository.loadIndex(cache: indexCache))
        }
    }

    /// Waits out the moment in which a prune holds the repository alone, and no more: whoever holds it longer is named at once
    /// rather than after minutes.
    static var patientTiming: LockTiming {
        var timing = LockTiming()
        timing.patience = .seconds(10)
        timing.retryInterval = .milliseconds(500)
        return timing
    }

    /// Runs `body` with a client of the configured server.
    func withClient<Value>(_ body: (QdrantClient) async throws -> Value) async throws -> Value {
        guard let qdrant = configuration.qdrant else {
            throw RecoveryError(
                .notConfigured,
                "the configuration names no Qdrant server",
                hint: "Add 'qdrant.url'."
            )
        }
        let key = try await qdrant.apiKey?.resolve().revealText()
        let endpoint = try QdrantEndpoint(
            url: qdrant.url.absoluteString,
            apiKey: key.map { QdrantAPIKey($0) },
            tls: QdrantTLS(authorityFile: qdrant.caCertificate),
            timeouts: QdrantTimeouts(request: qdrant.timeout, readIdle: qdrant.timeout * 10)
        )
        return try await withQdrantClient(endpoint: endpoint, logger: logger) { client in try await body(client) }
    }

    /// As ``withRepository(_:)`` for a `body` that only reads: also from a disk that is full or read-only.
    ///
    /// - Parameter provesIndex: reads the index from the repository and not from the cache, for what proves that a restore elsewhere,
    ///   where there is no cache, would succeed.
    func withRepositoryForReading<Value: Sendable>(
        provesIndex: Bool = false,
        _ body: @escaping @Sendable (IndexedRepository) async throws -> Value
    ) async throws -> Value {
        let repository = try await openRepository()
        return try await repository.withReadingLock(timing: Self.patientTiming) {
            try await body(repository.loadIndex(cache: provesIndex ? nil : indexCache))
        }
    }

    /// As ``withClient(_:)`` when a server is configured and wanted, else without.
    func withOptionalClient<Value>(_ isWanted: Bool, _ body: (QdrantClient?) async throws -> Value) async throws
        -> Value
    {
        guard isWanted, configuration.qdrant != nil else { return try await body(nil) }
        return try await withClient { try await body($0) }
    }
}
