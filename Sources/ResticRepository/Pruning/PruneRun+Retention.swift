internal import ObjectStorage
internal import ResticFormat

// In a store that retains what is written: what is needed is retained further, and what was removed is removed for good once it may
// (decision 0033).

extension PruneRun {
    /// Runs last, under a shared lock: it removes nothing that anybody can see.
    func careForRetention(_ report: inout PruneReport) async throws {
        guard repository.store.retaining != nil else { return }
        let before = report
        do {
            report = try await repository.withLockWhereThereIsRoom(.shared, clock: clock, timing: timing) {
                (_: OwnLock?) -> PruneReport in
                var report = before
                try await extendRetention(&report)
                // With a clock that cannot be trusted nothing goes for good.
                if report.plan.sweepRefusal == nil { try await eraseRemoved(&report) }
                return report
            }
        } catch let error as RepositoryError where error.code == .locked {
            report.problems.append("retention and old versions were not looked after: \(error.message)")
        }
    }

    private func extendRetention(_ report: inout PruneReport) async throws {
        onPhase("extend the retention of what is needed", nil)
        guard let extended = try await RetentionRun(repository, clock: clock).extendForPrune() else { return }
        report.extendedFiles = extended.extended
        report.problems += extended.problems
    }

    /// Removes the versions of what was removed: of packs at once, since they have waited, of all else when it was removed longer ago
    /// than the grace period, so that a wrong `forget` can be undone until then.
    private func eraseRemoved(_ report: inout PruneReport) async throws {
        guard let retaining = repository.store.retaining else { return }
        onPhase("remove old versions", nil)
        // An index may name a pack that somebody has hidden; such a pack is for a repair to look at.
        var named: Set<ResticID> = []
        try await repository.forEachIndexFile(try await repository.list(.index)) { named.formUnion($1.map(\.id)) }
        let latest = clock.now.seconds - options.grace.components.seconds
        let mayGo = { (object: RemovedObject) -> Bool in
            if object.key.path.hasPrefix("\(FileKind.pack.rawValue)/") {
                return FileKind.pack.id(in: object.key).map { !named.contains($0) } ?? false
            }
            return object.removed.map { $0 <= latest } ?? false
        }
        var work = ErasedVersions()
        let width = repository.store.capabilities.usefulConcurrency
        try await retaining.listRemoved(under: nil) { page in
            let objects = page.filter(mayGo)
            // Who may not remove the first ones may not remove the others.
            guard work.failureCount < RetentionReport.namedFailures else { return work.failureCount += objects.count }
            try await forEachConcurrently(objects, width: width) { object in
                do {
                    return (object, .success(try await retaining.erase(object)))
                } catch let error as ObjectStoreError {
                    return (object, .failure(error))
                }
            } collect: { (object: RemovedObject, outcome: Result<Int64?, ObjectStoreError>) in
                work.note(object, outcome)
            }
        }
        work.report(in: &report)
    }
}

/// What came of removing versions.
private struct ErasedVersions {
    var erased: (count: Int, bytes: Int64) = (0, 0)
    var retained: (count: Int, bytes: Int64, until: Int64) = (0, 0, 0)
    var failureCount = 0
    var firstFailure: ObjectStoreError?

    mutating func note(_ object: RemovedObject, _ outcome: Result<Int64?, ObjectStoreError>) {
        switch outcome {
        case .success(nil):
            erased.count += 1
            erased.bytes += object.byteCount
        case .success(let until?):
            retained.count += 1
            retained.bytes += object.byteCount
            retained.until = max(retained.until, until)
        case .failure(let error):
            failureCount += 1
            firstFailure = firstFailure ?? error
        }
    }

    func report(in report: inout PruneReport) {
        report.erasedObjects = erased.count
        report.erasedBytes = erased.bytes
        report.retainedVersions = retained.count
        report.retainedVersionBytes = retained.bytes
        if retained.count > 0 { report.versionsRetainedUntil = GoTime(seconds: retained.until) }
        guard let firstFailure else { return }
        let hint =
            firstFailure.code == .permissionDenied
            ? " (it needs the rights s3:ListBucketVersions and s3:DeleteObjectVersion, as the pruner has them)" : ""
        report.problems.append(
            "the versions of \(failureCount) removed objects are still there and take up space\(hint): \(firstFailure.message)"
        )
    }
}
