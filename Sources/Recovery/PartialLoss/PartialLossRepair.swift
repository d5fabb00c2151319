public import Logging
public import QdrantCapture
public import QdrantClient
public import ResticRepository

/// Brings back single points of live collections that are missing or differ from a restore point.
public struct PartialLossRepair: Sendable {
    /// One collection's part of the plan.
    public struct Step: Sendable, Hashable {
        /// The collection as it was backed up.
        public let collection: RestorePointManifest.CollectionSummary
    }

    /// What a comparison found, before anything is written.
    public struct Comparison: Sendable {
        /// The two sides.
        public let preparation: PointRepair.Preparation
        /// What differs.
        public let differences: CollectionDifferences
    }

    /// What was done with a collection.
    public struct Outcome: Sendable {
        /// The report.
        public let report: PointRepairReport
        /// What is not as it should be; empty when it is verified.
        public var differences: [String] { report.differences }
    }

    private let point: RestorePoint
    private let repository: IndexedRepository
    private let client: QdrantClient
    private let copyClient: QdrantClient?
    private let options: PointRepairOptions
    private let logger: Logger
    private let progress: any ProgressSink

    /// - Parameters:
    ///   - client: the live server.
    ///   - copyClient: the server for the copies to compare with; the live one when `nil`.
    ///   - options: how to repair; the restore point's id is filled in.
    public init(
        _ point: RestorePoint,
        from repository: IndexedRepository,
        to client: QdrantClient,
        copyOn copyClient: QdrantClient? = nil,
        options: PointRepairOptions,
        logger: Logger = Logger(label: "holdfast.repair", factory: { _ in SwiftLogNoOpLogHandler() }),
        progress: any ProgressSink = SilentProgress()
    ) {
        var options = options
        options.restore.restorePointID = point.manifest.id
        self.point = point
        self.repository = repository
        self.client = client
        self.copyClient = copyClient
        self.options = options
        self.logger = logger
        self.progress = progress
    }

    /// Which collections will be compared.
    ///
    /// - Parameter names: the collections; empty for all that the restore point holds.
    public func plan(_ names: [String] = []) throws -> [Step] {
        try Self.plan(names, of: point.manifest)
    }

    /// Which collections have lost a part, by what an assessment found. One that is missing as a whole is not among them: it is to be
    /// restored as a whole.
    public func plan(for findings: [LiveFinding]) -> [Step] {
        Self.plan(for: findings, of: point.manifest)
    }

    static func plan(_ names: [String], of manifest: RestorePointManifest) throws -> [Step] {
        let held = manifest[.qdrant]?.collections ?? []
        for name in names where !held.contains(where: { $0.name == name }) {
            throw RecoveryError(
                .notInRestorePoint,
                "restore point \(manifest.id) holds no collection '\(name)'",
                hint: held.isEmpty
                    ? "It holds no collections." : "It holds: \(held.map(\.name).joined(separator: ", "))."
            )
        }
        let chosen = held.filter { names.isEmpty || names.contains($0.name) }
        guard !chosen.isEmpty else {
            throw RecoveryError(
                .nothingToDo,
                "restore point \(manifest.id) holds no collections",
                hint: "Run 'holdfast points' to find one that does."
            )
        }
        return chosen.map { Step(collection: $0) }
    }

    static func plan(for findings: [LiveFinding], of manifest: RestorePointManifest) -> [Step] {
        let names = findings.filter { $0.component == .qdrant && ($0.state == .smaller || $0.state == .different) }
            .map(\.name)
        return (manifest[.qdrant]?.collections ?? []).filter { names.contains($0.name) }.map { Step(collection: $0) }
    }

    /// Makes sure that every collection can be compared and repaired, before anything is changed anywhere.
    ///
    /// - Throws: `CaptureError`, see ``PointRepair/check()``; with `unverified` when the stored collection is known to be damaged.
    public func check(_ steps: [Step]) async throws {
        for step in steps { _ = try await makeRepair(step).check() }
    }

    /// Compares each collection, and repairs it where `decide` says so.
    ///
    /// A copy of the collection is on the server meanwhile. Running again after an interruption finds and repairs the rest, and
    /// changes nothing when there is none.
    ///
    /// - Parameter decide: is shown what differs before anything is written.
    public func run(
        _ steps: [Step],
        decide: (Comparison) async throws -> Bool = { _ in true }
    ) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for step in steps {
            let repair = try await makeRepair(step)
            let preparation = try await repair.check()
            defer { progress.end() }
            let report = try await repair.run(preparation) { differences in
                progress.end()
                return try await decide(Comparison(preparation: preparation, differences: differences))
            }
            outcomes.append(Outcome(report: report))
        }
        return outcomes
    }

    /// Only compares, and leaves the live collections as they are.
    public func compare(_ steps: [Step]) async throws -> [LiveFinding] {
        try await run(steps) { _ in false }.map { outcome in
            LiveFinding(outcome.report.found, collection: outcome.report.collection)
        }
    }

    /// Refuses a stored collection of which a repair found something lost. A server takes the zeros that stand for it, and nobody could
    /// tell then which points of the copy are real: neither those to replace with nor those to add.
    static func checkWhole(_ collection: String, in manifest: RestorePointManifest) throws {
        let losses = manifest.losses(ofCollection: collection)
        guard let first = losses.first else { return }
        throw CaptureError(
            .unverified,
            "the stored data of '\(collection)' in restore point \(manifest.id) is not whole: \(first)"
                + (losses.count > 1 ? " and \(losses.count - 1) more" : "") + " is damaged in the repository",
            hint:
                "Nothing was copied or written. Choose another restore point ('holdfast points'); or run 'holdfast restore \(manifest.id) --collection \(collection)', which leaves what there is beside the live collection."
        )
    }

    private func makeRepair(_ step: Step) async throws -> PointRepair {
        try Self.checkWhole(step.collection.name, in: point.manifest)
        let stored = try await StoredCollection(step.collection.name, in: point.tree(of: .qdrant), of: repository)
        let (progress, name) = (progress, step.collection.name)
        return PointRepair(
            stored,
            to: client,
            copyOn: copyClient,
            options: options,
            logger: logger,
            progress: { progress.advance($0) },
            onPhase: { phase in
                progress.end()
                switch phase {
                case .copying(let bytes): progress.begin("restore a copy of \(name)", totalBytes: bytes)
                case .comparing: progress.begin("compare the points of \(name)", totalBytes: nil)
                case .writing(let count): progress.begin("write \(count) points to \(name)", totalBytes: nil)
                case .verifying: progress.begin("compare the points of \(name) again", totalBytes: nil)
                }
            }
        )
    }
}

extension LiveFinding {
    /// How a live collection stands, by a comparison of its points.
    init(_ found: CollectionDifferences, collection: String) {
        let state: State =
            if found.missing > 0 {
                found.different > 0 ? .different : .smaller
            } else if found.different > 0 {
                .different
            } else {
                found.extra + found.newer > 0 ? .larger : .same
            }
        var parts: [String] = []
        if found.missing > 0 { parts.append("\(found.missing) of \(found.referencePoints) points are missing") }
        if found.different > 0 { parts.append("\(found.different) differ") }
        if found.newer > 0 { parts.append("\(found.newer) are newer") }
        if found.extra > 0 { parts.append("\(found.extra) are only in the live collection") }
        if parts.isEmpty { parts.append("all \(found.referencePoints) points are there") }
        if !found.comparedContent { parts.append("compared by id only") }
        self.init(
            .qdrant,
            collection,
            state,
            parts.joined(separator: ", "),
            missing: found.missing,
            different: found.comparedContent ? found.different : nil,
            extra: found.extra
        )
    }
}
