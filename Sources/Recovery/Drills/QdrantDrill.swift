internal import Logging
internal import QdrantCapture
internal import QdrantClient
internal import ResticRepository

/// Restores collections into a scratch server, compares them, restarts the server, and compares them again.
struct QdrantDrill {
    let point: RestorePoint
    let repository: IndexedRepository
    let plausibility: Plausibility
    let server: ScratchServer
    let client: QdrantClient
    let configuration: HoldfastConfiguration
    let clock: any WallClock
    let logger: Logger
    let progress: any ProgressSink

    /// A collection that this drill made.
    struct Restored: Sendable {
        let summary: RestorePointManifest.CollectionSummary
        let name: String
        let stored: StoredCollection
    }

    /// - Returns: the collections that were restored, by whatever name.
    func run(_ checks: inout CheckList) async throws -> [Restored] {
        var restored: [Restored] = []
        for summary in point.manifest[.qdrant]?.collections ?? [] {
            var made: Restored?
            try await checks.check("collection \(summary.name): restored and compared", .qdrant) {
                let (collection, verdict) = try await restore(summary)
                made = collection
                return verdict
            }
            try await checks.check("collection \(summary.name): plausible", .qdrant) {
                let problem = plausibility.problem(ofCollection: summary.name)
                return DocumentsDrill.verdict(problem.map { [$0] } ?? [], "\(summary.points) points")
            }
            guard let made else { continue }
            try await compareLineage(of: made, &checks)
            restored.append(made)
        }
        if !restored.isEmpty { try await restartAndCompare(restored, &checks) }
        return restored
    }

    private func restore(_ summary: RestorePointManifest.CollectionSummary) async throws
        -> (Restored, CheckList.Verdict)
    {
        let stored = try await StoredCollection(summary.name, in: point.tree(of: .qdrant), of: repository)
        let name = server.name(for: summary.name)
        var options = options
        options.destination = .named(name)
        options.losses = point.manifest.losses(ofCollection: summary.name)
        let restore = CollectionRestore(
            stored,
            to: client,
            options: options,
            clock: clock,
            logger: logger,
            progress: { [progress] in progress.advance($0) }
        )
        let plan = try await restore.plan()
        progress.begin("drill \(summary.name)", totalBytes: plan.byteCount)
        defer { progress.end() }
        let report = try await restore.run(plan)
        let success =
            "\(report.points) points, \(report.goldenQueries) golden queries, \(report.payloadIndexes) indexes"
        return (
            Restored(summary: summary, name: name, stored: stored),
            DocumentsDrill.verdict(report.differences, success)
        )
    }

    private func compareLineage(of collection: Restored, _ checks: inout CheckList) async throws {
        let comparison = LineageComparison(
            point: point,
            repository: repository,
            configuration: configuration,
            client: client
        )
        let name = "lineage of \(collection.summary.name): compared"
        // A restore point without lineage has nothing to be compared.
        guard collection.summary.lineage != nil else { return }
        try await checks.check(name, .qdrant) {
            try await comparison.verdict(of: collection.summary, as: collection.name) ?? (.untested, "it has none")
        }
    }

    private var options: CollectionRestoreOptions {
        var options = CollectionRestoreOptions(restorePointID: point.manifest.id)
        options.scoreTolerance = Float(configuration.restore.scoreTolerance)
        options.greenDeadline = configuration.restore.greenWithin
        return options
    }

    /// What lives in memory only is gone after this: a restore that was never written down would be found out.
    private func restartAndCompare(_ restored: [Restored], _ checks: inout CheckList) async throws {
        guard server.canRestart else {
            checks.add(
                CheckResult(
                    "scratch server: restarted",
                    kind: Component.qdrant.rawValue,
                    .untested,
                    "nothing is configured that restarts it: add 'restart' to 'drill.qdrant'",
                    attempts: 0
                )
            )
            return
        }
        let isBack = try await checks.check("scratch server: restarted", .qdrant) {
            try await server.restart()
            return (.verified, "it answers again")
        }
        guard isBack else { return }
        for collection in restored {
            try await checks.check("collection \(collection.summary.name): compared after the restart", .qdrant) {
                let proof = CollectionProof(of: collection.stored, on: client, options: options, clock: clock)
                let differences = try await proof.differences(of: collection.name)
                return DocumentsDrill.verdict(differences, "as before")
            }
        }
    }
}
