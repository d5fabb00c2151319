/// Files of keys, one a line, with comments and empty lines between them: what `age-keygen` writes and `age -i`, `age -R` read.
public enum AgeKeyFile {
    /// The longest file that is read, in bytes: 1 MiB.
    public static let maximumSize = 1 << 20

    /// Reads an identity file.
    ///
    /// - Throws: `invalidIdentity` or `unsupported` with the number of the line, never its text; `invalidIdentity` when there is
    ///   no identity in it; `limitExceeded`.
    public static func identities(_ bytes: some Collection<UInt8>) throws(SealingError) -> [AgeIdentity] {
        let beginning = Array(bytes.prefix(64))
        guard !beginning.starts(with: AgeHeader.versionPrefix.utf8), !beginning.starts(with: AgeArmor.begin.utf8) else {
            throw SealingError(
                .unsupported,
                "the identity file is itself sealed",
                hint: "Open it with its passphrase first, and use what comes out."
            )
        }
        let identities: [AgeIdentity] = try read(bytes, of: "identity") { line throws(SealingError) in
            try AgeIdentity(line)
        }
        guard !identities.isEmpty else { throw SealingError(.invalidIdentity, "the identity file holds no identity") }
        return identities
    }

    /// Reads a file of recipients.
    ///
    /// - Throws: `invalidRecipient` or `unsupported` with the number of the line; `invalidRecipient` when there is no recipient
    ///   in it; `limitExceeded`.
    public static func recipients(_ bytes: some Collection<UInt8>) throws(SealingError) -> [AgeRecipient] {
        let recipients: [AgeRecipient] = try read(bytes, of: "recipients") { line throws(SealingError) in
            try AgeRecipient(line)
        }
        guard !recipients.isEmpty else {
            throw SealingError(.invalidRecipient, "the recipients file holds no recipient")
        }
        return recipients
    }

    /// The text of an identity file, secret, as `age-keygen` writes it.
    ///
    /// - Parameter comment: one line that says what it is for; line breaks in it become spaces.
    public static func exposedText(of identity: AgeIdentity, comment: String) throws(SealingError) -> String {
        let comment = String(comment.map { $0.isNewline ? " " : $0 })
        return "# \(comment)\n# public key: \(try identity.recipient)\n\(identity.exposed)\n"
    }

    private static func read<Key>(
        _ bytes: some Collection<UInt8>,
        of kind: String,
        _ parse: (Substring) throws(SealingError) -> Key
    ) throws(SealingError) -> [Key] {
        guard bytes.count <= maximumSize else {
            throw SealingError(.limitExceeded, "the \(kind) file is longer than \(maximumSize) bytes")
        }
        var keys: [Key] = []
        // On bytes: to Swift's String, CR and LF together are one character.
        for (index, line) in Array(bytes).split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let text = Substring(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
            if text.isEmpty || text.hasPrefix("#") { continue }
            do throws(SealingError) {
                keys.append(try parse(text))
            } catch {
                throw SealingError(
                    error.code,
                    "line \(index + 1) of the \(kind) file: \(error.message)",
                    hint: error.hint
                )
            }
        }
        return keys
    }
}
