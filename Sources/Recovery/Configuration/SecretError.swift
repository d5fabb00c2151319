/// Why a secret is not to be had.
public struct SecretError: Error, Sendable {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case literal, malformed, notSet, empty, tooLarge, notText, fileNotFound, fileUnreadable, commandNotFound,
                commandFailed, commandTimedOut
        }
        private let base: Base

        /// A secret, or something else that is no reference, where a reference belongs.
        public static let literal = Code(base: .literal)
        /// A reference that is not complete.
        public static let malformed = Code(base: .malformed)
        /// The environment variable is not set.
        public static let notSet = Code(base: .notSet)
        /// The place is there and holds nothing.
        public static let empty = Code(base: .empty)
        /// The place holds more than ``SecretReference/maximumSize``.
        public static let tooLarge = Code(base: .tooLarge)
        /// The secret is not UTF-8, and text is needed.
        public static let notText = Code(base: .notText)
        /// There is no such file.
        public static let fileNotFound = Code(base: .fileNotFound)
        /// The file is there and cannot be read.
        public static let fileUnreadable = Code(base: .fileUnreadable)
        /// There is no such program, or it cannot be started.
        public static let commandNotFound = Code(base: .commandNotFound)
        /// The program ended with another status than 0.
        public static let commandFailed = Code(base: .commandFailed)
        /// The program did not end in time and was stopped.
        public static let commandTimedOut = Code(base: .commandTimedOut)

        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the place; never what it holds.
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
