/// What kind of loss it is: the scenarios of the operators' handbook, and those it leaves out.
public enum RecoveryScenario: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nothing that was captured is lost.
    case nothingLost
    /// Vectors are missing or differ; everything else is there.
    case partialVectors
    /// Everything that was looked at is gone, or the collections and something else.
    case completeFailure
    /// The settings are missing, unreadable or different; everything else is there.
    case configurationLoss
    /// Documents are missing or differ; everything else is there.
    case documentsOnly
    /// The checkout is missing or another one; everything else is there.
    case codeOnly
    /// Parts of several components are lost.
    case severalParts
    /// Something that would decide it could not be looked at.
    case undetermined

    /// Tells the scenario from what was found.
    ///
    /// An unreachable server is not a lost database: as long as something is open, only a complete failure of all the rest or
    /// a loss that is certain is called by its name.
    public init(_ findings: [LiveFinding]) {
        let lost = findings.filter(\.isLoss)
        let components = Set(lost.map(\.component))
        let open = findings.contains(where: \.isOpen)
        guard let first = components.first else {
            self = open ? .undetermined : .nothingLost
            return
        }
        if open {
            self = .undetermined
            return
        }
        let isAllGone = findings.allSatisfy { $0.state == .missing }
        let qdrant = findings.filter { $0.component == .qdrant }
        let isDatabaseGone = !qdrant.isEmpty && qdrant.allSatisfy { $0.state == .missing }
        if isAllGone && findings.count > 1 || isDatabaseGone && components.count > 1 {
            self = .completeFailure
        } else if components.count > 1 {
            self = .severalParts
        } else {
            self =
                switch first {
                case .qdrant: .partialVectors
                case .documents: .documentsOnly
                case .configuration: .configurationLoss
                case .code: .codeOnly
                }
        }
    }

    /// One sentence for people.
    public var summary: String {
        switch self {
        case .nothingLost: "nothing is lost"
        case .partialVectors: "partial loss of vectors"
        case .completeFailure: "complete failure of the system"
        case .configurationLoss: "loss of the configuration"
        case .documentsOnly: "loss of documents"
        case .codeOnly: "loss of the code"
        case .severalParts: "loss of parts of several components"
        case .undetermined: "not to be told, since something could not be looked at"
        }
    }

    /// The page about it, in `docs/operating`.
    public var page: String {
        switch self {
        case .partialVectors: "recovery-partial-loss.md"
        case .completeFailure, .severalParts, .documentsOnly, .codeOnly: "recovery-complete-failure.md"
        case .configurationLoss: "recovery-configuration-loss.md"
        case .nothingLost, .undetermined: "recovery.md"
        }
    }
}
