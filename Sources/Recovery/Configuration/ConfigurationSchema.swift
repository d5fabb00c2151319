/// The mappings of schema version 1 and the keys each has, in the order in which the reference lists them.
enum ConfigurationSchema: String, CaseIterable {
    case root, repository, qdrant, collection, documents, restore

    /// The newest version of the schema, and the only one so far.
    static let version = 1

    var keys: [String] {
        switch self {
        case .root: ["version", "repository", "system", "qdrant", "documents", "restore"]
        case .repository: ["location", "password", "compression"]
        case .qdrant: ["url", "api_key", "ca_certificate", "collections", "timeout"]
        case .collection: ["name", "method", "golden_queries"]
        case .documents: ["name", "path", "include", "exclude"]
        case .restore: ["green_within", "score_tolerance"]
        }
    }

    /// The mapping in an error text.
    var title: String {
        switch self {
        case .root: "the configuration"
        case .collection: "an entry of 'collections'"
        case .documents: "an entry of 'documents'"
        case .repository, .qdrant, .restore: "'\(rawValue)'"
        }
    }

    static let allKeys = Set(allCases.flatMap(\.keys))

    /// What an unknown key was probably meant to be, as a full sentence.
    func suggestion(for key: String) -> String {
        if let owner = Self.allCases.first(where: { $0 != self && $0.keys.contains(key) }), !keys.contains(key) {
            return owner == .root
                ? "'\(key)' belongs at the top level, without indentation." : "'\(key)' belongs in \(owner.title)."
        }
        if let near = EditDistance.nearest(to: key, among: keys) { return "Did you mean '\(near)'?" }
        return "The keys of \(title) are \(keys.joined(separator: ", "))."
    }
}
