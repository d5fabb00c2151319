extension AgeHeader {
    /// Wraps a file key for recipients and authenticates the whole.
    ///
    /// - Throws: `invalidRecipient` when there is none; `limitExceeded` for a work factor out of range; `libraryFailure`.
    init(wrapping fileKey: AgeFileKey, for recipients: AgeRecipients) throws(SealingError) {
        var stanzas: [AgeStanza] = []
        switch recipients {
        case .keys(let keys):
            guard !keys.isEmpty else {
                throw SealingError(.invalidRecipient, "there is no recipient to seal to", hint: "Nobody could open it.")
            }
            for key in keys { stanzas.append(try AgeX25519.stanza(wrapping: fileKey, for: key)) }
        case .passphrase(let passphrase, let workFactor):
            stanzas = [try AgeScrypt.stanza(wrapping: fileKey, for: passphrase, workFactor: workFactor)]
        }
        self.init(stanzas: stanzas, fileKey: fileKey)
    }

    /// Finds the file key with one of the identities, and checks the MAC with it.
    ///
    /// All stanzas of known types are checked before the first key is tried, so that the verdict does not depend on their
    /// order; those of unknown types are for somebody else. Takes as long as scrypt does where a passphrase is asked for.
    ///
    /// - Throws: `noIdentityMatches`, `wrongPassphrase`, `damaged`, `limitExceeded`, `libraryFailure`.
    func fileKey(with identities: AgeIdentities, limits: AgeLimits) throws(SealingError) -> AgeFileKey {
        var shares: [AgeX25519] = []
        for stanza in stanzas where stanza.type == AgeX25519.type { shares.append(try AgeX25519(stanza)) }
        let fileKey =
            if let stanza = stanzas.first(where: { $0.type == AgeScrypt.type }) {
                try self.fileKey(of: stanza, with: identities.passphrases, limits: limits)
            } else {
                try self.fileKey(of: shares, with: identities)
            }
        guard fileKey.authenticates(self) else {
            throw SealingError(.damaged, "the header of a sealed file is not what was written: its MAC is wrong")
        }
        return fileKey
    }

    private func fileKey(of shares: [AgeX25519], with identities: AgeIdentities) throws(SealingError) -> AgeFileKey {
        for share in shares {
            for identity in identities.keys {
                if let fileKey = share.fileKey(of: identity) { return fileKey }
            }
        }
        let what =
            identities.keys.isEmpty
            ? "no identity was given" : "none of \(identities.keys.count) identities is one of them"
        throw SealingError(
            .noIdentityMatches,
            "a file is sealed to \(stanzas.count) \(stanzas.count == 1 ? "recipient" : "recipients"), and \(what)",
            hint: "Is it the identity file that belongs to this backup's recipients?"
        )
    }

    private func fileKey(
        of stanza: AgeStanza,
        with passphrases: [Passphrase],
        limits: AgeLimits
    ) throws(SealingError) -> AgeFileKey {
        guard stanzas.count == 1 else {
            throw SealingError(
                .damaged,
                "a file is sealed with a passphrase and to others besides, which the format forbids"
            )
        }
        let scrypt = try AgeScrypt(stanza, limits: limits)
        guard !passphrases.isEmpty else {
            throw SealingError(
                .noIdentityMatches,
                "a file is sealed with a passphrase, and none was given",
                hint: "Give the passphrase of the recovery kit."
            )
        }
        for passphrase in passphrases {
            if let fileKey = try scrypt.fileKey(of: passphrase) { return fileKey }
        }
        throw SealingError(
            .wrongPassphrase,
            "the passphrase is not the one a file was sealed with",
            hint: "Check capital letters and the keyboard's layout."
        )
    }
}
