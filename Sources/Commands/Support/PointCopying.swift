internal import Logging
internal import ObjectStorage
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// Brings a restore point from the repository in which it was made into the others of the configuration (decision 0032).
struct PointCopying: Sendable {
    /// How it went with one repository.
    struct Outcome: Sendable {
        /// Its name in the configuration.
        let name: String
        let location: String
        /// What was written; `nil` when nothing came of it.
        var written: WriteStatistics?
        /// Why the restore point is not there.
        var failure: (any Error)?
        /// The same for parts of it.
        var failures: [CopyReport.Failure] = []
        /// What came of retaining further what is there; `nil` when its store retains nothing, or nothing came of the copy.
        var retention: RetentionCare?
        /// What was asked of the store.
        var counts = StoreCounts()
        /// What that costs.
        var prices: StoragePrices?
        var duration = Duration.zero

        var isComplete: Bool { failure == nil && failures.isEmpty }
    }

    let session: Session
    let progress: any ProgressSink

    /// Copies to one after the other: each gets the whole line. A failure keeps the others from nothing.
    ///
    /// - Returns: an outcome for each, also after a cancellation: the failure is a `CancellationError` then, in those that were not
    ///   begun as well.
    func copy(_ point: String) async -> [Outcome] {
        var outcomes: [Outcome] = []
        for other in session.configuration.otherRepositories {
            let start = ContinuousClock.now
            let target = session.using(other)
            var outcome = Outcome(name: other.name, location: target.store.location, prices: other.prices)
            do {
                try Task.checkCancellation()
                let (report, retention) = try await copy(point, to: target)
                outcome.written = report.written
                outcome.retention = retention
                outcome.failures = report.failures
            } catch {
                // What a cancelled task meets is not always called so.
                outcome.failure = Task.isCancelled ? CancellationError() : error
            }
            outcome.counts = target.counting.counts
            outcome.duration = ContinuousClock.now - start
            outcomes.append(outcome)
        }
        return outcomes
    }

    private func copy(_ point: String, to target: Session) async throws -> (CopyReport, RetentionCare?) {
        let (session, progress) = (session, progress)
        let second = try await target.openRepository()
        let source = try await session.openRepository()
        guard source.id != second.id else {
            throw RecoveryError(
                .nothingToDo,
                "\(target.store.location) is the first repository itself, or a copy of its files",
                hint: "Name another place: a second repository has keys of its own."
            )
        }
        return try await source.withLock(.shared, timing: Session.patientTiming) {
            let snapshots = try await source.snapshots()
            let indexed = try await source.loadIndex(cache: session.indexCache)
            let choice = CopySelection.Choice.points([point], system: session.configuration.system)
            let selection = try await CopySelection(choice, of: snapshots, in: indexed)
            return try await second.withLock(.shared, timing: Session.patientTiming) {
                var copy = RepositoryCopy(from: indexed, to: try await second.loadIndex(cache: session.indexCache))
                copy.onCopy = { progress.advance($0) }
                let plan = try await copy.plan(selection.groups)
                progress.begin("copy to \(target.configuration.repository.name)", totalBytes: plan.storedBytes)
                defer { progress.end() }
                let report = try await copy.run(plan)
                guard selection.failures.isEmpty else {
                    throw RecoveryError(.noRestorePoint, selection.failures[0].reason)
                }
                return (report, try await RetentionCare.extend(second))
            }
        }
    }
}
