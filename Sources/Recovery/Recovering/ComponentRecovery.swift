internal import Logging
internal import ResticFormat
internal import ResticRepository

/// How one component is recovered. To add a component, write one of these and name it in ``RecoverRun/makeRecoveries()``.
///
/// Everything but ``run(_:)`` only looks. What ``run(_:)`` does is idempotent: after an interruption the component is assessed
/// and planned again, and what is there already needs nothing any more.
protocol ComponentRecovery: Sendable {
    /// Which component.
    var component: Component { get }

    /// Compares the live system with the restore point.
    ///
    /// - Throws: `CancellationError`, or when the repository is damaged. That the live system cannot be asked is a finding.
    func assess() async throws -> [LiveFinding]

    /// What would be done about findings of ``assess()``; empty when nothing is needed.
    func plan(_ findings: [LiveFinding]) async throws -> [RecoveryAction]

    /// Everything that the actions need and that can be looked at before anything is changed.
    func check(_ actions: [RecoveryAction]) async throws -> [Requirement]

    /// Does it, and compares what is there then with the repository.
    func run(_ action: RecoveryAction) async throws -> RecoveryOutcome

    /// Checks the component once more when everything is restored, reading the live system.
    func verify() async throws -> [CheckResult]
}

/// One thing that a recovery will do.
public struct RecoveryAction: Sendable, Hashable, Codable {
    /// How it is done.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// What is missing is made anew.
        case create
        /// What is missing or differs is replaced, the rest is left alone.
        case repair
        /// What is there is replaced as a whole.
        case replace
        /// Only names, indexes and the like are set.
        case mend
    }

    /// The component.
    public var component: Component
    /// The collection, folder, file or checkout.
    public var name: String
    /// How.
    public var kind: Kind
    /// Where it goes: a collection's name, a path.
    public var target: String
    /// One sentence for people.
    public var detail: String
    /// How many bytes will be written or sent, at most; 0 where that is next to nothing.
    public var bytes: Int64
    /// What of the live system will not be there any more: a sentence, or `nil`.
    public var destroys: String?
    /// What the operator should know before.
    public var warnings: [String] = []
}

/// What an action did.
public struct RecoveryOutcome: Sendable, Hashable, Codable {
    /// The component.
    public var component: Component
    /// The collection, folder, file or checkout.
    public var name: String
    /// One sentence for people: what was done.
    public var detail: String
    /// Bytes written or sent.
    public var bytes: Int64
    /// Where what is there now differs from what was captured; empty when it is verified.
    public var differences: [String]
    /// What the operator should know.
    public var warnings: [String]
}

/// Something that a recovery needs.
public struct Requirement: Sendable, Hashable, Codable {
    /// Whether it is there.
    public enum State: String, Sendable, Hashable, Codable {
        /// It is.
        case present
        /// It is not, and the recovery would fail.
        case missing
        /// That cannot be found out beforehand.
        case unknown
    }

    /// What: `free space of /srv`, `qdrant version`.
    public var name: String
    /// Whether it is there.
    public var state: State
    /// One sentence for people, never a secret.
    public var detail: String
    /// What to do about it, a full sentence.
    public var remedy: String?

    /// Makes a requirement; see the properties.
    public init(_ name: String, _ state: State, _ detail: String, remedy: String? = nil) {
        self.name = name
        self.state = state
        self.detail = detail
        self.remedy = remedy
    }
}

/// What the recoveries of all components have in common.
struct RecoveryContext: Sendable {
    let configuration: HoldfastConfiguration
    let repository: IndexedRepository
    let point: RestorePoint
    let options: RecoverOptions
    let clock: any WallClock
    let logger: Logger
    let progress: any ProgressSink

    /// When the capture of a component began.
    func captureTime(of component: Component) -> GoTime? {
        point.manifest[component].flatMap { GoTime(rfc3339: $0.startedAt) }
    }
}
