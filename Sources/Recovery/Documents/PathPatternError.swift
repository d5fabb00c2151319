/// Why a text is not a path pattern.
public struct PathPatternError: Error, Sendable {
    /// The kind of mistake; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case empty, tooLong, negated, absolute, trailingSlash, emptyComponent, dotComponent, misplacedStars,
                unclosedClass, emptyClass, reversedRange, unclosedBrace, strayBrace, tooDeep, danglingBackslash
        }
        private let base: Base

        /// The pattern has no characters.
        public static let empty = Code(base: .empty)
        /// The pattern is longer than ``PathPattern/maximumLength`` bytes.
        public static let tooLong = Code(base: .tooLong)
        /// The pattern begins with `!`.
        public static let negated = Code(base: .negated)
        /// The pattern begins with `/`.
        public static let absolute = Code(base: .absolute)
        /// The pattern ends with `/`.
        public static let trailingSlash = Code(base: .trailingSlash)
        /// The pattern has `//`.
        public static let emptyComponent = Code(base: .emptyComponent)
        /// The pattern has `.` or `..` as a component, which no path in a folder has.
        public static let dotComponent = Code(base: .dotComponent)
        /// `**` shares its component with other characters.
        public static let misplacedStars = Code(base: .misplacedStars)
        /// A `[` without its `]`.
        public static let unclosedClass = Code(base: .unclosedClass)
        /// A class that matches nothing, or one that names `/`.
        public static let emptyClass = Code(base: .emptyClass)
        /// A range whose end comes before its beginning.
        public static let reversedRange = Code(base: .reversedRange)
        /// A `{` without its `}`.
        public static let unclosedBrace = Code(base: .unclosedBrace)
        /// A `}` without its `{`.
        public static let strayBrace = Code(base: .strayBrace)
        /// Braces inside braces, more than ``PathPattern/maximumDepth`` levels.
        public static let tooDeep = Code(base: .tooDeep)
        /// A `\` with nothing after it.
        public static let danglingBackslash = Code(base: .danglingBackslash)

        public var description: String { base.rawValue }
    }

    /// The kind of mistake.
    public var code: Code
    /// One sentence, lower case, no full stop.
    public var message: String
    /// What to write instead, a full sentence.
    public var hint: String
    /// Where in the pattern, in characters (Unicode scalars) from its beginning, from 0.
    public var offset: Int

    init(_ code: Code, _ message: String, hint: String, at offset: Int = 0) {
        self.code = code
        self.message = message
        self.hint = hint
        self.offset = offset
    }
}
