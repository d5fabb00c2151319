public import ResticFormat

/// What a drill or a recovery found out about a restore point: whether it can be restored.
///
/// One outcome for all its components: who found that one restores and another does not, records a proof for each.
public struct Proof: Sendable, Hashable, Codable {
    /// What was done to find out.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// The documents were restored into a scratch folder.
        case drillDocuments = "drill-documents"
        /// The collections were restored into a scratch server.
        case drillQdrant = "drill-qdrant"
        /// The whole system was restored beside the live one.
        case drillFull = "drill-full"
        /// The live system was restored.
        case recovery
    }

    /// How it, or one check of it, ended.
    public typealias Outcome = CheckOutcome

    /// One thing that was looked at.
    public struct Check: Sendable, Hashable, Codable {
        /// What: `golden queries of textbook_knowledge`.
        public var name: String
        /// How it is.
        public var outcome: Outcome
        /// One sentence for people, never a secret; empty when there is nothing to say.
        public var detail: String
        /// How long it took, in seconds, 0 or more.
        public var seconds: Double

        /// Makes a check; a time that is no number, or below zero, counts as 0.
        public init(name: String, outcome: Outcome, detail: String = "", seconds: Double = 0) {
            self.name = name
            self.outcome = outcome
            self.detail = detail
            self.seconds = seconds.isFinite ? max(0, seconds) : 0
        }
    }

    /// The id of the restore point that was restored, 8 hex digits.
    public var restorePoint: String
    /// What was done.
    public var kind: Kind
    /// The components that were restored and that the outcome is about, each once.
    public var components: [Component]
    /// How it ended.
    public var outcome: Outcome
    /// When it began, RFC 3339.
    public var startedAt: String
    /// When it ended, RFC 3339.
    public var finishedAt: String
    /// The program and its version.
    public var tool: String
    /// The machine on which it ran.
    public var host: String
    /// What was looked at, in order.
    public var checks: [Check]

    /// Makes a proof; see the properties.
    public init(
        restorePoint: String,
        kind: Kind,
        components: [Component],
        outcome: Outcome,
        startedAt: GoTime,
        finishedAt: GoTime,
        tool: String,
        host: String,
        checks: [Check]
    ) {
        self.restorePoint = restorePoint
        self.kind = kind
        self.components = Set(components).sorted()
        self.outcome = outcome
        self.startedAt = "\(startedAt)"
        self.finishedAt = "\(finishedAt)"
        self.tool = tool
        self.host = host
        self.checks = checks
    }
}
