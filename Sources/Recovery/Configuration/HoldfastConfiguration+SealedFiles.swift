public import Sealing

extension HoldfastConfiguration {
    /// A set of files that are sealed before they are stored: an entry of the section `configuration`.
    public struct SealedFiles: Sendable, Hashable {
        /// To whom a set is sealed. The three exclude each other in one set.
        public enum Recipients: Sendable, Hashable {
            /// Keys of age: anyone of them opens it.
            case age([AgeRecipient])
            /// Fingerprints of OpenPGP keys, and the GNUPGHOME that has them; `nil` is the user's own.
            case openPGP([OpenPGPRecipient], home: String?)
            /// A passphrase, to be had there: the recovery kit.
            case passphrase(SecretReference)
        }

        /// Its name in restore points: letters, digits, `.`, `_`, `-`; unique.
        public var name: String
        /// The absolute path of the folder that the patterns start from.
        public var path: String
        /// Which files in it.
        public var selection: PathSelection
        /// To whom they are sealed.
        public var recipients: Recipients
        /// What opens them: the content of an age identity file, or for OpenPGP the passphrase of the secret key. Only
        /// restores ask for it.
        public var identity: SecretReference?

        /// Makes an entry; see the properties.
        public init(
            _ name: String,
            path: String,
            selection: PathSelection,
            recipients: Recipients,
            identity: SecretReference? = nil
        ) {
            self.name = name
            self.path = path
            self.selection = selection
            self.recipients = recipients
            self.identity = identity
        }
    }
}

extension HoldfastConfiguration.SealedFiles.Recipients {
    /// The format of the sealed files.
    public var format: SealedSetSummary.Format {
        switch self {
        case .age, .passphrase: .age
        case .openPGP: .openPGP
        }
    }

    /// Who can open it, by public names, sorted: `age1…`, fingerprints, or the word `passphrase`.
    public var publicNames: [String] {
        switch self {
        case .age(let keys): keys.map(\.description).sorted()
        case .openPGP(let keys, _): keys.map(\.description).sorted()
        case .passphrase: [SealedSetSummary.passphraseName]
        }
    }
}

extension HoldfastConfiguration.SealedFiles {
    var effective: EffectiveConfiguration.Value {
        var values: [String: EffectiveConfiguration.Value?] = [
            "name": .text(name), "path": .text(path), "files": .patterns(selection.include),
            "identity": .optional(identity.map { "\($0)" }),
        ]
        switch recipients {
        case .age: values["recipients"] = .list(recipients.publicNames.map { .text($0) })
        case .openPGP(_, let home):
            values["openpgp"] = .list(recipients.publicNames.map { .text($0) })
            values["gnupg_home"] = .optional(home)
        case .passphrase(let reference): values["passphrase"] = .text("\(reference)")
        }
        return .section(values)
    }
}
