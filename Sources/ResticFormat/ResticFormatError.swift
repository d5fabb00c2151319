/// What is wrong with bytes that claim to be part of a restic repository, or with values that cannot become part of
/// one.
public struct ResticFormatError: Error, Sendable {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case truncated, malformed, unsupportedVersion, unsupportedNodeType, invalidName, duplicateName, notOrdered,
                outOfRange,
                tooDeep, invalidPolynomial
        }
        private let base: Base

        /// The bytes end before the value does.
        public static let truncated = Code(base: .truncated)
        /// The bytes are not of the shape the format prescribes.
        public static let malformed = Code(base: .malformed)
        /// The repository is of a version this library does not read.
        public static let unsupportedVersion = Code(base: .unsupportedVersion)
        /// A node is of a type this library does not know.
        public static let unsupportedNodeType = Code(base: .unsupportedNodeType)
        /// A node's name is empty, `.`, `..`, too long, or holds a slash or a zero byte.
        public static let invalidName = Code(base: .invalidName)
        /// Two nodes of one tree bear the same name.
        public static let duplicateName = Code(base: .duplicateName)
        /// The nodes of a tree to be written are not in ascending byte order of their names.
        public static let notOrdered = Code(base: .notOrdered)
        /// A number lies outside the range its field can have.
        public static let outOfRange = Code(base: .outOfRange)
        /// A document nests deeper than any this format knows.
        public static let tooDeep = Code(base: .tooDeep)
        /// The chunker polynomial is reducible: restic refuses such a repository.
        public static let invalidPolynomial = Code(base: .invalidPolynomial)

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
}

extension ResticFormatError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code): \(message)" }
}
