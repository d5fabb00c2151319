internal import Foundation

/// The section `retention`.
extension ConfigurationDecoder {
    /// Each key that is there replaces the default's; a component's replace those above them.
    mutating func retention(_ node: ConfigurationNode) -> RetentionRules? {
        guard var section = section(.retention, node) else { return nil }
        let zone = section.take("time_zone").map { timeZone($0) } ?? .own
        var general = policy(&section, changing: .standard, title: "retention", at: node.position)
        general.timeZone = zone ?? .own
        let components = section.take("components").map { componentPolicies($0, general) } ?? [:]
        close(section, required: [])
        return RetentionRules(general: general, components: components)
    }

    private mutating func componentPolicies(_ node: ConfigurationNode, _ general: RetentionPolicy)
        -> [Component: RetentionPolicy]
    {
        guard var section = section(.retentionComponents, node) else { return [:] }
        var policies: [Component: RetentionPolicy] = [:]
        for component in Component.allCases {
            guard let entry = section.take(component.rawValue) else { continue }
            guard var below = self.section(.retentionPolicy, entry) else { continue }
            policies[component] = policy(
                &below,
                changing: general,
                title: "retention.components.\(component.rawValue)",
                at: entry.position
            )
            close(below, required: [])
        }
        close(section, required: [])
        return policies
    }

    private mutating func policy(
        _ section: inout ConfigurationSection,
        changing inherited: RetentionPolicy,
        title: String,
        at position: ConfigurationPosition
    ) -> RetentionPolicy {
        var policy = inherited
        for period in RetentionPolicy.Period.allCases {
            guard let node = section.take(period.rawValue) else { continue }
            switch span(node, of: period.rawValue) {
            case .span(let span): policy.keepWithinPeriod[period] = span
            case .none: policy.keepWithinPeriod[period] = nil
            case .wrong: continue
            }
        }
        if let node = section.take("last") {
            policy.keepLast = integer(node, of: "last", in: 0...1_000_000, example: "last: 3") ?? policy.keepLast
        }
        if policy.isEmpty {
            report.error(
                .invalidValue,
                at: position,
                "'\(title)' keeps nothing",
                suggestion: "Keep at least the newest: 'last: 1'."
            )
        }
        return policy
    }

    private enum Span {
        case span(RetentionSpan)
        case none
        case wrong
    }

    private mutating func span(_ node: ConfigurationNode, of key: String) -> Span {
        let example = key == "hourly" ? "2d" : key == "daily" ? "30d" : key == "yearly" ? "7y" : "1y"
        guard let text = text(node, of: key, example: "\(key): \(example)") else { return .wrong }
        if text == "none" { return .none }
        if let span = RetentionSpan(text), span != RetentionSpan() { return .span(span) }
        let isBare = text.allSatisfy(\.isNumber)
        report.error(
            .invalidValue,
            at: node.position,
            isBare ? "'\(key)' has no unit" : "'\(key)' must be a span of the calendar",
            suggestion:
                "Write years, months, days and hours in this order, for example '\(key): \(example)', '1y6m' or '48h'; or 'none'.",
            revealing: .value
        )
        return .wrong
    }

    private mutating func timeZone(_ node: ConfigurationNode) -> RetentionTimeZone? {
        guard let text = text(node, of: "time_zone", example: "time_zone: Europe/Berlin") else { return nil }
        if text == "own" { return .own }
        if let zone = RetentionTimeZone(named: text) { return zone }
        report.error(
            .invalidValue,
            at: node.position,
            "'time_zone' names no time zone of this machine's database",
            suggestion: EditDistance.nearest(to: text, among: TimeZone.knownTimeZoneIdentifiers)
                .map { "Did you mean '\($0)'?" }
                ?? "Write 'UTC', a name like 'Europe/Berlin', or 'own' for the offset each restore point was noted with.",
            revealing: .value
        )
        return nil
    }
}
