internal import FoundationEssentials
internal import Sealing

/// What sealed configuration is opened with: collected from the command line and the configuration, asked for where somebody
/// sits there. Only what a set needs is looked up.
public struct ConfigurationIdentities: Sendable {
    /// Files of age identities, as `age-keygen` writes them.
    public var files: [String]
    /// The configured sets, which may say where their identity is.
    public var sets: [HoldfastConfiguration.SealedFiles]
    /// Asks for a passphrase; `nil` when there is nobody to ask, or nothing was typed.
    public var ask: @Sendable (_ prompt: String) -> [UInt8]?
    /// Takes a remark about a place that secrets came from; never a secret.
    public var remark: @Sendable (String) -> Void

    /// Makes a collection; see the properties.
    public init(
        files: [String] = [],
        sets: [HoldfastConfiguration.SealedFiles] = [],
        ask: @escaping @Sendable (_ prompt: String) -> [UInt8]? = { _ in nil },
        remark: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.files = files
        self.sets = sets
        self.ask = ask
        self.remark = remark
    }

    /// What may open a set.
    ///
    /// - Throws: ``RecoveryError/Code/cannotOpen`` when there is nothing to try; ``SecretError`` when a place that was named
    ///   does not hold it.
    func resolve(for set: SealedSetSummary) async throws -> SealingIdentities {
        let configured = sets.first { $0.name == set.name }
        if set.format == .openPGP { return try await keyring(of: configured, set) }
        if set.needsPassphrase { return try await passphrase(of: configured, set) }
        var keys: [AgeIdentity] = []
        for file in files {
            keys += try await identities(
                .file(path: ConfigurationPath.absolute(file, in: FileManager.default.currentDirectoryPath)),
                set
            )
        }
        if let reference = configured?.identity { keys += try await identities(reference, set) }
        if keys.isEmpty {
            // A set that was renamed since, or left out of this configuration.
            for reference in sets.compactMap(\.identity) { keys += (try? await identities(reference, set)) ?? [] }
        }
        guard !keys.isEmpty else { throw Self.missing(set) }
        return SealingIdentities(age: AgeIdentities(keys: keys))
    }

    private func identities(_ reference: SecretReference, _ set: SealedSetSummary) async throws -> [AgeIdentity] {
        let secret = try await reference.resolve()
        for warning in secret.warnings { remark(warning) }
        do {
            return try AgeKeyFile.identities(secret.reveal())
        } catch {
            throw RecoveryError(
                .cannotOpen,
                "the identity for configuration '\(set.name)' at '\(reference)' cannot be used: \(error.message)",
                hint: error.hint
            )
        }
    }

    private func passphrase(of configured: HoldfastConfiguration.SealedFiles?, _ set: SealedSetSummary) async throws
        -> SealingIdentities
    {
        var failure: SecretError?
        if case .passphrase(let reference)? = configured?.recipients {
            do {
                let secret = try await reference.resolve()
                for warning in secret.warnings { remark(warning) }
                return try Self.identities(secret.reveal(), set)
            } catch let error as SecretError {
                // On another machine the place is seldom there: whoever has the kit types it.
                failure = error
            }
        }
        guard let typed = ask("passphrase of configuration '\(set.name)': "), !typed.isEmpty else {
            throw failure ?? Self.missing(set)
        }
        return try Self.identities(typed, set)
    }

    private static func identities(_ bytes: [UInt8], _ set: SealedSetSummary) throws -> SealingIdentities {
        do {
            let passphrase = try bytes.withUnsafeBytes { bytes throws(SealingError) in try Passphrase(bytes) }
            return SealingIdentities(age: AgeIdentities(passphrases: [passphrase]))
        } catch let error as SealingError {
            throw RecoveryError(.cannotOpen, "the passphrase of configuration '\(set.name)': \(error.message)")
        }
    }

    private func keyring(of configured: HoldfastConfiguration.SealedFiles?, _ set: SealedSetSummary) async throws
        -> SealingIdentities
    {
        var program = GnuPG()
        if case .openPGP(_, let home)? = configured?.recipients { program.home = home }
        if let reference = configured?.identity {
            let secret = try await reference.resolve()
            for warning in secret.warnings { remark(warning) }
            program.passphrase = try Self.identities(secret.reveal(), set).age.passphrases.first
        }
        return SealingIdentities(openPGP: program)
    }

    // MARK: Errors

    private static func missing(_ set: SealedSetSummary) -> RecoveryError {
        RecoveryError(
            .cannotOpen,
            "the configuration '\(set.name)' is sealed to \(set.recipientList), and nothing was given to open it with",
            hint: set.needsPassphrase
                ? "Name its place in the configuration as 'passphrase: file:PATH', or run the command on a terminal and type it."
                : "Give the identity of one of them with '--identity FILE', or name it in the configuration as 'identity: file:PATH'."
        )
    }

    /// An error of opening, in the words of whoever restores.
    static func refused(_ set: SealedSetSummary, _ error: SealingError) -> RecoveryError {
        switch error.code {
        case .noIdentityMatches where set.format == .age && !set.needsPassphrase:
            RecoveryError(
                .cannotOpen,
                "the configuration '\(set.name)' is sealed to \(set.recipientList), and none of the given identities is of one of them",
                hint:
                    "Run 'age-keygen -y FILE' to see whose identity a file is; give the right one with '--identity FILE'."
            )
        case .wrongPassphrase where set.needsPassphrase:
            RecoveryError(
                .cannotOpen,
                "the passphrase is not the one that configuration '\(set.name)' was sealed with",
                hint: "Earlier restore points may have been sealed with an earlier passphrase."
            )
        default:
            RecoveryError(
                .cannotOpen,
                "the configuration '\(set.name)', sealed to \(set.recipientList), cannot be opened: \(error.message)",
                hint: error.hint
            )
        }
    }
}

extension SealedSetSummary {
    /// Who can open it, in a sentence.
    var recipientList: String {
        guard !needsPassphrase else { return "a passphrase" }
        return recipients.prefix(8).joined(separator: ", ") + (recipients.count > 8 ? " and others" : "")
    }
}
