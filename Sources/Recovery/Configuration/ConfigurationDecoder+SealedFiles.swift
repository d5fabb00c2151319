internal import Sealing

/// The section `configuration`.
extension ConfigurationDecoder {
    private typealias SealedFiles = HoldfastConfiguration.SealedFiles

    mutating func sealedFiles(
        _ node: ConfigurationNode,
        repository: HoldfastConfiguration.RepositoryLocation?
    ) -> [HoldfastConfiguration.SealedFiles] {
        guard
            let items = entries(
                node,
                of: "configuration",
                empty: "'configuration' names no files",
                suggestion: "Write one entry with 'path', 'files' and 'recipients' for each set of files.",
                revealing: .value
            )
        else { return [] }
        var sets: [HoldfastConfiguration.SealedFiles] = []
        for item in items {
            guard let set = sealedSet(item, repository) else { continue }
            guard !sets.contains(where: { $0.name == set.name }) else {
                report.error(
                    .duplicateValue,
                    at: item.position,
                    "two entries of 'configuration' have the name '\(set.name)'",
                    suggestion: "Give one of them another 'name'.",
                    revealing: .value
                )
                continue
            }
            sets.append(set)
        }
        return sets
    }

    private mutating func sealedSet(
        _ node: ConfigurationNode,
        _ repository: HoldfastConfiguration.RepositoryLocation?
    ) -> HoldfastConfiguration.SealedFiles? {
        guard var section = section(.configuration, node) else { return nil }
        let pathNode = section.take("path")
        let path = pathNode.flatMap { node in
            text(node, of: "path", example: "path: .").flatMap { self.path($0, at: node.position, of: "path") }
        }
        let nameNode = section.take("name")
        let name =
            nameNode == nil
            ? path.flatMap { self.name(from: $0, at: pathNode?.position ?? node.position) }
            : nameNode.flatMap { self.name($0, of: "name") }
        let files = section.take("files").map { patterns($0, of: "files", example: ".env.production") } ?? []
        let recipients = self.recipients(&section)
        let identityNode = section.take("identity")
        let identity = identityNode.flatMap { secret($0, of: "identity", example: "file:/media/key/identity.txt") }
        close(section, required: ["path", "files"])
        guard let name, let path, let recipients, !files.isEmpty else { return nil }
        let selection = PathSelection(include: files, exclude: Self.leavingOut(repository, in: path))
        remark(on: identity, at: identityNode?.position ?? node.position, recipients, path, selection)
        return .init(name, path: path, selection: selection, recipients: recipients, identity: identity)
    }

    // MARK: Recipients

    /// Exactly one of the three ways.
    private mutating func recipients(_ section: inout ConfigurationSection) -> SealedFiles.Recipients? {
        let (age, openPGP) = (section.take("recipients"), section.take("openpgp"))
        let (passphrase, home) = (section.take("passphrase"), section.take("gnupg_home"))
        let given = [("recipients", age), ("openpgp", openPGP), ("passphrase", passphrase)].filter { $0.1 != nil }
        if given.isEmpty, !section.hasLookalike(of: ["recipients", "openpgp", "passphrase"]) {
            report.error(
                .missingKey,
                at: section.position,
                "\(section.schema.title) does not say to whom its files are sealed",
                suggestion:
                    "Add 'recipients: [age1…]' with what 'age-keygen' prints as public key, or 'openpgp', or 'passphrase'."
            )
        } else if given.count > 1, let second = given[1].1 {
            report.error(
                .invalidValue,
                at: second.position,
                "'\(given[0].0)' and '\(given[1].0)' exclude each other",
                suggestion:
                    "Make two entries with names of their own: one is the everyday copy, the other the recovery kit."
            )
            return nil
        }
        if let home, openPGP == nil {
            report.error(
                .invalidValue,
                at: home.position,
                "'gnupg_home' has no meaning without 'openpgp'",
                suggestion: "Remove it.",
                revealing: .value
            )
        }
        if let age { return ageKeys(age) }
        if let openPGP { return fingerprints(openPGP, home: home) }
        return passphrase.flatMap { secret($0, of: "passphrase", example: "file:/root/kit.passphrase") }
            .map { .passphrase($0) }
    }

    private mutating func ageKeys(_ node: ConfigurationNode) -> SealedFiles.Recipients? {
        let keys: [AgeRecipient]? = keys(node, of: "recipients", example: "age1…") { text throws(SealingError) in
            try AgeRecipient(text)
        }
        return keys.map { .age($0) }
    }

    private mutating func fingerprints(_ node: ConfigurationNode, home: ConfigurationNode?) -> SealedFiles.Recipients? {
        let folder = home.flatMap { node in
            text(node, of: "gnupg_home", example: "gnupg_home: /etc/holdfast/gnupg")
                .flatMap { path($0, at: node.position, of: "gnupg_home") }
        }
        let keys: [OpenPGPRecipient]? = keys(node, of: "openpgp", example: "FINGERPRINT") { text throws(SealingError) in
            let key = try OpenPGPRecipient(text)
            // The key behind an address can be exchanged without a line of this file being changed.
            guard key.isFingerprint else {
                throw SealingError(
                    .invalidRecipient,
                    "a key is named by an address",
                    hint: "Run 'gpg --fingerprint ADDRESS' and write the 40 digits."
                )
            }
            return key
        }
        guard home == nil || folder != nil else { return nil }
        return keys.map { .openPGP($0, home: folder) }
    }

    private mutating func keys<Key: Hashable>(
        _ node: ConfigurationNode,
        of key: String,
        example: String,
        _ read: (String) throws(SealingError) -> Key
    ) -> [Key]? {
        guard
            let items = entries(
                node,
                of: key,
                empty: "'\(key)' names nobody",
                suggestion: "Write '\(key): [\(example)]'."
            )
        else { return nil }
        var keys: [Key] = []
        for item in items {
            guard let text = text(item, of: key, example: "\(key): [\(example)]") else { continue }
            guard !text.uppercased().hasPrefix("AGE-SECRET-KEY-") else {
                report.error(
                    .literalSecret,
                    at: item.position,
                    "'\(key)' holds a secret key; anyone who reads this file can open everything sealed to it",
                    suggestion: "Make a new key with 'age-keygen', and write only its public key here: age1…."
                )
                continue
            }
            do throws(SealingError) {
                let new = try read(text)
                guard !keys.contains(new) else {
                    report.error(.duplicateValue, at: item.position, "'\(key)' names the same key twice")
                    continue
                }
                keys.append(new)
            } catch {
                report.error(
                    .invalidValue,
                    at: item.position,
                    "in '\(key)', \(error.message)",
                    suggestion: error.hint
                )
            }
        }
        return keys.count == items.count ? keys : nil
    }

    // MARK: Places

    /// The repository is no part of the configuration, wherever it lies.
    private static func leavingOut(_ repository: HoldfastConfiguration.RepositoryLocation?, in path: String)
        -> [PathPattern]
    {
        guard case .folder(let location)? = repository,
            let inside = ConfigurationPath.relative(location, to: path), !inside.isEmpty
        else { return [] }
        let special = Set("\\*?[]{},!")
        let escaped = inside.map { special.contains($0) ? "\\\($0)" : String($0) }.joined()
        return (try? PathPattern(escaped)).map { [$0] } ?? []
    }

    private mutating func remark(
        on identity: SecretReference?,
        at position: ConfigurationPosition,
        _ recipients: SealedFiles.Recipients,
        _ path: String,
        _ selection: PathSelection
    ) {
        if case .passphrase = recipients, identity != nil {
            report.warn(
                .invalidValue,
                at: position,
                "'identity' has no effect beside 'passphrase'",
                suggestion: "The passphrase opens what it has sealed."
            )
        }
        guard case .file(let place)? = identity, let inside = ConfigurationPath.relative(place, to: path) else {
            return
        }
        report.warn(
            .insecure,
            at: position,
            selection.selects(inside.utf8)
                ? "the identity is one of the files that are sealed to it"
                : "the identity lies beside what is sealed to it",
            suggestion: "Keep it away from this machine: what is lost together cannot open each other."
        )
    }
}
