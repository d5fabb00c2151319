public import ResticFormat
internal import ResticRepository

/// What is lost, and what there is to recover it from.
public struct RecoverAssessment: Sendable {
    /// A component in the restore point.
    public struct Part: Sendable, Hashable, Codable {
        /// The component.
        public var component: Component
        /// When its capture began, RFC 3339.
        public var capturedAt: String
        /// How old that is at the moment of the loss, or else of the assessment, in seconds: what is lost for good at most.
        public var ageSeconds: Double
        /// Its files.
        public var files: Int
        /// Their length in bytes.
        public var bytes: Int64
        /// Whether it can be read back: its structure, with `--read-data` all of its content.
        public var integrity: CheckOutcome
        /// One sentence for people.
        public var detail: String
        /// When a drill or a recovery has shown that it can be restored, RFC 3339; `nil` when none has.
        public var provenAt: String?
    }

    /// The restore point, and why it is this one.
    public let choice: PointChoice
    /// When that was assessed.
    public let time: GoTime
    /// How the live system stands.
    public let findings: [LiveFinding]
    /// What kind of loss it is.
    public let scenario: RecoveryScenario
    /// What is available, by component.
    public let parts: [Part]
    /// An earlier attempt that this one goes on with.
    public let resumed: RecoveryState?
    /// What the operator should know.
    public let remarks: [String]

    /// The restore point.
    public var point: RestorePoint { choice.point }
    /// What could not be looked at.
    public var open: [LiveFinding] { findings.filter(\.isOpen) }
    /// Whether there is nothing to do: nothing is lost, and no earlier attempt has left steps.
    public var needsNothing: Bool { resumed == nil && !findings.contains { $0.isLoss || $0.isOpen } }
}

extension RecoverRun {
    /// Looks at the live system and the repository, and says what is lost and what is there. Changes nothing.
    ///
    /// - Parameters:
    ///   - wish: which restore point; an earlier attempt's when there is one and nothing else is wished.
    ///   - restarts: forgets an earlier attempt.
    /// - Throws: ``RecoveryError/Code/noRestorePoint``; ``RecoveryError/Code/refused`` when an earlier attempt uses another one;
    ///   failures of the repository. That the server does not answer is a finding.
    public func assess(_ wish: PointChoice.Wish = .latest, restarts: Bool = false) async throws -> RecoverAssessment {
        let time = clock.now
        let (points, unreadable) = try await RestorePointCatalog(repository).survey(system: configuration.system)
        var remarks = unreadable.map { "restore point \($0.id ?? "?") cannot be read and is left out" }
        let state = restarts ? nil : try earlierAttempt(points, &remarks)
        var checked: [String: RestorePointVerification] = [:]
        let choice = try await choose(wish, state, points, &checked)
        let point = choice.point
        let verification = try await verified(point, &checked)
        var findings: [LiveFinding] = []
        for recovery in makeRecoveries(point, state) { findings += try await recovery.assess() }
        if let state { findings = Self.admittingReingestion(findings, state, point.manifest) }
        let known = Set(makeRecoveries(point, state).map(\.component))
        for part in point.manifest.parts where options.chooses(part.component) && !known.contains(part.component) {
            remarks.append("\(part.component.rawValue) is in the restore point; use 'holdfast restore' for it")
        }
        return RecoverAssessment(
            choice: choice,
            time: time,
            findings: findings,
            scenario: RecoveryScenario(findings),
            parts: try await parts(of: point, verification, at: time),
            resumed: state,
            remarks: remarks
        )
    }

    /// An earlier attempt whose restore point is still there.
    private func earlierAttempt(_ points: [RestorePoint], _ remarks: inout [String]) throws -> RecoveryState? {
        guard let state = try store.load(stateKey), state.repository == repository.repository.id,
            state.system == configuration.system
        else { return nil }
        guard points.contains(where: { $0.manifest.id == state.point }) else {
            remarks.append(
                "an interrupted recovery used restore point \(state.point), which is not there any more: begun anew"
            )
            return nil
        }
        return state
    }

    private func choose(
        _ wish: PointChoice.Wish,
        _ state: RecoveryState?,
        _ points: [RestorePoint],
        _ checked: inout [String: RestorePointVerification]
    ) async throws -> PointChoice {
        let wanted = configuration.protectedComponents.filter { options.chooses($0) }
        let components = wanted.isEmpty ? options.components : wanted
        if let state, let point = points.first(where: { $0.manifest.id == state.point }) {
            if case .named(let id) = wish, !state.point.hasPrefix(id.lowercased()) { throw otherAttempt(state) }
            if case .at = wish { throw otherAttempt(state) }
            return PointChoice.named(point, among: points, components: components)
        }
        if case .named(let id) = wish {
            let point = try await RestorePointCatalog(repository).find(id, system: nil)
            return PointChoice.named(point, among: points, components: components)
        }
        var cache = checked
        defer { checked = cache }
        return try await PointChoice.choose(wish, among: points, components: components) { point in
            let verification = try await verified(point, &cache)
            guard !verification.isIntact else { return nil }
            let problem = verification.parts.lazy.compactMap {
                $0.report.problems.first?.message ?? $0.differences.first
            }
            return "is damaged: \(problem.first ?? "it does not read back")"
        }
    }

    private func otherAttempt(_ state: RecoveryState) -> RecoveryError {
        RecoveryError(
            .refused,
            "an interrupted recovery of this system uses restore point \(state.point)",
            hint: "Run 'holdfast recover' to finish it, or add '--restart' to forget it and begin anew."
        )
    }

    private func verified(_ point: RestorePoint, _ checked: inout [String: RestorePointVerification]) async throws
        -> RestorePointVerification
    {
        if let known = checked[point.manifest.id] { return known }
        let verification = try await VerificationRun(repository, progress: progress).verify(
            point,
            depth: options.readsData ? .content : .structure
        )
        checked[point.manifest.id] = verification
        return verification
    }

    private func parts(of point: RestorePoint, _ verification: RestorePointVerification, at time: GoTime) async throws
        -> [RecoverAssessment.Part]
    {
        let proofs = try await RecordCatalog(repository).records(of: point.manifest.id).records.compactMap(\.proof)
        return point.manifest.parts.map { part in
            let captured = GoTime(rfc3339: part.startedAt) ?? point.time
            let result = verification.parts.first { $0.component == part.component }
            let depth = verification.depth == .content ? "all content was read" : "its structure is whole"
            let problem = result.flatMap { $0.report.problems.first?.message ?? $0.differences.first }
            let proof = proofs.last { $0.outcome == .verified && $0.components.contains(part.component) }
            return RecoverAssessment.Part(
                component: part.component,
                capturedAt: part.startedAt,
                ageSeconds: captured.duration(to: options.lostAt ?? time).seconds,
                files: part.files,
                bytes: part.bytes,
                integrity: result?.isIntact == true ? .verified : .failed,
                detail: problem ?? depth,
                provenAt: proof?.finishedAt
            )
        }
    }

    /// Documents that were ingested again change the collections: what is there is not lost then.
    static func admittingReingestion(
        _ findings: [LiveFinding],
        _ state: RecoveryState,
        _ manifest: RestorePointManifest
    ) -> [LiveFinding] {
        guard let reingest = state.reingest, !reingest.changes.isEmpty else { return findings }
        return findings.map { finding in
            guard finding.component == .qdrant, finding.state == .smaller || finding.state == .different,
                let summary = manifest[.qdrant]?.collections.first(where: { $0.name == finding.name }),
                UInt64(finding.missing ?? 0) < max(1, summary.points)
            else { return finding }
            var admitted = finding
            admitted.state = .larger
            admitted.detail += "; \(reingest.changes.count) documents were handed over for re-ingestion since"
            return admitted
        }
    }
}
