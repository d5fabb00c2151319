internal import ObjectStorage
internal import ResticRepository
internal import S3Storage

/// Makes a configuration of a tree, going on after every mistake so that all of them are reported.
///
/// Each `decode` function returns `nil` for what it has reported as wrong, and the default for what is not there.
struct ConfigurationDecoder {
    /// The absolute path that relative paths start from.
    let folder: String
    var report: ConfigurationReport
    /// Where entries of `qdrant.collections` name documents, which are known only later.
    var lineagePlaces: [String: ConfigurationPosition] = [:]

    mutating func decode(_ root: ConfigurationNode) -> HoldfastConfiguration? {
        guard var section = section(.root, root) else { return nil }
        // A file for another version means other things by its keys: nothing else in it is worth a remark.
        guard let version = version(&section) else { return nil }
        let repositories = self.repositories(&section)
        let repository = repositories?.first
        let system = section.take("system").flatMap { name($0, of: "system") }
        let qdrant = section.take("qdrant")
        let documents = section.take("documents")
        let sealed = section.take("configuration")
        let code = section.take("code")
        let restore = section.take("restore")
        let probes = section.take("probes").map { self.probes($0) }
        let recovery = section.take("recovery").flatMap { self.recovery($0) }
        let drill = section.take("drill").flatMap { self.drill($0) }
        let retention = section.take("retention").map { self.retention($0) } ?? RetentionRules()
        requireSource(section, [qdrant, documents, sealed, code])
        var decodedQdrant = qdrant.flatMap { self.qdrant($0) }
        let decodedDocuments = documents.map { self.documents($0, repository: repository?.location) }
        resolveLineage(&decodedQdrant, documents: decodedDocuments ?? [])
        let decodedSealed = sealed.map { self.sealedFiles($0, repository: repository?.location) }
        let decodedCode = code.map { self.code($0, repository: repository?.location) }
        let decodedRestore = restore.map { self.restore($0) } ?? .standard
        close(section, required: ["system"])
        guard let repository, let system, let decodedRestore else { return nil }
        return HoldfastConfiguration(
            version: version,
            repository: repository,
            system: system,
            qdrant: decodedQdrant,
            documents: decodedDocuments ?? [],
            sealed: decodedSealed ?? [],
            code: decodedCode ?? [],
            restore: decodedRestore,
            probes: probes ?? [],
            recovery: recovery ?? RecoverySettings(),
            retention: retention ?? RetentionRules(),
            drill: drill ?? DrillSettings(),
            otherRepositories: Array(repositories?.dropFirst() ?? []),
            warnings: report.sorted
        )
    }

    private mutating func version(_ section: inout ConfigurationSection) -> Int? {
        guard let node = section.take("version") else {
            report.error(
                .missingKey,
                at: section.position,
                "the configuration does not say which version of the schema it is for",
                suggestion: "Begin the file with 'version: \(ConfigurationSchema.version)'."
            )
            return nil
        }
        guard let version = integer(node, of: "version", in: 0...Int.max, example: "version: 1") else { return nil }
        guard version == ConfigurationSchema.version else {
            report.error(
                .unsupportedVersion,
                at: node.position,
                "the file is for version \(version) of the schema, this program reads version \(ConfigurationSchema.version)",
                suggestion: version > ConfigurationSchema.version
                    ? "Use a newer Holdfast." : "Write 'version: \(ConfigurationSchema.version)'.",
                revealing: .value
            )
            return nil
        }
        return version
    }

    private mutating func requireSource(_ section: ConfigurationSection, _ sources: [ConfigurationNode?]) {
        guard sources.allSatisfy({ $0 == nil }),
            !section.hasLookalike(of: ["qdrant", "documents", "configuration", "code"])
        else { return }
        report.error(
            .missingKey,
            at: section.position,
            "the configuration names nothing to back up",
            suggestion:
                "Add 'qdrant:' with a server, 'documents:' with a folder, 'configuration:' with files to seal, or 'code:' with a checkout."
        )
    }

    /// `repository`, or `repositories`: one of both.
    private mutating func repositories(_ section: inout ConfigurationSection) -> [HoldfastConfiguration.Repository]? {
        let (single, list) = (section.take("repository"), section.take("repositories"))
        switch (single, list) {
        case (nil, nil):
            guard !section.hasLookalike(of: ["repository", "repositories"]) else { return nil }
            report.error(
                .missingKey,
                at: section.position,
                "the configuration lacks the key 'repository'",
                suggestion: "Add 'repository:' with 'location' and 'password', or a list 'repositories:'.",
                revealing: .key
            )
            return nil
        case (let single?, nil): return repository(single, as: .repository).map { [$0] }
        case (nil, let list?): return repositories(list)
        case (_?, let list?):
            report.error(
                .duplicateValue,
                at: list.position,
                "the configuration has 'repository' and 'repositories'",
                suggestion: "Move the one into the list, with a 'name'."
            )
            return nil
        }
    }

    mutating func repository(_ node: ConfigurationNode, as schema: ConfigurationSchema)
        -> HoldfastConfiguration.Repository?
    {
        guard var section = section(schema, node) else { return nil }
        let isListed = schema == .listedRepository
        let name = isListed ? section.take("name").flatMap { self.name($0, of: "name") } : "repository"
        let retention = isListed ? section.take("retention").flatMap { self.retention($0) } : nil
        let location = section.take("location").flatMap { self.location($0) }
        let password = section.take("password").flatMap { secret($0, of: "password", example: "env:HOLDFAST_PASSWORD") }
        let compression = section.take("compression").map {
            choice($0, of: "compression", CompressionMode.self)
        }
        var repository: HoldfastConfiguration.Repository?
        if let location, let password, let name {
            repository = .init(
                location: location,
                password: password,
                compression: compression.flatMap(\.self) ?? .auto
            )
            repository?.name = name
            repository?.retention = retention
        }
        storageOptions(&section, of: &repository)
        close(section, required: (isListed ? ["name"] : []) + ["location", "password"])
        return repository
    }

    private mutating func location(_ node: ConfigurationNode) -> HoldfastConfiguration.RepositoryLocation? {
        guard let text = text(node, of: "location", example: "location: ./backup") else { return nil }
        if text.hasPrefix("rclone:") { return rclone(text, at: node.position) }
        if S3Location.isMeant(by: text) { return s3(text, at: node.position) }
        let remote = ["sftp", "rest", "b2", "azure", "gs", "swift", "http", "https"]
        if let scheme = remote.first(where: { text.lowercased().hasPrefix($0 + ":") }) {
            report.error(
                .notYetSupported,
                at: node.position,
                "repositories at '\(scheme):' are not supported in this way",
                suggestion: Self.otherWay(to: scheme)
            )
            return nil
        }
        return path(text, at: node.position, of: "location").map { .folder($0) }
    }

    /// What to write instead of a location that restic knows.
    private static func otherWay(to scheme: String) -> String {
        switch scheme {
        case "b2":
            "Use its S3 interface: 's3:https://s3.REGION.backblazeb2.com/BUCKET/PREFIX'; or 'rclone:REMOTE:PATH'."
        case "http", "https", "rest":
            "A service that speaks S3 is written as 's3:https://HOST/BUCKET/PREFIX'; WebDAV and others are reached by 'rclone:REMOTE:PATH'."
        default: "Set up a remote with 'rclone config', and write 'rclone:REMOTE:PATH'."
        }
    }

    /// `s3:https://HOST/BUCKET/PREFIX`, as restic writes it.
    private mutating func s3(_ text: String, at position: ConfigurationPosition)
        -> HoldfastConfiguration.RepositoryLocation?
    {
        do {
            return .s3(try S3Location(text))
        } catch {
            report.error(.invalidValue, at: position, "'location': \(error.message)", suggestion: error.hint)
            return nil
        }
    }

    /// `rclone:REMOTE:PATH`, as restic writes it.
    private mutating func rclone(_ text: String, at position: ConfigurationPosition)
        -> HoldfastConfiguration.RepositoryLocation?
    {
        let remote = String(text.dropFirst("rclone:".count))
        // A remote of its own configuration, or one that begins with a colon and stands for itself.
        let hasRemote = remote.dropFirst(remote.hasPrefix(":") ? 1 : 0).contains(":")
        if hasRemote, !remote.hasPrefix("-"), !remote.utf8.contains(0) { return .rclone(remote) }
        report.error(
            .invalidValue,
            at: position,
            "'location' names no remote of rclone",
            suggestion: "Write 'rclone:REMOTE:PATH' with a remote that 'rclone listremotes' shows."
        )
        return nil
    }

    private mutating func restore(_ node: ConfigurationNode) -> HoldfastConfiguration.Restore? {
        guard var section = section(.restore, node) else { return nil }
        var restore = HoldfastConfiguration.Restore.standard
        if let limit = section.take("green_within") {
            restore.greenWithin = duration(limit, of: "green_within", example: "5m") ?? restore.greenWithin
        }
        if let tolerance = section.take("score_tolerance") {
            restore.scoreTolerance = self.tolerance(tolerance) ?? restore.scoreTolerance
        }
        close(section, required: [])
        return restore
    }

    private mutating func tolerance(_ node: ConfigurationNode) -> Double? {
        guard case .text(let text, isPlain: true) = node.content, let value = Double(text), value.isFinite, value >= 0,
            text.allSatisfy({ $0.isASCII && !"xXpP".contains($0) })
        else {
            report.error(
                .wrongType,
                at: node.position,
                "'score_tolerance' must be a number from 0 up, found \(found(node))",
                suggestion: "Write for example 'score_tolerance: 0.0001'.",
                revealing: .value
            )
            return nil
        }
        return value
    }
}

/// One mapping of the file while its keys are being used up.
struct ConfigurationSection {
    let schema: ConfigurationSchema
    let position: ConfigurationPosition
    private let entries: [ConfigurationEntry]
    private var taken: Set<String> = []

    init(_ schema: ConfigurationSchema, at position: ConfigurationPosition, _ entries: [ConfigurationEntry]) {
        self.schema = schema
        self.position = position
        self.entries = entries
    }

    /// The value of a key, `nil` when the key is not there.
    mutating func take(_ key: String) -> ConfigurationNode? {
        taken.insert(key)
        return entries.first { $0.key == key }?.value
    }

    func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// The keys that the schema does not have.
    var unknown: [ConfigurationEntry] { entries.filter { !schema.keys.contains($0.key) } }

    /// Whether an unknown key was probably meant to be one of these, so that their absence needs no second remark.
    func hasLookalike(of keys: [String]) -> Bool {
        unknown.contains { EditDistance.nearest(to: $0.key, among: schema.keys).map(keys.contains) ?? false }
    }
}
