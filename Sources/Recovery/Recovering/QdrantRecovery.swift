internal import QdrantCapture
internal import QdrantClient
internal import ResticFormat
internal import ResticRepository

/// Recovers collections: those that are missing are made anew; in those that lack or have other points these are written, and those
/// that have lost more than half are replaced after a trial beside them.
struct QdrantRecovery: ComponentRecovery {
    let component = Component.qdrant
    let context: RecoveryContext
    /// `nil` when no server is configured.
    let client: QdrantClient?
    /// What an interrupted attempt of the same recovery was about to do with which collection.
    let unfinished: [String: RecoveryAction.Kind]

    private var summaries: [RestorePointManifest.CollectionSummary] {
        context.point.manifest[.qdrant]?.collections ?? []
    }
    private var tolerance: Float { Float(context.configuration.restore.scoreTolerance) }

    // MARK: Assess

    func assess() async throws -> [LiveFinding] {
        var findings: [LiveFinding] = []
        for summary in summaries {
            guard let client else {
                findings.append(
                    LiveFinding(.qdrant, summary.name, .unknown, "the configuration names no Qdrant server")
                )
                continue
            }
            let stored = try await open(summary)
            do {
                let live = try await examination(stored, client).examine()
                findings.append(Self.finding(summary, live))
            } catch let error as QdrantError {
                let state: LiveFinding.State = error.saysNothingOfTheData ? .unreachable : .unknown
                findings.append(LiveFinding(.qdrant, summary.name, state, error.message))
            }
        }
        return findings
    }

    private static func finding(
        _ summary: RestorePointManifest.CollectionSummary,
        _ live: CollectionExamination.Findings?
    ) -> LiveFinding {
        guard let live else {
            return LiveFinding(
                .qdrant,
                summary.name,
                .missing,
                "the collection is missing; it had \(summary.points) points",
                missing: Int(clamping: summary.points)
            )
        }
        let (low, high) = (
            min(live.expected.before, live.expected.after), max(live.expected.before, live.expected.after)
        )
        func make(_ state: LiveFinding.State, _ detail: String) -> LiveFinding {
            LiveFinding(
                .qdrant,
                summary.name,
                state,
                detail,
                missing: live.points < low ? Int(clamping: low - live.points) : nil,
                extra: live.points > high ? Int(clamping: live.points - high) : nil
            )
        }
        let text = "it has \(live.points) points, \(summary.points) were captured"
        if let first = live.configuration.first { return make(.different, first) }
        if live.points < low { return make(.smaller, text) }
        if let alias = live.missingAliases.first { return make(.different, "alias '\(alias)' is missing; \(text)") }
        if let field = live.indexes.first {
            return make(.different, "the payload index on '\(field)' is missing or of another type; \(text)")
        }
        if live.points > high {
            let answers =
                live.answers.isEmpty
                ? "" : "; \(live.answers.count) golden queries are answered otherwise, as new points may cause"
            return make(.larger, text + answers)
        }
        if let first = live.counts.first ?? live.answers.first { return make(.different, first) }
        return make(.same, "\(live.points) points, \(live.goldenQueries) golden queries as recorded, \(live.status)")
    }

    // MARK: Plan

    func plan(_ findings: [LiveFinding]) async throws -> [RecoveryAction] {
        guard let client else { return [] }
        var actions: [RecoveryAction] = []
        for finding in findings where finding.isLoss {
            guard let summary = summaries.first(where: { $0.name == finding.name }) else { continue }
            let stored = try await open(summary)
            let examination = examination(stored, client)
            actions.append(action(summary, finding, try await examination.examine(), examination))
        }
        return actions
    }

    private func action(
        _ summary: RestorePointManifest.CollectionSummary,
        _ finding: LiveFinding,
        _ live: CollectionExamination.Findings?,
        _ examination: CollectionExamination
    ) -> RecoveryAction {
        func make(_ kind: RecoveryAction.Kind, _ detail: String, _ bytes: Int64, destroys: String? = nil)
            -> RecoveryAction
        {
            RecoveryAction(
                component: .qdrant,
                name: summary.name,
                kind: kind,
                target: summary.name,
                detail: detail,
                bytes: bytes,
                destroys: destroys
            )
        }
        guard let live else {
            return make(.create, "make the collection with \(summary.points) points", summary.dataBytes)
        }
        if unfinished[summary.name] == .create, examination.canBeLeftover(live) {
            return make(
                .create,
                "make the collection anew with \(summary.points) points",
                summary.dataBytes,
                destroys: "what the interrupted attempt left of it (\(live.points) points)"
            )
        }
        let isWhole = live.configuration.isEmpty && live.counts.isEmpty && live.answers.isEmpty
        if isWhole || (finding.missing == nil && finding.extra != nil && live.configuration.isEmpty) {
            return make(.mend, "set the aliases and payload indexes that are missing", 0)
        }
        if live.configuration.isEmpty, live.points >= live.expected.before / 2 {
            return make(
                .repair,
                "write the points that are missing or differ, found by comparing all points with a copy beside it",
                summary.dataBytes,
                destroys: "points that differ from the stored ones"
            )
        }
        return make(
            .replace,
            "replace the collection's data by \(summary.points) points, after a trial beside it",
            summary.dataBytes * 2,
            destroys: "the \(live.points) points that the live collection has"
        )
    }

    // MARK: Check

    func check(_ actions: [RecoveryAction]) async throws -> [Requirement] {
        guard let client, !actions.isEmpty else { return [] }
        var requirements: [Requirement] = []
        do {
            let server = try await client.serverInfo()
            // An empty list of changes changes nothing, and needs the right to change.
            try await client.updateAliases([])
            requirements.append(
                Requirement("qdrant", .present, "\(server.title), version \(server.version); the key may change it")
            )
        } catch let error as QdrantError where error.code == .forbidden || error.code == .unauthenticated {
            requirements.append(
                Requirement(
                    "right to change qdrant",
                    .missing,
                    error.message,
                    remedy: "Put a key with global manage access where 'qdrant.api_key' says."
                )
            )
        } catch let error as QdrantError {
            requirements.append(Requirement("qdrant", .unknown, error.message, remedy: error.hint))
        }
        for action in actions where action.kind != .mend {
            requirements.append(try await requirement(for: action, client))
        }
        let bytes = actions.reduce(0) { $0 + $1.bytes }
        requirements.append(
            Requirement(
                "free space of qdrant",
                .unknown,
                "\(ByteText.text(bytes)) will be sent; it cannot be tested, since the server does not tell what is free",
                remedy: "Look at the disk of the server's storage folder."
            )
        )
        return requirements
    }

    private func requirement(for action: RecoveryAction, _ client: QdrantClient) async throws -> Requirement {
        let name = "collection \(action.name)"
        // Whatever an interrupted attempt left is removed first.
        if unfinished[action.name] != nil { return Requirement(name, .present, "is made anew") }
        guard let summary = summaries.first(where: { $0.name == action.name }) else {
            return Requirement(name, .unknown, "it is not in the restore point")
        }
        do {
            if action.kind == .repair {
                let repair = pointRepair(client)
                try await repair.check(try repair.plan([action.name]))
                return Requirement(name, .present, "its points can be compared and repaired")
            }
            let plan = try await restore(action, try await open(summary), client).plan()
            return Requirement(
                name,
                .present,
                plan.warnings.isEmpty ? "can be restored on this server" : plan.warnings.joined(separator: "; ")
            )
        } catch let error as CaptureError {
            return Requirement(name, .missing, error.message, remedy: error.hint)
        } catch let error as QdrantError {
            return Requirement(name, .unknown, error.message, remedy: error.hint)
        }
    }

    // MARK: Run

    func run(_ action: RecoveryAction) async throws -> RecoveryOutcome {
        guard let client, let summary = summaries.first(where: { $0.name == action.name }) else {
            throw RecoveryError(.notConfigured, "the configuration names no Qdrant server")
        }
        let stored = try await open(summary)
        if action.kind == .mend {
            let examination = examination(stored, client)
            try await examination.mend()
            let live = try await examination.examine()
            let rest = live.map {
                $0.missingAliases.map { "alias '\($0)' is missing" }
                    + $0.indexes.map { "the payload index on '\($0)' is missing or of another type" }
            }
            return outcome(action, "set its aliases and payload indexes", 0, rest ?? ["the collection is missing"], [])
        }
        try await removeLeftovers(of: action, stored, client)
        if action.kind == .repair { return try await repair(action, stored, client) }
        context.progress.begin("restore \(action.name)", totalBytes: action.bytes)
        defer { context.progress.end() }
        // The uploaded shards bring no payload indexes, and one that is missing would be a difference at the end.
        if action.kind == .replace { try await examination(stored, client).mendIndexes() }
        let restore = try restore(action, stored, client)
        let plan = try await restore.plan()
        let report = try await restore.run(plan)
        return outcome(
            action,
            "\(report.points) points, \(report.goldenQueries) golden queries and \(report.payloadIndexes) payload indexes as recorded, \(report.status)",
            report.sentBytes,
            report.differences,
            report.warnings
        )
    }

    /// Brings back single points, then the names and indexes that are missing.
    private func repair(_ action: RecoveryAction, _ stored: StoredCollection, _ client: QdrantClient) async throws
        -> RecoveryOutcome
    {
        let repair = pointRepair(client)
        let reports = try await repair.run(try repair.plan([action.name])).map(\.report)
        try await examination(stored, client).mend()
        let (restored, replaced) = (
            reports.reduce(0) { $0 + $1.restored }, reports.reduce(0) { $0 + $1.replaced }
        )
        let extra = reports.reduce(0) { $0 + $1.found.extra }
        let left = reports.flatMap(\.changedMeanwhile)
        var warnings = reports.flatMap(\.warnings)
        if !left.isEmpty {
            warnings.append("\(left.count) points were left alone, since somebody wrote them meanwhile")
        }
        return outcome(
            action,
            "\(restored) missing and \(replaced) different points written, \(extra) that are only in the live collection left alone",
            reports.reduce(0) { $0 + $1.copyBytes },
            reports.flatMap(\.differences),
            warnings
        )
    }

    private func pointRepair(_ client: QdrantClient) -> PartialLossRepair {
        var options = PointRepairOptions(restorePointID: context.point.manifest.id)
        options.restore.ignoresVersion = context.options.ignoresVersion
        options.restore.scoreTolerance = tolerance
        options.restore.greenDeadline = context.configuration.restore.greenWithin
        return PartialLossRepair(
            context.point,
            from: context.repository,
            to: client,
            options: options,
            logger: context.logger,
            progress: context.progress
        )
    }

    /// Deletes what an interrupted attempt of the same recovery has made, and nothing else.
    private func removeLeftovers(of action: RecoveryAction, _ stored: StoredCollection, _ client: QdrantClient)
        async throws
    {
        guard let kind = unfinished[action.name] else { return }
        let existing = try await client.collections()
        let copy = "\(action.name)__rp_\(context.point.manifest.id)"
        if existing.contains(copy) { _ = try await client.deleteCollection(copy) }
        guard kind == .create, action.kind == .create, existing.contains(action.name) else { return }
        let examination = examination(stored, client)
        guard let live = try await examination.examine(), examination.canBeLeftover(live), !live.isSame else { return }
        _ = try await client.deleteCollection(action.name)
    }

    private func outcome(
        _ action: RecoveryAction,
        _ detail: String,
        _ bytes: Int64,
        _ differences: [String],
        _ warnings: [String]
    ) -> RecoveryOutcome {
        RecoveryOutcome(
            component: .qdrant,
            name: action.name,
            detail: detail,
            bytes: bytes,
            differences: differences,
            warnings: warnings
        )
    }

    private func restore(_ action: RecoveryAction, _ stored: StoredCollection, _ client: QdrantClient) throws
        -> CollectionRestore
    {
        var options = CollectionRestoreOptions(restorePointID: context.point.manifest.id)
        options.destination = action.kind == .replace ? .inPlace : .named(action.target)
        options.ignoresVersion = context.options.ignoresVersion
        options.scoreTolerance = tolerance
        options.greenDeadline = context.configuration.restore.greenWithin
        options.losses = context.point.manifest.losses(ofCollection: action.name)
        return CollectionRestore(
            stored,
            to: client,
            options: options,
            logger: context.logger,
            progress: { [progress = context.progress] in progress.advance($0) }
        )
    }

    // MARK: Verify

    func verify() async throws -> [CheckResult] {
        let findings = try await assess()
        let results = findings.map { finding in
            let outcome: CheckOutcome =
                switch finding.state {
                case .same, .larger: .verified
                case .unreachable, .unknown: .untested
                default: .failed
                }
            return CheckResult("collection \(finding.name)", kind: "qdrant", outcome, finding.detail)
        }
        guard let client, findings.allSatisfy({ $0.state == .same || $0.state == .larger }) else { return results }
        return results + (try await LineageVerification(context: context, client: client).checkRestored())
    }

    private func open(_ summary: RestorePointManifest.CollectionSummary) async throws -> StoredCollection {
        try await StoredCollection(summary.name, in: context.point.tree(of: .qdrant), of: context.repository)
    }

    private func examination(_ stored: StoredCollection, _ client: QdrantClient) -> CollectionExamination {
        CollectionExamination(stored.manifest, on: client, scoreTolerance: tolerance)
    }
}

extension QdrantError {
    /// Whether nobody answered: an unreachable server is not a lost database.
    var saysNothingOfTheData: Bool {
        let codes: Set<QdrantError.Code> = [
            .connectionRefused, .nameNotResolved, .connectTimeout, .connectionFailed, .connectionLost, .tlsFailed,
            .truncatedBody, .requestTimeout, .gatewayFailure, .temporarilyUnavailable,
        ]
        return codes.contains(code)
    }
}
