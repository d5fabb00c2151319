/// The mappings of schema version 1 and the keys each has, in the order in which the reference lists them.
enum ConfigurationSchema: String, CaseIterable {
    case root, repository, qdrant, cold, collection, embedding, documents, configuration, code, restore
    case probe, http, question, json, recovery, hooks, hook, reingest, status, watch
    case retention, retentionComponents, retentionPolicy
    case drill, scratch, application
    case listedRepository, prices, s3, objectLock

    /// The newest version of the schema, and the only one so far.
    static let version = 1

    private static let repositoryKeys = [
        "location", "password", "compression", "limit_upload", "limit_download", "rclone_program", "prices",
        "s3",
    ]

    var keys: [String] {
        switch self {
        case .root:
            [
                "version", "repository", "repositories", "system", "qdrant", "documents", "configuration", "code",
                "restore", "probes",
                "recovery", "retention", "drill",
            ]
        case .qdrant: ["url", "api_key", "ca_certificate", "collections", "exclude", "timeout", "cold"]
        case .cold: ["storage", "volume", "stop_container", "container_socket", "stop_within", "start_within"]
        case .repository: Self.repositoryKeys
        case .listedRepository: ["name"] + Self.repositoryKeys + ["retention"]
        case .prices: ["currency", "per_1000_puts", "per_1000_gets", "per_gb_month", "per_gb_out"]
        case .s3:
            [
                "access_key_id", "secret_access_key", "session_token", "profile", "region", "style", "ca_certificate",
                "storage_class", "encryption", "kms_key", "connections", "conditional_writes", "checksum",
                "object_lock",
            ]
        case .objectLock: ["mode", "days"]
        case .collection:
            [
                "name", "method", "golden_queries", "embedding", "documents", "source_field", "source_prefix",
                "path_prefix",
            ]
        case .embedding: ["model", "revision", "dimension", "distance", "chunking", "vector"]
        case .documents: ["name", "path", "include", "exclude"]
        case .configuration:
            ["name", "path", "files", "recipients", "openpgp", "passphrase", "identity", "gnupg_home"]
        case .code: ["name", "path", "bundle", "untracked"]
        case .restore: ["green_within", "score_tolerance"]
        case .probe: ["name", "http", "question", "command", "timeout", "within"]
        case .http: ["url", "method", "headers", "body", "status", "json", "contains"]
        case .question: ["url", "headers", "body", "ask", "field", "sources", "cites", "status", "json", "contains"]
        case .json: ["path", "equals", "matches"]
        case .recovery: ["hooks", "reingest", "watch"]
        case .hooks: HookPoint.all.map(\.key)
        case .hook: ["command", "timeout"]
        case .reingest: ["command", "http", "timeout", "status"]
        case .status: ["url", "headers", "path", "done", "failed", "within"]
        case .watch: ["for", "every"]
        case .retention: ["hourly", "daily", "weekly", "monthly", "yearly", "last", "time_zone", "components"]
        case .retentionComponents: Component.allCases.map(\.rawValue)
        case .retentionPolicy: ["hourly", "daily", "weekly", "monthly", "yearly", "last"]
        case .drill: ["qdrant", "folder", "application"]
        case .scratch: ["program", "container", "command", "url", "api_key", "restart"]
        case .application: ["command", "probes"]
        }
    }

    /// The mapping in an error text.
    var title: String {
        switch self {
        case .root: "the configuration"
        case .collection: "an entry of 'collections'"
        case .documents: "an entry of 'documents'"
        case .configuration: "an entry of 'configuration'"
        case .code: "an entry of 'code'"
        case .retentionComponents: "'retention.components'"
        case .retentionPolicy: "an entry of 'retention.components'"
        case .probe: "an entry of 'probes'"
        case .json: "an entry of 'json'"
        case .hook: "a hook"
        case .scratch: "'drill.qdrant'"
        case .cold: "'qdrant.cold'"
        case .listedRepository: "an entry of 'repositories'"
        case .objectLock: "'object_lock'"
        case .repository, .qdrant, .embedding, .restore, .http, .question, .recovery, .hooks, .reingest, .status,
            .watch, .retention, .drill, .application, .prices, .s3:
            "'\(rawValue)'"
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
