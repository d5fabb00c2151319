public import ResticFormat

/// A file of the folder `keys` as `key list` shows it: who made it and when, never what it holds.
public struct StoredKey: Sendable, Hashable {
    /// What a sound key file says about itself.
    public struct Label: Sendable, Hashable {
        /// When the key was added.
        public let created: GoTime
        /// Who added it, or for whom.
        public let userName: String
        /// On which host.
        public let hostName: String
        /// scrypt's cost N: how many blocks a guess of the password has to keep.
        public let n: Int
        /// scrypt's block size r.
        public let r: Int
        /// scrypt's parallelization p.
        public let p: Int
    }

    /// What is in the file.
    public enum Content: Sendable, Hashable {
        /// A key.
        case readable(Label)
        /// Nothing that opens; why, in half a sentence.
        case damaged(String)
    }

    /// The file's name.
    public let id: ResticID
    /// The file's length in bytes.
    public let byteCount: Int64
    /// What is in the file.
    public let content: Content
    /// Whether the repository was opened with this key.
    public let isCurrent: Bool

    /// What the file says about itself; `nil` when it is damaged.
    public var label: Label? {
        guard case .readable(let label) = content else { return nil }
        return label
    }
}

extension KeyFile {
    /// Without salt and data.
    var label: StoredKey.Label {
        StoredKey.Label(created: created, userName: username, hostName: hostname, n: n, r: r, p: p)
    }
}
