/// Why something cannot be sealed or opened. Holds names of keys and programs, never a secret nor a byte of what is sealed.
public struct SealingError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case noIdentityMatches, wrongPassphrase, damaged, truncated, notSealed, unsupported, limitExceeded,
                invalidRecipient, invalidIdentity, recipientNotFound, recipientExpired, recipientRevoked,
                recipientNotTrusted, recipientUnusable, passphraseNeeded, agentUnavailable, programMissing,
                programFailed,
                libraryFailure, misuse
        }
        private let base: Base

        /// None of the given identities is one it was sealed to.
        public static let noIdentityMatches = Code(base: .noIdentityMatches)
        /// It was sealed with a passphrase, or its secret key is locked with one, and it is not the given one.
        public static let wrongPassphrase = Code(base: .wrongPassphrase)
        /// Bytes are not what was written, or not what the format allows.
        public static let damaged = Code(base: .damaged)
        /// It stops before its end.
        public static let truncated = Code(base: .truncated)
        /// It begins like nothing this room can open.
        public static let notSealed = Code(base: .notSealed)
        /// A version or a kind of key this room does not know.
        public static let unsupported = Code(base: .unsupported)
        /// It asks for more memory or work than ``AgeLimits`` allows.
        public static let limitExceeded = Code(base: .limitExceeded)
        /// Not the text of a recipient, or no recipient at all.
        public static let invalidRecipient = Code(base: .invalidRecipient)
        /// Not the text of an identity, or an empty passphrase.
        public static let invalidIdentity = Code(base: .invalidIdentity)
        /// The keyring has no such public key.
        public static let recipientNotFound = Code(base: .recipientNotFound)
        /// The recipient's key is past its date.
        public static let recipientExpired = Code(base: .recipientExpired)
        /// The recipient's key was revoked.
        public static let recipientRevoked = Code(base: .recipientRevoked)
        /// Nobody vouches that the key belongs to the e-mail address.
        public static let recipientNotTrusted = Code(base: .recipientNotTrusted)
        /// The recipient's key is disabled, ambiguous or not for encrypting.
        public static let recipientUnusable = Code(base: .recipientUnusable)
        /// The secret key is locked, and there is nobody to ask for its passphrase.
        public static let passphraseNeeded = Code(base: .passphraseNeeded)
        /// The program that holds the secret keys does not answer.
        public static let agentUnavailable = Code(base: .agentUnavailable)
        /// There is no such program, or it cannot be started.
        public static let programMissing = Code(base: .programMissing)
        /// The program ended without doing what it was asked, and said nothing that has a code of its own.
        public static let programFailed = Code(base: .programFailed)
        /// A library refused what it should be able to do; memory may be short.
        public static let libraryFailure = Code(base: .libraryFailure)
        /// A call in a state that does not allow it.
        public static let misuse = Code(base: .misuse)

        /// The name of the code.
        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the object.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// The failure below, kept as it came.
    public var cause: (any Error)?

    /// Makes an error; see the properties.
    public init(_ code: Code, _ message: String, hint: String? = nil, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.cause = cause
    }

    /// The message, and the hint behind it.
    public var description: String {
        guard let hint else { return "\(code): \(message)" }
        return "\(code): \(message). \(hint)"
    }
}
