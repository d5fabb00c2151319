internal import Foundation
internal import Logging
internal import QdrantClient
internal import ResticRepository

/// Restores the storage of a stopped server into a scratch folder, compares it, and starts a scratch server on it.
struct ColdDrill {
    let point: RestorePoint
    let repository: IndexedRepository
    let summary: RestorePointManifest.StorageSummary
    let plausibility: Plausibility
    /// The folder that a scratch server will use as its storage.
    let folder: String
    let environment: [String: String]
    let logger: Logger
    let progress: any ProgressSink

    /// Restores and compares.
    ///
    /// - Returns: whether the files are as they were captured.
    func restore(_ checks: inout CheckList) async throws -> Bool {
        try await checks.check("storage: restored and compared", .qdrant) {
            let restore = ColdRestore(
                point,
                from: repository,
                to: .folder(folder),
                configured: nil,
                environment: environment,
                stopped: StoppedContainers(environment: environment),
                logger: logger,
                progress: progress
            )
            guard let step = try await restore.plan() else { return (.failed, "the restore point holds no storage") }
            try await restore.check(step)
            let outcome = try await restore.run(step)
            return DocumentsDrill.verdict(
                outcome.differences,
                "\(summary.files) files, each as it was captured: \(summary.collections.map(\.name).joined(separator: ", "))"
            )
        }
    }

    /// Why no server can be started on the restored files with what is configured; `nil` when one can.
    static func obstacle(_ options: DrillRun.Options, in place: ScratchPlace) -> String? {
        switch options.settings.server {
        case nil: "no scratch Qdrant is configured ('drill.qdrant')"
        case .running:
            "a server that runs already cannot be given a storage folder: 'drill.qdrant' with 'program', 'container' or 'command' can"
        case .program, .container, .command, .embedded: missingProgram(options, in: place)
        }
    }

    private static func missingProgram(_ options: DrillRun.Options, in place: ScratchPlace) -> String? {
        guard let server = options.settings.server else { return nil }
        do {
            _ = try ScratchLaunch(folder: place.folder, port: 1, embedded: options.embedded).launch(server)
            return nil
        } catch {
            return FailureText.of(error)
        }
    }

    /// What could not be tried.
    static func untested(_ reason: String, _ checks: inout CheckList) {
        checks.add(
            CheckResult(
                "storage: a server started on it",
                kind: Component.qdrant.rawValue,
                .untested,
                reason,
                attempts: 0
            )
        )
    }

    /// Compares what a server on the restored files holds with what was captured, restarts it, and compares again.
    func ask(_ server: ScratchServer, _ client: QdrantClient, _ checks: inout CheckList) async throws {
        try await checks.check("storage: a server started on it", .qdrant) {
            let info = try await client.serverInfo()
            return (.verified, "\(info.title) \(info.version) answers")
        }
        try await compare(client, "served", &checks)
        let isBack = try await checks.check("scratch server: restarted", .qdrant) {
            try await server.restart()
            return (.verified, "it answers again")
        }
        if isBack { try await compare(client, "served after the restart", &checks) }
    }

    static func verdict(
        _ points: UInt64,
        _ collection: RestorePointManifest.StorageSummary.Collection,
        _ plausibility: Plausibility
    ) -> CheckList.Verdict {
        // One that was silently emptied is served as it was captured.
        if let problem = plausibility.problem(ofCollection: collection.name, served: points) {
            return (.failed, problem)
        }
        guard let admits = collection.admits(points), let counted = collection.countText else {
            return (.untested, "\(points) points; how many were captured is not known, since only files were")
        }
        return admits
            ? (.verified, "\(points) points, as captured")
            : (.failed, "\(points) points are served, \(counted) were captured")
    }

    private func compare(_ client: QdrantClient, _ what: String, _ checks: inout CheckList) async throws {
        for collection in summary.collections {
            try await checks.check("collection \(collection.name): \(what)", .qdrant) {
                guard try await client.collections().contains(collection.name) else {
                    return (.failed, "the server does not have it")
                }
                // A replica that could not be loaded answers no count.
                let points = try await client.count(in: collection.name)
                return Self.verdict(points, collection, plausibility)
            }
        }
    }
}
