/// A first `holdfast.yaml`, with every option and what it is for; what `holdfast init` writes.
///
/// Options that are not set are there as comments: removing `# ` from such a line sets it.
public struct ConfigurationTemplate: Sendable {
    /// The name of the protected system.
    public var system: String
    /// Where the repository is to be: a folder, absolute or relative to the file.
    public var repositoryLocation: String
    /// The reference to the repository's password, as it is written in the file.
    public var password: String
    /// The base of Qdrant's REST API; `nil` when only documents are to be protected.
    public var qdrantURL: String?
    /// The reference to Qdrant's API key, if it wants one.
    public var apiKey: String?
    /// The collections to protect; empty for all.
    public var collections: [String]
    /// The folders of documents to protect.
    public var documents: [String]

    /// Makes a template; see the properties. The values are written as they are: what is wrong with them shows when the
    /// result is parsed.
    public init(
        system: String = "textbook",
        repositoryLocation: String = "./backup",
        password: String = "env:HOLDFAST_PASSWORD",
        qdrantURL: String? = "http://127.0.0.1:6333",
        apiKey: String? = nil,
        collections: [String] = ["textbook_knowledge"],
        documents: [String] = ["./docs"]
    ) {
        self.system = system
        self.repositoryLocation = repositoryLocation
        self.password = password
        self.qdrantURL = qdrantURL
        self.apiKey = apiKey
        self.collections = collections
        self.documents = documents
    }

    /// The text of the file.
    public func render() -> String {
        [
            head, repositorySection, qdrantSection, documentsSection, Self.sealedSection, codeSection, restoreSection,
            retentionSection,
        ]
        .joined(separator: "\n")
    }

    private var head: String {
        """
        # Configuration of Holdfast. Paths are relative to this file.
        # Secrets never stand here, only where they are kept:
        #   env:NAME                    an environment variable
        #   file:PATH                   a file, readable by its owner only
        #   command:PROGRAM ARGUMENTS   what a program prints, for example a password manager

        # The version of this file's schema.
        version: \(ConfigurationSchema.version)

        # The name of the protected system: the host name and tag of its snapshots.
        system: \(Self.quoted(system))

        """
    }

    private var repositorySection: String {
        """
        # Where backups are stored: a restic repository.
        repository:
          # A folder, best on another disk than the data.
          location: \(Self.quoted(repositoryLocation))
          # Its password. Without it nothing can be restored: keep a copy away from this machine.
          password: \(Self.quoted(password))
          # How new data is compressed: auto (fast, and not where it gains nothing), off, or max (smallest, slow).
          compression: auto
          # The most that is sent and read, in bytes a second.
          # limit_upload: 10MB/s
          # limit_download: 50MB/s

        """
    }

    private var qdrantSection: String {
        let key = apiKey.map { "  api_key: \(Self.quoted($0))" } ?? "  # api_key: env:QDRANT_API_KEY"
        let text = """
            # The vector database.
            qdrant:
              # The base of its REST API.
              url: \(Self.quoted(qdrantURL ?? "http://127.0.0.1:6333"))
              # The key, if the server wants one: one that may manage the collections.
            \(key)
              # A PEM file with the authorities to trust instead of the system's, for https.
              # ca_certificate: ./ca.pem
              # How long the server may be silent: ms, s, m or h.
              timeout: 30s
            \(collectionsSection)
              # Collections to leave out. Copies made by restores (NAME__rp_ID) are left out by themselves.
              # exclude: ["tmp_*"]

            """
        return qdrantURL == nil ? Self.commented(text) : text
    }

    private var collectionsSection: String {
        guard !collections.isEmpty else {
            return """
                  # The collections to protect: names, patterns ("textbook_*"), or mappings with more options
                  # (docs/reference/configuration.md). Without this, all of them.
                  # collections: ["*"]
                """
        }
        return """
              # The collections to protect: a name, a pattern, or a mapping with more options. Without this, all of them.
              collections:
            \(collections.map(Self.collection).joined(separator: "\n"))
            """
    }

    private static func collection(_ name: String) -> String {
        """
            - name: \(quoted(name))
              # How it is read: stream (no copy on the server's disk) or snapshot (the server makes one first).
              method: stream
              # Queries recorded with their answers and asked again after a restore, 0 to 100.
              golden_queries: \(HoldfastConfiguration.Collection.defaultGoldenQueries)
              # What its vectors are made with: compared with the collection, shown with every restore point.
              # embedding: {model: NAME, revision: "1", dimension: 384, distance: Cosine, chunking: "by heading"}
              # The payload field that names the document a point was made from.
              # source_field: path
        """
    }

    private var documentsSection: String {
        let text = """
            # Folders of documents.
            documents:
            \((documents.isEmpty ? ["./docs"] : documents).map(Self.folder).joined(separator: "\n"))

            """
        return documents.isEmpty ? Self.commented(text) : text
    }

    private static func folder(_ path: String) -> String {
        """
          - path: \(quoted(path))
            # The name in restore points; without it, the folder's own.
            # name: documents
            # Only files that match one of these; without it, all. * ? [a-z] {a,b}; ** for any number of folders.
            # include: ["**/*.mdx"]
            # Files and folders to leave out.
            exclude: ["**/.git/**"]
        """
    }

    /// Only as a comment: where the code runs from, nobody can guess.
    private var codeSection: String {
        Self.commented(
            """
            # Checkouts of git that the application runs from.
            code:
              # The folder that holds .git, or a bare repository.
              - path: .
                # The name in restore points; without it, the folder's own.
                name: application
                # Store the commits too (git bundle), so that a restore does not need the remote.
                bundle: true
                # Store files that git neither knows nor ignores. What looks like a secret is left out always.
                untracked: true

            """
        )
    }

    /// A key of age that somebody has to make first: always a comment.
    private static let sealedSection = commented(
        """
        # Settings and secrets, sealed before they are stored: the backup cannot open them (docs/operating/secrets.md).
        configuration:
          - name: app
            # The folder that the patterns start from.
            path: .
            files: [".env.production", "config/*.yaml", "certs/*.pem"]
            # Whoever has the identity of one of these opens it: what 'age-keygen' prints as public key.
            recipients: [PUBLIC_KEY]
            # Or fingerprints of OpenPGP keys, in this keyring; or a passphrase alone.
            # openpgp: [FINGERPRINT]
            # gnupg_home: /etc/holdfast/gnupg
            # passphrase: file:/root/kit.passphrase
            # Only restores ask for it: keep it away from this machine.
            # identity: file:/media/key/identity.txt

        """
    )

    private var restoreSection: String {
        """
        # What a restore has to reach before it counts as verified.
        restore:
          # How long a restored collection may take until its status is green.
          green_within: \(ConfigurationDuration.render(HoldfastConfiguration.Restore.standard.greenWithin))
          # How far the score of a golden query may be from the recorded one.
          score_tolerance: 0.0001

        """
    }

    private var retentionSection: String {
        Self.commented(
            """
            # What 'holdfast forget' keeps: the newest of each hour, day, week, month and year, for so long. These are the defaults.
            retention:
              hourly: 2d
              daily: 30d
              weekly: 90d
              monthly: 1y
              yearly: 7y
              # The newest ones, whatever their age.
              last: 1
              # Whose calendar decides: UTC, a name like Europe/Berlin, or own: the offset each restore point was noted with.
              time_zone: own
              # Other spans for some components: a restore point stays while any of its components needs it.
              components:
                configuration:
                  daily: 1y

            """
        )
    }

    private static func commented(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty || $0.hasPrefix("#") ? String($0) : "# " + $0 }.joined(separator: "\n")
    }

    /// A value as YAML: bare where that is certain to be read as the same text, else in double quotes.
    static func quoted(_ value: String) -> String {
        let isBare =
            value.unicodeScalars.allSatisfy { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".", "/", ":": true
                default: false
                }
            } && value.first.map { $0 != "-" && $0 != ":" } == true && !value.hasSuffix(":")
            && !["null", "Null", "NULL", "---", "..."].contains(value)
        guard !isBare else { return value }
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case _
            where scalar.properties.generalCategory == .control || [0x2028, 0x2029, 0xFEFF].contains(scalar.value):
                let code = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - code.count) + code
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
