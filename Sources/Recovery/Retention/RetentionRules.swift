/// What is kept: a policy for every component, and others for some.
///
/// A restore point is kept while the policy of any of its components keeps it, judged among those that hold that component: the
/// newest of a day that holds the documents, the newest of a day that holds the collections (decision 0020).
public struct RetentionRules: Sendable, Hashable {
    /// For what has none of its own.
    public var general: RetentionPolicy
    /// By component.
    public var components: [Component: RetentionPolicy]

    /// Makes rules.
    public init(general: RetentionPolicy = .standard, components: [Component: RetentionPolicy] = [:]) {
        self.general = general
        self.components = components
    }

    /// The policy that counts for a component, by its name.
    func policy(for component: String) -> RetentionPolicy {
        Component(rawValue: component).flatMap { components[$0] } ?? general
    }

    /// The same rules with another calendar.
    public func with(_ zone: RetentionTimeZone) -> RetentionRules {
        var rules = self
        rules.general.timeZone = zone
        for component in components.keys { rules.components[component]?.timeZone = zone }
        return rules
    }
}
