/// Why a configuration file cannot be used.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String { case notFound, unreadable, tooLarge, notUTF8, empty, invalid }
        private let base: Base

        /// There is no such file.
        public static let notFound = Code(base: .notFound)
        /// The file is there and cannot be read.
        public static let unreadable = Code(base: .unreadable)
        /// The file is larger than ``HoldfastConfiguration/maximumFileSize``.
        public static let tooLarge = Code(base: .tooLarge)
        /// The file is not text in UTF-8.
        public static let notUTF8 = Code(base: .notUTF8)
        /// The file holds nothing but blanks and comments.
        public static let empty = Code(base: .empty)
        /// What the file says is wrong; see ``ConfigurationError/diagnostics``.
        public static let invalid = Code(base: .invalid)

        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the file; never a secret.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// Everything that was found in the file, in the order of its lines; warnings included.
    public var diagnostics: [ConfigurationDiagnostic]
    /// The failure below, kept as it came.
    public var cause: (any Error)?

    /// Makes an error; see the properties.
    public init(
        _ code: Code,
        _ message: String,
        hint: String? = nil,
        diagnostics: [ConfigurationDiagnostic] = [],
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.diagnostics = diagnostics
        self.cause = cause
    }

    /// All findings with their lines, or the message when there are none.
    public var description: String {
        diagnostics.isEmpty ? message : diagnostics.map(\.rendered).joined(separator: "\n")
    }
}
