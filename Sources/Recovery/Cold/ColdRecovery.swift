internal import QdrantClient
internal import ResticRepository

/// Recovers the storage of a server that was captured as files: as a whole, with the server stopped around it.
struct ColdRecovery: ComponentRecovery {
    let component = Component.qdrant
    let context: RecoveryContext
    /// `nil` when no server is configured.
    let client: QdrantClient?
    let environment: [String: String]
    let stopped: StoppedContainers

    /// How actions are called.
    static let name = "storage"

    private var summary: RestorePointManifest.StorageSummary? { context.point.manifest[.qdrant]?.storage }

    private var restore: ColdRestore {
        ColdRestore(
            context.point,
            from: context.repository,
            to: context.options.target.map { .folder("\($0)/\(RestorePointManifest.storagePath)") }
                ?? .configured(inPlace: true),
            configured: context.configuration.qdrant,
            client: client,
            environment: environment,
            stopped: stopped,
            clock: context.clock,
            logger: context.logger,
            progress: context.progress
        )
    }

    // MARK: Assess

    func assess() async throws -> [LiveFinding] {
        guard let summary else { return [] }
        if context.options.qdrantURL != nil {
            return unknown("files cannot be restored into another server by its address: use '--target' for a folder")
        }
        let step: ColdRestore.Step?
        do {
            step = try await restore.plan()
        } catch let error as RecoveryError {
            return unknown(error.message)
        }
        guard let step else { return [] }
        if context.options.target == nil, let live = try await livePoints() {
            return summary.collections.map { Self.finding($0, live) }
        }
        return try await findingsOfFiles(summary, step)
    }

    private func unknown(_ reason: String) -> [LiveFinding] { [LiveFinding(.qdrant, Self.name, .unknown, reason)] }

    /// What the running server holds; `nil` when it does not answer.
    private func livePoints() async throws -> [String: UInt64]? {
        guard let client, let url = context.configuration.qdrant?.url, await ServerPulse(url: url).isAnswering() else {
            return nil
        }
        do {
            var points: [String: UInt64] = [:]
            for name in try await client.collections() { points[name] = try await client.count(in: name) }
            return points
        } catch is QdrantError {
            return nil
        }
    }

    static func finding(
        _ collection: RestorePointManifest.StorageSummary.Collection,
        _ live: [String: UInt64]
    ) -> LiveFinding {
        guard let now = live[collection.name] else {
            let had = collection.countText.map { "; it had \($0) points" } ?? ""
            return LiveFinding(
                .qdrant,
                collection.name,
                .missing,
                "the collection is missing\(had)",
                missing: collection.fewestPoints.map { Int(clamping: $0) }
            )
        }
        guard let admits = collection.admits(now), let fewest = collection.fewestPoints, let then = collection.countText
        else {
            return LiveFinding(
                .qdrant,
                collection.name,
                .unknown,
                "the collection is there with \(now) points; how many were captured is not known, since only files were"
            )
        }
        let text = "it has \(now) points, \(then) were captured"
        if admits { return LiveFinding(.qdrant, collection.name, .same, text) }
        if now < fewest {
            return LiveFinding(.qdrant, collection.name, .smaller, text, missing: Int(clamping: fewest - now))
        }
        let most = max(fewest, collection.points ?? 0, collection.pointsAfter ?? 0)
        return LiveFinding(.qdrant, collection.name, .larger, text, extra: Int(clamping: now - most))
    }

    /// What the folder of a server that does not answer holds. Files that differ may be newer ones: nobody says that they are lost.
    private func findingsOfFiles(_ summary: RestorePointManifest.StorageSummary, _ step: ColdRestore.Step) async throws
        -> [LiveFinding]
    {
        let present = Set(((try? StorageLayout.read(step.target))?.collections ?? []).map(\.name))
        let missing = summary.collections.filter { !present.contains($0.name) }
        guard missing.isEmpty else {
            return missing.map {
                LiveFinding(.qdrant, $0.name, .missing, "its files are missing in '\(step.target)'")
            }
        }
        let differences = try await restore.differences(at: step.target)
        guard let first = differences.first else {
            return summary.collections.map {
                LiveFinding(.qdrant, $0.name, .same, "its files are as captured; the server does not answer")
            }
        }
        return [
            LiveFinding(
                .qdrant,
                Self.name,
                .unreachable,
                "the server does not answer, and its files in '\(step.target)' are others than those captured: \(first)"
            )
        ]
    }

    // MARK: Plan

    func plan(_ findings: [LiveFinding]) async throws -> [RecoveryAction] {
        guard findings.contains(where: \.isLoss), let summary, let step = try await restore.plan() else { return [] }
        try checkWish(findings)
        let names = summary.collections.map(\.name).joined(separator: ", ")
        let pause = step.container.map { ", with the container '\($0)' stopped while it is put into place" } ?? ""
        return [
            RecoveryAction(
                component: .qdrant,
                name: Self.name,
                kind: step.replaces ? .replace : .create,
                target: step.target,
                detail: "write \(summary.files) files with the collections \(names)\(pause)",
                bytes: summary.dataBytes,
                destroys: step.replaces ? "everything in '\(step.target)', which is put aside and not deleted" : nil,
                warnings: summary.serverVersion.map {
                    ["the files are of Qdrant \($0): the server has to be of that minor version or the next"]
                } ?? ["which version of Qdrant the files are of was not recorded"]
            )
        ]
    }

    /// Fewer points are brought back only with everything that is newer put aside: nobody wants that without saying so.
    private func checkWish(_ findings: [LiveFinding]) throws {
        guard context.options.target == nil, !context.options.components.contains(.qdrant) else { return }
        let losses = findings.filter(\.isLoss)
        guard let first = losses.first, losses.allSatisfy({ $0.state == .smaller }) else { return }
        throw RecoveryError(
            .refused,
            "collection '\(first.name)' is smaller than it was (\(first.detail)), and only the storage as a whole can be restored, without anything newer in it",
            hint:
                "'--only qdrant' says that this is meant. 'holdfast restore --only qdrant --target DIR' restores it beside it; '--only documents' recovers the rest."
        )
    }

    func check(_ actions: [RecoveryAction]) async throws -> [Requirement] {
        guard let action = actions.first, let step = try await restore.plan() else { return [] }
        var requirements = [FreeSpace.requirement(for: action.bytes, at: action.target)]
        do {
            try await restore.check(step)
            requirements.append(
                Requirement("place of the storage", .present, Self.describe(step))
            )
        } catch let error as RecoveryError {
            requirements.append(
                Requirement("place of the storage", .missing, error.message, remedy: error.hint)
            )
        }
        return requirements
    }

    private static func describe(_ step: ColdRestore.Step) -> String {
        if step.completes { return "'\(step.target)' holds what an interrupted restore has left, which is completed" }
        if step.isMountPoint { return "'\(step.target)' is a mount point and empty: it is restored into" }
        return step.replaces
            ? "'\(step.target)' can be put aside" : "nothing is in '\(step.target)', where the storage goes"
    }

    // MARK: Run

    func run(_ action: RecoveryAction) async throws -> RecoveryOutcome {
        guard let step = try await restore.plan() else {
            throw RecoveryError(.notInRestorePoint, "the restore point holds no storage of a stopped server")
        }
        try await restore.check(step)
        let outcome = try await restore.run(step)
        if let failure = outcome.failure { throw failure }
        let aside = outcome.putAside.map { "; what was there is in '\($0)'" } ?? ""
        return RecoveryOutcome(
            component: .qdrant,
            name: Self.name,
            detail:
                "\(outcome.report.restoredFiles) files written and compared, \(outcome.report.unchangedFiles) equal already\(aside)",
            bytes: outcome.report.restoredBytes,
            differences: outcome.differences,
            warnings: outcome.warnings
        )
    }

    /// Asks the server, when it answers; else compares the files once more.
    func verify() async throws -> [CheckResult] {
        guard let summary else { return [] }
        if context.options.target == nil, let live = try await livePoints() {
            return summary.collections.map { collection in
                let finding = Self.finding(collection, live)
                return CheckResult(
                    "collection \(collection.name)",
                    kind: Component.qdrant.rawValue,
                    finding.isLoss ? .failed : finding.isOpen ? .untested : .verified,
                    finding.detail
                )
            }
        }
        guard let step = try await restore.plan() else { return [] }
        let differences = try await restore.differences(at: step.target)
        return [
            CheckResult(
                "storage",
                kind: Component.qdrant.rawValue,
                differences.isEmpty ? .verified : .failed,
                differences.first ?? "\(summary.files) files as captured; no server was asked"
            )
        ]
    }
}
