internal import S3Client
internal import S3Storage

/// The section `s3` of a repository.
extension ConfigurationDecoder {
    private enum Encryption: String, CaseIterable {
        case s3, kms
    }

    private enum LockMode: String, CaseIterable {
        case governance, compliance

        var mode: S3Retention.Mode { self == .governance ? .governance : .compliance }
    }

    mutating func s3(_ node: ConfigurationNode) -> HoldfastConfiguration.S3? {
        guard var section = section(.s3, node) else { return nil }
        var s3 = HoldfastConfiguration.S3()
        keys(&section, into: &s3)
        if let node = section.take("region") { s3.region = text(node, of: "region", example: "region: eu-central-1") }
        if let node = section.take("style") {
            s3.style = choice(node, of: "style", S3AddressingStyle.self) ?? s3.style
        }
        if let node = section.take("ca_certificate") {
            s3.caCertificate = text(node, of: "ca_certificate", example: "ca_certificate: ./ca.pem")
                .flatMap { path($0, at: node.position, of: "ca_certificate") }
        }
        if let node = section.take("storage_class") { s3.storageClass = storageClass(node) }
        encryption(&section, into: &s3)
        if let node = section.take("connections") {
            s3.connections =
                integer(node, of: "connections", in: 1...64, example: "connections: 8") ?? s3.connections
        }
        if let node = section.take("conditional_writes") {
            s3.conditionalWrites =
                choice(node, of: "conditional_writes", S3StoreOptions.ConditionalWrites.self) ?? s3.conditionalWrites
        }
        if let node = section.take("checksum") {
            s3.checksum = choice(node, of: "checksum", S3Checksum.self) ?? s3.checksum
        }
        if let node = section.take("object_lock") { s3.objectLock = objectLock(node) }
        close(section, required: [])
        return s3
    }

    private mutating func keys(_ section: inout ConfigurationSection, into s3: inout HoldfastConfiguration.S3) {
        let idNode = section.take("access_key_id")
        let secretNode = section.take("secret_access_key")
        s3.accessKeyID = idNode.flatMap { secret($0, of: "access_key_id", example: "env:BACKUP_ACCESS_KEY_ID") }
        s3.secretAccessKey = secretNode.flatMap {
            secret($0, of: "secret_access_key", example: "file:/etc/holdfast/s3-secret")
        }
        let (tokenNode, profileNode) = (section.take("session_token"), section.take("profile"))
        s3.sessionToken = tokenNode.flatMap { secret($0, of: "session_token", example: "env:BACKUP_SESSION_TOKEN") }
        s3.profile = profileNode.flatMap { text($0, of: "profile", example: "profile: backup") }
        let hasKeys = idNode != nil || secretNode != nil
        if let tokenNode, !hasKeys {
            report.error(
                .invalidValue,
                at: tokenNode.position,
                "'session_token' has no effect without 'access_key_id' and 'secret_access_key'",
                suggestion: "Give the keys that it belongs to, or leave it out."
            )
        }
        if let profileNode, hasKeys {
            report.error(
                .invalidValue,
                at: profileNode.position,
                "'profile' has no effect beside 'access_key_id' and 'secret_access_key'",
                suggestion: "Leave out the profile, or the keys."
            )
        }
        guard (idNode == nil) != (secretNode == nil) else { return }
        report.error(
            .missingKey,
            at: section.position,
            "'s3' has one of 'access_key_id' and 'secret_access_key' without the other",
            suggestion: "Give both, or neither: then the keys of the environment or of a profile are used."
        )
    }

    /// Archives that must be restored before they can be read are refused.
    private mutating func storageClass(_ node: ConfigurationNode) -> String? {
        guard let name = text(node, of: "storage_class", example: "storage_class: STANDARD_IA") else { return nil }
        guard ["GLACIER", "DEEP_ARCHIVE"].contains(name.uppercased()) else { return name }
        report.error(
            .invalidValue,
            at: node.position,
            "'storage_class' is an archive from which objects cannot be read at once",
            suggestion: "Use GLACIER_IR or STANDARD_IA: a repository is read at every backup.",
            revealing: .value
        )
        return nil
    }

    private mutating func encryption(_ section: inout ConfigurationSection, into s3: inout HoldfastConfiguration.S3) {
        let key = section.take("kms_key")
        let kind = section.take("encryption").flatMap { choice($0, of: "encryption", Encryption.self) }
        let keyID = key.flatMap { text($0, of: "kms_key", example: "kms_key: alias/backup") }
        switch kind {
        case .s3?: s3.encryption = .s3
        case .kms?: s3.encryption = .kms(keyID: keyID)
        case nil: break
        }
        guard let key, kind != .kms else { return }
        report.error(
            .invalidValue,
            at: key.position,
            "'kms_key' has no effect without 'encryption: kms'",
            suggestion: "Add 'encryption: kms', or leave the key out."
        )
    }

    private mutating func objectLock(_ node: ConfigurationNode) -> S3StoreOptions.Retention? {
        guard var section = section(.objectLock, node) else { return nil }
        let mode = section.take("mode").flatMap { choice($0, of: "mode", LockMode.self) }
        let days = section.take("days").flatMap { integer($0, of: "days", in: 1...36_500, example: "days: 30") }
        close(section, required: ["mode", "days"])
        guard let mode, let days else { return nil }
        return S3StoreOptions.Retention(mode: mode.mode, length: .seconds(86_400 * days))
    }
}
