/// Why a textbook could not be read or indexed. Failures of the server are thrown as they come, as `QdrantError`.
public struct TextbookError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case folderUnreadable, noPages, pageUnreadable, pageTooLarge, notUTF8, collectionMismatch,
                tooManyRemoved
        }
        private let base: Base

        /// The folder does not exist or may not be read.
        public static let folderUnreadable = Code(base: .folderUnreadable)
        /// The folder holds no page with any text.
        public static let noPages = Code(base: .noPages)
        /// A page may not be read.
        public static let pageUnreadable = Code(base: .pageUnreadable)
        /// A page is longer than ``MDXPage/byteLimit``.
        public static let pageTooLarge = Code(base: .pageTooLarge)
        /// A page is not UTF-8.
        public static let notUTF8 = Code(base: .notUTF8)
        /// A collection of that name exists and was made for something else.
        public static let collectionMismatch = Code(base: .collectionMismatch)
        /// Following the folder would delete more than half of the pages that are indexed.
        public static let tooManyRemoved = Code(base: .tooManyRemoved)

        /// The code's name.
        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the object.
    public var message: String
    /// What to do now, a full sentence.
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

    /// The message.
    public var description: String { message }
}
