/// What a recovery does besides restoring, as the configuration says.
public struct RecoverySettings: Sendable, Hashable {
    /// What is run before and after a component is restored.
    public var hooks: [HookPoint: Hook] = [:]
    /// How documents that the restored collections do not know are handed to the application.
    public var reingest: Reingest?
    /// For how long, and how often, the system is watched when all is done; `nil` for not.
    public var watch: Watch?

    /// Makes settings in which nothing is done.
    public init() {}
}

/// When a hook is run.
public struct HookPoint: Sendable, Hashable {
    /// On which side of a component's restore.
    public enum Moment: String, Sendable, Hashable, CaseIterable {
        /// Before anything of it is changed.
        case before
        /// When it is restored and verified.
        case after
    }

    /// On which side.
    public var moment: Moment
    /// Of which component.
    public var component: Component

    /// Makes a point.
    public init(_ moment: Moment, _ component: Component) {
        self.moment = moment
        self.component = component
    }

    /// As the configuration and reports write it: `after_configuration`.
    public var key: String { "\(moment.rawValue)_\(component.rawValue)" }

    /// All of them, in the order of a recovery.
    static var all: [HookPoint] {
        Component.allCases.flatMap { component in Moment.allCases.map { HookPoint($0, component) } }
    }
}

/// A program that is run at a point of a recovery: one that fails stops the recovery there.
public struct Hook: Sendable, Hashable {
    /// How long one may take unless the configuration says otherwise.
    public static let defaultTimeout = Duration.seconds(120)

    /// The program.
    public var command: ConfiguredCommand
    /// How long it may take.
    public var timeout: Duration

    /// Makes a hook.
    public init(_ command: ConfiguredCommand, timeout: Duration = Hook.defaultTimeout) {
        self.command = command
        self.timeout = timeout
    }
}

/// How documents that the restored collections do not know are handed to the application.
public struct Reingest: Sendable, Hashable {
    /// To whom.
    public enum Recipient: Sendable, Hashable {
        /// A program that reads the list, one JSON object a line, from its standard input.
        case command(ConfiguredCommand)
        /// A request whose body holds the list where `{{files}}`, `{{removed}}` or `{{changes}}` stand.
        case http(HTTPCall, status: Int)
    }

    /// What is asked until the application has finished.
    public struct Status: Sendable, Hashable {
        /// The request.
        public var call: HTTPCall
        /// Where in its answer the state is.
        public var path: JSONPath
        /// The state that means it has finished.
        public var done: String
        /// The state that means it has failed, if there is one.
        public var failed: String?
        /// How long it may take.
        public var within: Duration

        /// Makes a status; see the properties.
        public init(_ call: HTTPCall, path: JSONPath, done: String, failed: String?, within: Duration) {
            self.call = call
            self.path = path
            self.done = done
            self.failed = failed
            self.within = within
        }
    }

    /// How long the program or the request may take unless the configuration says otherwise.
    public static let defaultTimeout = Duration.seconds(600)

    /// To whom.
    public var recipient: Recipient
    /// How long the program or the request may take.
    public var timeout: Duration
    /// What is asked until it has finished; `nil` when it has finished with its answer.
    public var status: Status?

    /// Makes a re-ingestion; see the properties.
    public init(_ recipient: Recipient, timeout: Duration = Reingest.defaultTimeout, status: Status? = nil) {
        self.recipient = recipient
        self.timeout = timeout
        self.status = status
    }
}

/// For how long, and how often, a recovered system is watched.
public struct Watch: Sendable, Hashable {
    /// How often unless the configuration says otherwise.
    public static let defaultInterval = Duration.seconds(15)

    /// For how long.
    public var length: Duration
    /// From the beginning of one round of probes to that of the next.
    public var interval: Duration

    /// Makes a watch.
    public init(length: Duration, interval: Duration = Watch.defaultInterval) {
        self.length = length
        self.interval = interval
    }
}
