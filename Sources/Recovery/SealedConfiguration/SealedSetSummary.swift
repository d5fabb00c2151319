public import ResticRepository

/// A set of sealed files in a restore point; the rest is in its `index.json`.
public struct SealedSetSummary: Sendable, Hashable, Codable {
    /// How files are sealed.
    public enum Format: String, Sendable, Hashable, Codable {
        /// An age file.
        case age
        /// An OpenPGP message.
        case openPGP = "openpgp"

        /// What is appended to a sealed file's name.
        var suffix: String {
            switch self {
            case .age: ".age"
            case .openPGP: ".gpg"
            }
        }
    }

    /// The recipient of a set that is sealed with a passphrase.
    public static let passphraseName = "passphrase"

    /// Its name in restore points.
    public var name: String
    /// The folder that its files were in.
    public var path: String
    /// Files taken.
    public var files: Int
    /// Their length in bytes, before they were sealed.
    public var bytes: Int64
    /// Their length in bytes as they are stored.
    public var sealedBytes: Int64
    /// How they are sealed.
    public var format: Format
    /// Who can open them: `age1…`, fingerprints, or the word `passphrase`.
    public var recipients: [String]
    /// What could not be taken as it was.
    public var skipped: [SkippedItem]

    /// Whether a passphrase opens it.
    public var needsPassphrase: Bool { format == .age && recipients == [Self.passphraseName] }
}
