extension GnuPGStatus {
    // libgpg-error, src/err-codes.h.in
    private enum ErrorCode {
        static let badPassphrase = 11
        static let noAgent = 77
        static let agent = 78
        static let noPinEntry = 85
        static let canceled = 99
        static let noPassphrase = 177
        static let fullyCanceled = 198
        static let notOperational = 176
        static let timeout = 62
        // What goes wrong between gpg and its agent: the protocol, the end of the connection, the system's errors.
        static let assuan = 257...281
        static let endOfFile = 16383
        static let system = 0x8000...0xFFFF
    }

    /// Why sealing was not done, `nil` when it was.
    var sealingFailure: SealingError? {
        if let first = invalidRecipients.first { return failure(of: first) }
        guard !hasEncrypted else { return nil }
        return SealingError(
            .programFailed,
            "gpg sealed nothing",
            hint: "Run 'gpg --encrypt --recipient' by hand to see what it says."
        )
    }

    private func failure(of recipient: InvalidRecipient) -> SealingError {
        let name = "the OpenPGP recipient \(recipient.name)"
        switch recipient.reason {
        case 4: return revoked(name)
        case 5: return expired(name)
        case 0, 1, 9:
            return SealingError(
                .recipientNotFound,
                "\(name) is not in the keyring",
                hint: "Bring its public key in with 'gpg --import', into the same GNUPGHOME."
            )
        case 10:
            return SealingError(
                .recipientNotTrusted,
                "nobody vouches that the key of \(name) is theirs",
                hint: "Compare its fingerprint with the owner and give that instead of the address."
            )
        default:
            return SealingError(
                .recipientUnusable,
                "\(name) cannot be sealed to (gpg's reason \(recipient.reason))",
                hint: "Run 'gpg --list-keys' for it: is it disabled, ambiguous, or only for signing?"
            )
        }
    }

    private func expired(_ name: String) -> SealingError {
        SealingError(
            .recipientExpired,
            "the key of \(name) has expired",
            hint: "Its owner can prolong it with 'gpg --quick-set-expire'; then import it again."
        )
    }

    private func revoked(_ name: String) -> SealingError {
        SealingError(.recipientRevoked, "the key of \(name) was revoked", hint: "Ask its owner for the new one.")
    }

    /// Why opening was not done, or cannot be relied on; `nil` when all is well.
    var openingFailure: SealingError? {
        if hasDecrypted && !isIntegrityWrong && !hasForeignText { return nil }
        if hasForeignText {
            return SealingError(.damaged, "an OpenPGP message holds text that is not sealed")
        }
        if let failure = keyFailure { return failure }
        if !hasBegunDecryption && hasNoData { return .notOpenPGP }
        if !missingKeys.isEmpty {
            return SealingError(
                .noIdentityMatches,
                "an OpenPGP message is sealed to \(missingKeys.joined(separator: ", ")), and the keyring has no such secret key",
                hint: "Import the secret key, or name the GNUPGHOME that has it."
            )
        }
        if hasBegunDecryption {
            let codes =
                errorCodes.isEmpty ? "" : " (gpg's error \(errorCodes.map(String.init).joined(separator: ", ")))"
            return SealingError(
                .damaged,
                "an OpenPGP message is damaged or cut short\(codes)",
                hint: "Was it copied whole?"
            )
        }
        return SealingError(
            .programFailed,
            "gpg opened nothing",
            hint: "Run 'gpg --decrypt' by hand to see what it says."
        )
    }

    private var keyFailure: SealingError? {
        if errorCodes.contains(ErrorCode.badPassphrase) {
            return SealingError(.wrongPassphrase, "the passphrase does not unlock the OpenPGP secret key")
        }
        let locked = [ErrorCode.noPinEntry, ErrorCode.canceled, ErrorCode.fullyCanceled, ErrorCode.noPassphrase]
        if errorCodes.contains(where: locked.contains) {
            return SealingError(
                .passphraseNeeded,
                "the OpenPGP secret key is locked, and there is no terminal to ask for its passphrase",
                hint: "Give the passphrase, or unlock the key in gpg-agent first."
            )
        }
        let unreachable = [
            ErrorCode.noAgent, ErrorCode.agent, ErrorCode.notOperational, ErrorCode.timeout, ErrorCode.endOfFile,
        ]
        if errorCodes.contains(where: {
            unreachable.contains($0) || ErrorCode.assuan.contains($0) || ErrorCode.system.contains($0)
        }) {
            return .agentUnavailable
        }
        return nil
    }
}

extension SealingError {
    static var agentUnavailable: SealingError {
        SealingError(
            .agentUnavailable,
            "gpg-agent, which holds the secret keys, cannot be reached or started",
            hint: "Is the path of GNUPGHOME short, and does the folder belong to this user? Try 'gpg-connect-agent'."
        )
    }

    static var notOpenPGP: SealingError {
        SealingError(.notSealed, "the bytes are no OpenPGP message", hint: "Is this the file you mean?")
    }
}
