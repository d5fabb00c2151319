/// What went wrong in a repository.
public struct RepositoryError: Error, Sendable {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case noRepository, alreadyExists, wrongPassword, unsupportedVersion, locked, lockLost, damaged, missing,
                ambiguous, source, target, targetNotEmpty, full, clock, keyInUse
        }
        private let base: Base

        /// There is no repository at the location.
        public static let noRepository = Code(base: .noRepository)
        /// There is one already, or something else is in its place.
        public static let alreadyExists = Code(base: .alreadyExists)
        /// No key of the repository opens with the password.
        public static let wrongPassword = Code(base: .wrongPassword)
        /// A newer format than this program knows.
        public static let unsupportedVersion = Code(base: .unsupportedVersion)
        /// Another process holds a lock that excludes this operation.
        public static let locked = Code(base: .locked)
        /// Our own lock is gone or could not be refreshed: nothing may be relied upon any more.
        public static let lockLost = Code(base: .lockLost)
        /// What is stored is not what was written.
        public static let damaged = Code(base: .damaged)
        /// A blob, file or snapshot that something refers to is not there.
        public static let missing = Code(base: .missing)
        /// A short id that more than one object has.
        public static let ambiguous = Code(base: .ambiguous)
        /// A key that must stay: the one in use, or the last one.
        public static let keyInUse = Code(base: .keyInUse)
        /// A source file could not be read.
        public static let source = Code(base: .source)
        /// A target file could not be written.
        public static let target = Code(base: .target)

        /// A folder to restore into holds something already.
        public static let targetNotEmpty = Code(base: .targetNotEmpty)

        /// The store has no room for what has to be written first.
        public static let full = Code(base: .full)
        /// The clock contradicts what the repository shows.
        public static let clock = Code(base: .clock)

        /// The name of the code.
        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the object; never a secret.
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
}
