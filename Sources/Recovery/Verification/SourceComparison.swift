internal import ResticRepository

extension RecoverRun {
    /// Compares the live system with a restore point, and changes nothing. A component that cannot be compared is a finding.
    public func compareWithSource(_ point: RestorePoint) async throws -> [LiveFinding] {
        var findings: [LiveFinding] = []
        let recoveries = makeRecoveries(point, nil)
        for recovery in recoveries {
            findings += try await Self.finding(recovery.component) { try await recovery.assess() }
        }
        if point.manifest[.configuration] != nil, !recoveries.contains(where: { $0.component == .configuration }) {
            findings += try await Self.finding(.configuration) {
                try await ConfigurationComparison(point, from: repository).run()
            }
        }
        return findings
    }

    private static func finding(_ component: Component, _ body: () async throws -> [LiveFinding]) async throws
        -> [LiveFinding]
    {
        do {
            return try await body()
        } catch let error as CancellationError {
            throw error
        } catch {
            guard let parts = FailureText.parts(error) else { throw error }
            return [LiveFinding(component, component.rawValue, .unknown, "cannot be compared: \(parts.message)")]
        }
    }
}

extension LiveFinding {
    /// What a finding means for a verification that nobody watches (decision 0026): that a source has moved on is no failure, that it lacks
    /// what was stored is one.
    public var sourceOutcome: CheckOutcome {
        switch state {
        case .same, .larger: .verified
        case .missing, .smaller, .unreadable: .failed
        case .unreachable, .unknown: .untested
        // Documents that were edited are newer, not different: these have other bytes, and a date that denies it.
        case .different where component == .documents: .failed
        case .different where component == .qdrant && (missing ?? 0) > 0: .failed
        case .different: .verified
        }
    }
}
