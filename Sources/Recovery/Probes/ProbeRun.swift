internal import FoundationEssentials
internal import NIOCore
internal import QdrantClient
public import ResticRepository

/// Runs probes, one after the other, each until it passes or its time is over.
public struct ProbeRun: Sendable {
    private let probes: [Probe]
    private let environment: [String: String]
    private let clock: any WallClock

    /// - Parameters:
    ///   - environment: what `env:` looks in and commands get.
    ///   - clock: decides how long is waited between attempts and when a probe's time is over.
    public init(_ probes: [Probe], environment: [String: String], clock: any WallClock = SystemWallClock()) {
        self.probes = probes
        self.environment = environment
        self.clock = clock
    }

    /// Runs all of them.
    ///
    /// - Parameters:
    ///   - retries: whether a failed probe is tried again within its time; without, each is asked once.
    ///   - onResult: called as each ends.
    /// - Throws: `CancellationError` only: what fails is in the results.
    public func run(retries: Bool = true, onResult: (CheckResult) -> Void = { _ in }) async throws -> [CheckResult] {
        guard !probes.isEmpty else { return [] }
        return try await HTTPCaller.with(environment: environment) { caller in
            var results: [CheckResult] = []
            for probe in probes {
                let result = try await run(probe, retries: retries, caller)
                onResult(result)
                results.append(result)
            }
            return results
        }
    }

    private func run(_ probe: Probe, retries: Bool, _ caller: HTTPCaller) async throws -> CheckResult {
        let began = clock.now
        var attempts = 0
        while true {
            try Task.checkCancellation()
            attempts += 1
            let start = ContinuousClock.now
            let verdict = try await attempt(probe, caller)
            let result = CheckResult(
                probe.name,
                kind: probe.kindName,
                verdict.outcome,
                verdict.detail,
                seconds: (ContinuousClock.now - start).seconds,
                attempts: attempts
            )
            guard verdict.outcome == .failed, retries, began.duration(to: clock.now) + Probe.interval <= probe.within
            else { return result }
            try await clock.sleep(Probe.interval)
        }
    }

    /// What an attempt found.
    struct Verdict: Sendable, Equatable {
        var outcome: CheckOutcome
        var detail: String

        static func failed(_ detail: String) -> Verdict { Verdict(outcome: .failed, detail: detail) }
    }

    private func attempt(_ probe: Probe, _ caller: HTTPCaller) async throws -> Verdict {
        do {
            switch probe.kind {
            case .http(let http):
                let prepared = try await caller.prepare(http.call)
                let answer = try await caller.send(prepared, timeout: probe.timeout)
                return Verdict.of(answer, http, prepared)
            case .question(let question):
                var http = question.http
                http.call.body = try question.body()
                let prepared = try await caller.prepare(http.call)
                let answer = try await caller.send(prepared, timeout: probe.timeout)
                let verdict = Verdict.of(answer, http, prepared)
                return verdict.outcome == .verified ? Verdict.of(answer, citing: question, prepared) : verdict
            case .command(let command):
                return try await run(command, probe.timeout)
            }
        } catch let failure as HTTPCaller.Failure {
            return Verdict(outcome: failure.isUnsendable ? .untested : .failed, detail: failure.reason)
        }
    }

    private func run(_ command: ConfiguredCommand, _ timeout: Duration) async throws -> Verdict {
        let ending = try await command.run(environment: environment, timeout: timeout)
        if case .notStarted(let reason) = ending { return Verdict(outcome: .untested, detail: reason) }
        if let failure = ending.failure(within: timeout) { return .failed("'\(command.program)' \(failure)") }
        return Verdict(outcome: .verified, detail: "'\(command.program)' ended with exit status 0")
    }
}

extension QuestionProbe {
    /// The body with the question in it.
    func body() throws -> String {
        let template = try http.call.body.map { try JSONValue(reading: Array($0.utf8)) }
        let object = field.setting(.string(question), in: template?.objectValue ?? [:])
        return String(buffer: try object.written())
    }
}

extension Duration {
    /// As a number.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
