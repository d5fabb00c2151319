internal import ResticRepository

/// Collects the checks of a drill, each with the time it took.
struct CheckList: Sendable {
    private(set) var checks: [CheckResult] = []
    let clock: any WallClock
    let onCheck: @Sendable (CheckResult) -> Void

    init(clock: any WallClock, onCheck: @escaping @Sendable (CheckResult) -> Void = { _ in }) {
        self.clock = clock
        self.onCheck = onCheck
    }

    /// What a check comes to.
    typealias Verdict = (outcome: CheckOutcome, detail: String)

    /// Makes a check. What it throws is its failure, a cancellation excepted: the checks after it are made all the same.
    ///
    /// - Returns: whether it was verified.
    @discardableResult
    mutating func check(
        _ name: String,
        _ component: Component?,
        _ body: () async throws -> Verdict
    ) async throws -> Bool {
        let began = clock.now
        let verdict: Verdict
        do {
            verdict = try await body()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            verdict = (.failed, FailureText.of(error))
        }
        add(
            CheckResult(
                name,
                kind: component?.rawValue ?? "system",
                verdict.outcome,
                verdict.detail,
                seconds: began.duration(to: clock.now).seconds
            )
        )
        return verdict.outcome == .verified
    }

    mutating func add(_ result: CheckResult) {
        checks.append(result)
        onCheck(result)
    }
}
