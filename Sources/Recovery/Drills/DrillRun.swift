internal import Foundation
public import Logging
internal import QdrantClient
internal import ResticFormat
public import ResticRepository

/// Restores a restore point into a scratch place, compares it, and takes the place down again.
///
/// Nothing of the live system is touched. What the drill made it removes, also when it fails or is cancelled.
public struct DrillRun: Sendable {
    let plan: DrillPlan
    let repository: IndexedRepository
    let configuration: HoldfastConfiguration
    let options: Options
    let clock: any WallClock
    let logger: Logger
    let progress: any ProgressSink
    let onCheck: @Sendable (CheckResult) -> Void

    /// How a drill goes about it.
    public struct Options: Sendable {
        /// Where; in place of what the configuration says.
        public var settings: DrillSettings
        /// Where the embedded Qdrant is, for `embedded`.
        public var embedded: EmbeddedQdrantPlace?
        /// What opens sealed configuration.
        public var identities = ConfigurationIdentities()
        /// Leaves the scratch folder behind.
        public var keepsFolder = false

        /// Makes options.
        public init(_ settings: DrillSettings, embedded: EmbeddedQdrantPlace? = nil) {
            self.settings = settings
            self.embedded = embedded
        }
    }

    /// - Parameter onCheck: called as each check ends.
    public init(
        _ plan: DrillPlan,
        from repository: IndexedRepository,
        _ configuration: HoldfastConfiguration,
        options: Options,
        clock: any WallClock = SystemWallClock(),
        logger: Logger,
        progress: any ProgressSink = SilentProgress(),
        onCheck: @escaping @Sendable (CheckResult) -> Void = { _ in }
    ) {
        self.plan = plan
        self.repository = repository
        self.configuration = configuration
        self.options = options
        self.clock = clock
        self.logger = logger
        self.progress = progress
        self.onCheck = onCheck
    }

    /// Runs the drill. What does not verify is in the report, not thrown.
    ///
    /// - Throws: ``RecoveryError`` when the scratch place cannot be made; `CancellationError`.
    public func run() async throws -> DrillReport {
        let place = try ScratchPlace.make(in: options.settings.folder, for: plan.byteCount)
        let began = clock.now
        let outcome: Result<([CheckResult], GoTime), any Error>
        do {
            outcome = .success((try await drill(in: place), clock.now))
        } catch {
            outcome = .failure(error)
        }
        let leftovers = options.keepsFolder ? ["the folder \(place.folder)"] : place.remove()
        let (checks, ended) = try outcome.get()
        return DrillReport(
            plan: plan,
            checks: checks,
            startedAt: began,
            finishedAt: ended,
            leftovers: leftovers
        )
    }

    private func drill(in place: ScratchPlace) async throws -> [CheckResult] {
        var checks = CheckList(clock: clock, onCheck: onCheck)
        let all = try await RestorePointCatalog(repository).survey(system: plan.point.manifest.system).points
        let plausibility = Plausibility(point: plan.point, all: all)
        guard plan.components.contains(.qdrant) else {
            try await restoreFiles(place, plausibility, &checks)
            return checks.checks
        }
        if let storage = plan.point.manifest[.qdrant]?.storage {
            return try await drill(storage, in: place, plausibility, checks)
        }
        return try await ScratchServer.with(options, in: place, logger: logger) { [checks] server, client in
            var checks = checks
            let drill = QdrantDrill(
                point: plan.point,
                repository: repository,
                plausibility: plausibility,
                server: server,
                client: client,
                configuration: configuration,
                clock: clock,
                logger: logger,
                progress: progress
            )
            _ = try await drill.run(&checks)
            try await restoreFiles(place, plausibility, &checks)
            if plan.kind == .full { try await askApplication(place, server, &checks) }
            return checks.checks
        }
    }

    /// As above, for a restore point that holds the storage of a stopped server: the scratch server is started on the restored files.
    private func drill(
        _ storage: RestorePointManifest.StorageSummary,
        in place: ScratchPlace,
        _ plausibility: Plausibility,
        _ checks: CheckList
    ) async throws -> [CheckResult] {
        var checks = checks
        let drill = ColdDrill(
            point: plan.point,
            repository: repository,
            summary: storage,
            plausibility: plausibility,
            folder: place.storage,
            environment: ProcessInfo.processInfo.environment,
            logger: logger,
            progress: progress
        )
        let isRestored = try await drill.restore(&checks)
        let obstacle =
            isRestored ? ColdDrill.obstacle(options, in: place) : "the files are not as they were captured"
        guard obstacle == nil else {
            ColdDrill.untested(obstacle ?? "", &checks)
            try await restoreFiles(place, plausibility, &checks)
            return checks.checks
        }
        // A server that does not start on them is the finding, and what is left is looked at all the same.
        let asked: Result<[CheckResult], any Error>
        do {
            asked = .success(try await serve(drill, in: place, plausibility, checks))
        } catch let error as RecoveryError where error.code == .notConfigured {
            asked = .failure(error)
        }
        guard case .failure(let error) = asked else { return try asked.get() }
        try await checks.check("storage: a server started on it", .qdrant) { (.failed, FailureText.of(error)) }
        try await restoreFiles(place, plausibility, &checks)
        return checks.checks
    }

    private func serve(
        _ drill: ColdDrill,
        in place: ScratchPlace,
        _ plausibility: Plausibility,
        _ checks: CheckList
    ) async throws -> [CheckResult] {
        try await ScratchServer.with(options, in: place, logger: logger) { [checks] server, client in
            var checks = checks
            try await drill.ask(server, client, &checks)
            try await restoreFiles(place, plausibility, &checks)
            if plan.kind == .full { try await askApplication(place, server, &checks) }
            return checks.checks
        }
    }

    /// Everything but the collections, in order.
    private func restoreFiles(_ place: ScratchPlace, _ plausibility: Plausibility, _ checks: inout CheckList)
        async throws
    {
        if plan.components.contains(.documents) {
            try await DocumentsDrill(
                point: plan.point,
                repository: repository,
                plausibility: plausibility,
                target: place.path(of: .documents),
                progress: progress
            ).run(&checks)
        }
        if plan.components.contains(.configuration) { try await restoreConfiguration(place, &checks) }
        if plan.components.contains(.code) { try await restoreCode(place, &checks) }
    }

    /// Without an identity on this machine, nothing can be said of sealed files: that is no failure of theirs.
    private func restoreConfiguration(_ place: ScratchPlace, _ checks: inout CheckList) async throws {
        let restore = ConfigurationRestore(
            plan.point,
            from: repository,
            to: .folder(place.folder),
            identities: options.identities,
            progress: progress
        )
        for step in try restore.plan([]) {
            try await checks.check("configuration \(step.set.name): opened and compared", .configuration) {
                do {
                    let outcomes = try await restore.run([step])
                    let files = outcomes.reduce(0) { $0 + $1.restoredFiles + $1.unchangedFiles }
                    return DocumentsDrill.verdict(outcomes.flatMap(\.differences), "\(files) files")
                } catch let error as RecoveryError where error.code == .cannotOpen {
                    return (.untested, error.message)
                }
            }
        }
    }

    private func restoreCode(_ place: ScratchPlace, _ checks: inout CheckList) async throws {
        let restore = CodeRestore(
            plan.point,
            from: repository,
            to: .folder(place.path(of: .code)),
            progress: progress
        )
        for step in try restore.plan([]) {
            try await checks.check("code \(step.checkout.name): rebuilt and compared", .code) {
                let outcomes = try await restore.run([step])
                return DocumentsDrill.verdict(outcomes.flatMap(\.differences), "at the commit that was captured")
            }
        }
    }

    /// Starts the staging copy of the application over what was restored, and asks it what the configuration says.
    private func askApplication(_ place: ScratchPlace, _ server: ScratchServer, _ checks: inout CheckList) async throws
    {
        guard let application = options.settings.application else {
            checks.add(
                CheckResult(
                    "application",
                    kind: "system",
                    .untested,
                    "no staging copy is configured: see 'drill.application'",
                    attempts: 0
                )
            )
            return
        }
        let process = ScratchProcess(try place.launch(application.command, server)) { true }
        let result: Result<[CheckResult], any Error>
        do {
            try await process.start()
            result = .success(
                try await ProbeRun(
                    application.probes,
                    environment: ProcessInfo.processInfo.environment,
                    clock: clock
                ).run()
            )
        } catch {
            result = .failure(error)
        }
        await process.stop()
        for probe in try result.get() { checks.add(probe) }
    }
}

extension DrillReport {
    /// What the drill says of a component: how it stood by itself, unless the application over all of them failed.
    public func proof(of component: Component) -> CheckOutcome {
        let kinds = Set(Component.allCases.map(\.rawValue))
        let systemFailed = checks.contains { $0.outcome == .failed && !kinds.contains($0.kind) }
        return systemFailed ? .failed : outcome(of: component)
    }

    /// What the repository will say about it: a proof for all components that ended alike.
    ///
    /// The application's checks are about the system as a whole: when one of them fails, nothing is proven.
    public func proofs(tool: String, host: String) -> [Proof] {
        var groups: [CheckOutcome: [Component]] = [:]
        for component in plan.components { groups[proof(of: component), default: []].append(component) }
        return CheckOutcome.allCases.compactMap { outcome in
            guard let components = groups[outcome] else { return nil }
            return Proof(
                restorePoint: plan.point.manifest.id,
                kind: plan.kind.proof,
                components: components,
                outcome: outcome,
                startedAt: startedAt,
                finishedAt: finishedAt,
                tool: tool,
                host: host,
                checks: checks.map {
                    Proof.Check(name: $0.name, outcome: $0.outcome, detail: $0.detail, seconds: $0.seconds)
                }
            )
        }
    }
}
