/// How one thing of the live system stands against a restore point.
public struct LiveFinding: Sendable, Hashable, Codable {
    /// How it stands.
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// As it was captured.
        case same
        /// It is not there.
        case missing
        /// It holds less than what was captured.
        case smaller
        /// It holds something else than what was captured.
        case different
        /// It holds what was captured, as far as was looked, and more.
        case larger
        /// It is there and cannot be read.
        case unreadable
        /// The server it is on does not answer: nobody knows whether it is lost.
        case unreachable
        /// It could not be compared.
        case unknown
    }

    /// The component it belongs to.
    public var component: Component
    /// The collection, folder, file or checkout.
    public var name: String
    /// How it stands.
    public var state: State
    /// One sentence for people, never a secret: "12 of 39 files are missing".
    public var detail: String
    /// How many items (points, files, keys) of the restore point are missing; `nil` where nobody counted.
    public var missing: Int?
    /// How many items are there and differ; `nil` where nobody counted.
    public var different: Int?
    /// How many items are only in the live system; `nil` where nobody counted.
    public var extra: Int?

    /// Makes a finding; see the properties.
    public init(
        _ component: Component,
        _ name: String,
        _ state: State,
        _ detail: String,
        missing: Int? = nil,
        different: Int? = nil,
        extra: Int? = nil
    ) {
        self.component = component
        self.name = name
        self.state = state
        self.detail = detail
        self.missing = missing
        self.different = different
        self.extra = extra
    }

    /// Whether something that was captured is not there as it was: what a recovery brings back.
    public var isLoss: Bool {
        switch state {
        case .missing, .smaller, .different, .unreadable: true
        case .same, .larger, .unreachable, .unknown: false
        }
    }

    /// Whether it could not be found out how it stands.
    public var isOpen: Bool { state == .unreachable || state == .unknown }
}
