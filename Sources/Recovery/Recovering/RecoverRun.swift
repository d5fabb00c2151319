public import Logging
public import QdrantClient
public import ResticRepository

/// Recovers a system: assess, prepare, restore in order, verify, re-ingest, watch (the operators' handbook, Full System Recovery
/// Process).
///
/// Assessing and preparing change nothing. Every step of ``run(_:observer:)`` is a gate: what does not verify stops it there, and the
/// next run goes on from the last step that has ended.
public struct RecoverRun: Sendable {
    let configuration: HoldfastConfiguration
    let repository: IndexedRepository
    let client: QdrantClient?
    let options: RecoverOptions
    let store: any RecoveryStateStore
    let environment: [String: String]
    let identities: ConfigurationIdentities
    let clock: any WallClock
    let logger: Logger
    let progress: any ProgressSink
    let toolVersion: String
    let stopped: StoppedContainers

    /// - Parameters:
    ///   - client: `nil` when no server is configured or no collection is wanted.
    ///   - store: where the progress is kept.
    ///   - environment: what `env:` looks in, and what hooks, probes and the re-ingestion get.
    ///   - stopped: where stopped containers are noted; `nil` for the user's folder for state.
    ///   - identities: what opens sealed configuration, asked for when something of it has to be written.
    public init(
        _ configuration: HoldfastConfiguration,
        from repository: IndexedRepository,
        client: QdrantClient?,
        options: RecoverOptions = RecoverOptions(),
        store: any RecoveryStateStore,
        environment: [String: String],
        identities: ConfigurationIdentities = ConfigurationIdentities(),
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        progress: any ProgressSink = SilentProgress(),
        toolVersion: String,
        stopped: StoppedContainers? = nil
    ) {
        self.configuration = configuration
        self.repository = repository
        self.client = client
        self.options = options
        self.store = store
        self.environment = configuration.withoutPassword(environment)
        self.identities = identities
        self.clock = clock
        self.logger = logger
        self.progress = progress
        self.toolVersion = toolVersion
        self.stopped = stopped ?? StoppedContainers(environment: environment)
    }

    /// The recoveries of the components that the restore point has and that are chosen, in order.
    func makeRecoveries(_ point: RestorePoint, _ state: RecoveryState?) -> [any ComponentRecovery] {
        let context = makeContext(point)
        let all: [any ComponentRecovery] = [
            qdrantRecovery(context, state),
            DocumentsRecovery(context: context),
            ConfigurationRecovery(context: context, identities: identities),
            CodeRecovery(context: context, environment: environment),
        ]
        return all.filter { options.chooses($0.component) && point.manifest[$0.component] != nil }
    }

    private func qdrantRecovery(_ context: RecoveryContext, _ state: RecoveryState?) -> any ComponentRecovery {
        guard context.point.manifest[.qdrant]?.storage != nil else {
            return QdrantRecovery(context: context, client: client, unfinished: state?.unfinished ?? [:])
        }
        return ColdRecovery(context: context, client: client, environment: environment, stopped: stopped)
    }

    func makeContext(_ point: RestorePoint) -> RecoveryContext {
        RecoveryContext(
            configuration: configuration,
            repository: repository,
            point: point,
            options: options,
            clock: clock,
            logger: logger,
            progress: progress
        )
    }

    /// What the progress is kept under: one for each system and place it is recovered to.
    var stateKey: String {
        let scope = [options.target ?? "", options.qdrantURL ?? ""]
        let place = scope == ["", ""] ? "" : "-" + StableHash.text(scope.joined(separator: "\u{0}"))
        return "\(configuration.system)-\(repository.repository.id.prefix(8))\(place)"
    }
}

extension HoldfastConfiguration {
    /// The components that the configuration protects.
    var protectedComponents: Set<Component> {
        var components: Set<Component> = []
        if qdrant != nil { components.insert(.qdrant) }
        if !documents.isEmpty { components.insert(.documents) }
        if !sealed.isEmpty { components.insert(.configuration) }
        if !code.isEmpty { components.insert(.code) }
        return components
    }

    /// An environment for other programs: the repository's password is none of their business.
    public func withoutPassword(_ environment: [String: String]) -> [String: String] {
        guard case .environment(let name) = repository.password else { return environment }
        var environment = environment
        environment[name] = nil
        return environment
    }
}

/// A short name for a text that is the same in every process.
enum StableHash {
    /// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv): for names of files, not against anybody's will.
    static func text(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
