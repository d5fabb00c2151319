/// Why a text is not JSON that this module accepts, or a value cannot be written as JSON.
///
/// Never holds any of the text: only where in it the problem is.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case malformed, invalidUnicode, tooDeep, tooLarge, numberOutOfRange, duplicateKey, notFinite, unexpectedKind
        }
        private let base: Base

        /// The text breaks the grammar of RFC 8259, or ends too early.
        public static let malformed = Code(base: .malformed)
        /// A string is not UTF-8 or has half a surrogate pair.
        public static let invalidUnicode = Code(base: .invalidUnicode)
        /// Arrays and objects are nested deeper than the limit.
        public static let tooDeep = Code(base: .tooDeep)
        /// The text is longer than the limit.
        public static let tooLarge = Code(base: .tooLarge)
        /// A number is beyond the largest `Double` (or `Float`, where one is expected).
        public static let numberOutOfRange = Code(base: .numberOutOfRange)
        /// An object has one key twice.
        public static let duplicateKey = Code(base: .duplicateKey)
        /// A NaN or an infinity, which JSON cannot express, was to be written.
        public static let notFinite = Code(base: .notFinite)
        /// The JSON is fine but not of the expected shape.
        public static let unexpectedKind = Code(base: .unexpectedKind)

        /// For people; holds none of the text.
        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// What was expected, lower case, no full stop.
    public var message: String
    /// The byte offset in the text, where there is one.
    public var offset: Int?

    init(_ code: Code, _ message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    /// For people; holds none of the text.
    public var description: String {
        offset.map { "\(message) at byte \($0)" } ?? message
    }
}

/// How much JSON a reader accepts.
public struct JSONLimits: Sendable, Hashable {
    /// The longest text, in bytes.
    public var byteCount: Int
    /// The deepest nesting of arrays and objects. 128, as in Qdrant's own reader (serde_json).
    public var depth: Int

    /// Makes limits.
    public init(byteCount: Int = 64 * 1024 * 1024, depth: Int = 128) {
        self.byteCount = byteCount
        self.depth = depth
    }
}
