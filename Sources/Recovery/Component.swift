/// One of the parts of a protected system.
public enum Component: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    /// The vector collections.
    case qdrant
    /// The folders of documents.
    case documents
    /// Settings and secrets, sealed before they are stored.
    case configuration
    /// The commit that the application runs from.
    case code

    /// Components are captured and restored in this order (design, mission: Qdrant, documents, configuration, code).
    public static func < (left: Component, right: Component) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}
