/// How a check ended.
public enum CheckOutcome: String, Sendable, Hashable, Codable, CaseIterable {
    /// It was looked at and is as it has to be.
    case verified
    /// It was looked at and is not.
    case failed
    /// It could not be looked at.
    case untested
}

/// One thing that was checked, how that ended, and how long it took.
public struct CheckResult: Sendable, Hashable, Codable {
    /// What was checked.
    public var name: String
    /// Which kind of check it was: `http`, `question`, `command`, or the component.
    public var kind: String
    /// How it ended.
    public var outcome: CheckOutcome
    /// One sentence for people, never a secret.
    public var detail: String
    /// How long it took in seconds, of a probe the last attempt.
    public var seconds: Double
    /// How often it was tried.
    public var attempts: Int

    /// Makes a result; see the properties.
    public init(
        _ name: String,
        kind: String,
        _ outcome: CheckOutcome,
        _ detail: String,
        seconds: Double = 0,
        attempts: Int = 1
    ) {
        self.name = name
        self.kind = kind
        self.outcome = outcome
        self.detail = detail
        self.seconds = seconds
        self.attempts = attempts
    }
}

extension CheckOutcome {
    /// What holds for all of several checks: one that failed fails all, one that could not be made leaves all untested.
    public static func overall(_ outcomes: some Sequence<CheckOutcome>) -> CheckOutcome {
        var overall = CheckOutcome.verified
        for outcome in outcomes {
            if outcome == .failed { return .failed }
            if outcome == .untested { overall = .untested }
        }
        return overall
    }
}
