/// What a recovery found, did and proved. The JSON is a documented contract (`docs/reference/json.md`).
public struct RecoveryReport: Sendable, Hashable, Codable {
    /// The restore point.
    public struct Point: Sendable, Hashable, Codable {
        /// Its id.
        public var id: String
        /// When its run began, RFC 3339.
        public var startedAt: String
        /// When its last capture ended, RFC 3339.
        public var finishedAt: String
        /// How far that is before the moment of `--at`, in seconds; `nil` without.
        public var distanceSeconds: Double?
        /// Newer ones that could not be used, and why.
        public var passed: [PointChoice.Passed]
        /// What makes it doubtful.
        public var doubts: [String]
    }

    /// The version of this report.
    public var format = 1
    /// The protected system.
    public var system: String
    /// The program and its version.
    public var tool: String
    /// The machine it ran on.
    public var host: String
    /// How it ended, all in all.
    public var outcome: CheckOutcome
    /// What kind of loss it was.
    public var scenario: RecoveryScenario
    /// When the loss was assessed first, RFC 3339.
    public var assessedAt: String
    /// When the first attempt began to change something, RFC 3339; `nil` when nothing was changed.
    public var startedAt: String?
    /// When the report was made, RFC 3339.
    public var finishedAt: String
    /// How often the recovery was begun.
    public var attempts: Int
    /// The restore point.
    public var point: Point
    /// How the live system stood at first.
    public var findings: [LiveFinding]
    /// What was available.
    public var available: [RecoverAssessment.Part]
    /// The steps in order, with their times.
    public var steps: [RecoveryState.Step]
    /// What was restored.
    public var restored: [RecoveryOutcome]
    /// What was checked at the end.
    public var checks: [CheckResult]
    /// What became of documents that the collections do not know.
    public var reingest: ReingestReport?
    /// How the system behaved while it was watched.
    public var watch: WatchReport?
    /// What differs from what was captured, of all components.
    public var differences: [String]
    /// What the operator should know.
    public var warnings: [String]
    /// The moment against which the age of the restore point is measured: `loss` or `assessment`.
    public var rpoReference: String
    /// The recovery point: how old the oldest restored component was at that moment, in seconds; `nil` when nothing was restored.
    public var rpoSeconds: Double?
    /// The recovery time: from the first assessment until everything was verified, in seconds; `nil` when it was not.
    public var rtoSeconds: Double?
    /// The step that a failure stopped it at; `nil` when it came to its end.
    public var stoppedAt: String?
}
