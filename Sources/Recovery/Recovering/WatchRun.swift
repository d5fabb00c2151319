internal import ResticRepository

/// How a recovered system behaved while it was watched.
public struct WatchReport: Sendable, Hashable, Codable {
    /// One probe over all rounds.
    public struct Count: Sendable, Hashable, Codable {
        /// The probe.
        public var name: String
        /// How often it passed.
        public var passed: Int
        /// How often it did not.
        public var failed: Int
        /// What the last failure was.
        public var lastFailure: String?
    }

    /// For how long it was watched, in seconds.
    public var seconds: Double
    /// How often all probes were asked.
    public var rounds: Int
    /// The probes.
    public var counts: [Count]

    /// How that ended: untested without a probe.
    public var outcome: CheckOutcome {
        counts.isEmpty ? .untested : counts.contains { $0.failed > 0 } ? .failed : .verified
    }
}

/// Asks the probes again and again for a stated time.
struct WatchRun {
    let watch: Watch
    let probes: [Probe]
    let environment: [String: String]
    let clock: any WallClock

    /// - Throws: `CancellationError` only.
    func run(onRound: (Int, [CheckResult]) -> Void = { _, _ in }) async throws -> WatchReport {
        let began = clock.now
        let end = began.advanced(by: watch.length)
        var report = WatchReport(
            seconds: 0,
            rounds: 0,
            counts: probes.map { WatchReport.Count(name: $0.name, passed: 0, failed: 0) }
        )
        guard !probes.isEmpty else { return report }
        while true {
            let round = clock.now
            let results = try await ProbeRun(probes, environment: environment, clock: clock).run(retries: false)
            report.rounds += 1
            for (index, result) in results.enumerated() {
                if result.outcome == .verified {
                    report.counts[index].passed += 1
                } else {
                    report.counts[index].failed += 1
                    report.counts[index].lastFailure = result.detail
                }
            }
            onRound(report.rounds, results)
            report.seconds = began.duration(to: clock.now).seconds
            // The stated time is watched to its end: the last round is then.
            guard clock.now < end else { return report }
            let next = min(round.advanced(by: watch.interval), end)
            let pause = clock.now.duration(to: next)
            if pause > .zero { try await clock.sleep(pause) }
        }
    }
}
