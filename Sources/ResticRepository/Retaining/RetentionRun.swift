internal import ObjectStorage
internal import ResticFormat

/// Keeps what a repository still needs retained, where its store retains what is written (S3's object lock): whatever is older than half
/// of the length is given the whole length again (decision 0033).
///
/// What is needed are the configuration, the keys, the index, the snapshots, and all packs that no prune has marked.
public struct RetentionRun: Sendable {
    let repository: Repository
    let clock: any WallClock

    /// Makes a run.
    public init(_ repository: Repository, clock: any WallClock = SystemWallClock()) {
        self.repository = repository
        self.clock = clock
    }

    /// Extends everything, when the last time is half of the length ago: what a backup does at its end. Asks the retention of one
    /// file: `config`, which is extended last, and only when nothing failed. So the store itself keeps what is known, nobody can lose
    /// it, and a round that was broken off begins anew.
    ///
    /// Everything at once, so that one moment says it for all: whatever was stored since is retained for longer anyway.
    ///
    /// - Returns: `nil` when the store retains nothing.
    /// - Throws: ``/ObjectStorage/ObjectStoreError`` when what is there cannot be listed.
    public func extendWhenDue() async throws -> RetentionReport? {
        guard let retaining = repository.store.retaining else { return nil }
        let length = retaining.retentionLength.components.seconds
        let now = clock.now.seconds
        let known = try await retaining.retainedUntil(FileKind.config) ?? 0
        // Longer than we would have made it: the length was reduced, and this says nothing of what was stored since.
        guard known <= now + length + length / 16 else { return try await extendWhatEndsSoon() }
        guard known < now + length / 2 else { return RetentionReport() }
        let files = try await neededFiles().map(\.key)
        var report = try await extend(files.filter { $0 != FileKind.config }, now + length, retaining)
        guard report.problems.isEmpty else { return report }
        let last = try await extend([FileKind.config], now + length, retaining)
        report.extended += last.extended
        report.failures += last.failures
        return report
    }

    /// The round of ``extendWhenDue()`` when it is due, and else what ends before half of the length is over: what a prune does.
    ///
    /// - Returns: `nil` when the store retains nothing.
    func extendForPrune() async throws -> RetentionReport? {
        guard let round = try await extendWhenDue() else { return nil }
        guard round.extended == 0, round.problems.isEmpty else { return round }
        return try await extendWhatEndsSoon()
    }

    /// Extends what ends before half of the length is over, by asking the store about every file that may. So it also finds what
    /// others have stored without a retention, or left alone. Not `config`, whose retention says when everything was extended.
    private func extendWhatEndsSoon() async throws -> RetentionReport? {
        guard let retaining = repository.store.retaining else { return nil }
        let length = retaining.retentionLength.components.seconds
        let now = clock.now.seconds
        let old = try await neededFiles().filter { file in
            file.key != FileKind.config && (file.modified ?? 0) < now - length / 2
        }
        var short: [ObjectKey] = []
        try await forEach(old.map(\.key)) { key in
            try await retaining.retainedUntil(key)
        } collect: { key, until in
            if try until.get() ?? 0 < now + length / 2 { short.append(key) }
            return true
        }
        return try await extend(short, now + length, retaining)
    }

    // MARK: Parts

    private func neededFiles() async throws -> [ObjectEntry] {
        let condemned = Set(try await repository.loadMarks().packs.keys)
        var files = [ObjectEntry(key: FileKind.config, byteCount: 0)]
        for kind in [FileKind.key, .index, .snapshot, .pack] {
            try await repository.store.list(under: kind.folder) { page in
                files += page.filter { entry in
                    guard let id = kind.id(in: entry.key) else { return false }
                    return kind != .pack || !condemned.contains(id)
                }
            }
        }
        return files
    }

    private func extend(_ keys: [ObjectKey], _ until: Int64, _ retaining: any RetainingStore) async throws
        -> RetentionReport
    {
        var report = RetentionReport()
        guard !keys.isEmpty else { return report }
        report.until = GoTime(seconds: until)
        var done = 0
        try await forEach(keys.sorted()) { key in
            try await retaining.retain(key, until: until)
        } collect: { key, outcome in
            done += 1
            switch outcome {
            case .success: report.extended += 1
            case .failure(let error):
                // Forgotten or pruned meanwhile: nobody needs it.
                guard error.code != .notFound else { break }
                report.failures.append(.init(key: key, reason: error.message, hint: error.hint))
            }
            return report.failures.count < RetentionReport.namedFailures
        }
        report.untried = keys.count - done
        report.failures.sort { $0.key < $1.key }
        return report
    }

    /// Asks the store about many files, as many at once as is useful.
    ///
    /// - Parameter collect: is given each outcome as it comes, and says whether to go on.
    private func forEach<Answer: Sendable>(
        _ keys: [ObjectKey],
        _ ask: @escaping @Sendable (ObjectKey) async throws -> Answer,
        collect: (ObjectKey, Result<Answer, ObjectStoreError>) throws -> Bool
    ) async throws {
        let width = max(1, repository.store.capabilities.usefulConcurrency)
        try await withThrowingTaskGroup(of: (ObjectKey, Result<Answer, ObjectStoreError>).self) { group in
            var rest = keys.makeIterator()
            var goesOn = true
            func start() {
                guard goesOn, let key = rest.next() else { return }
                group.addTask {
                    do {
                        return (key, .success(try await ask(key)))
                    } catch let error as ObjectStoreError {
                        return (key, .failure(error))
                    }
                }
            }
            for _ in 0..<width { start() }
            while let (key, outcome) = try await group.next() {
                if try !collect(key, outcome) { goesOn = false }
                start()
            }
        }
    }
}
