/// Why an archive is refused, or cannot be written.
public struct TarError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case truncated, checksumMismatch, unsupportedFormat, unsupportedType, invalidNumber, invalidPath,
                invalidLongName,
                duplicatePath, invalidSparseMap, limitExceeded, misplacedEndMarker, trailingData, wrongDataLength,
                misuse
        }
        private let base: Base

        /// The stream stops before the end marker.
        public static let truncated = Code(base: .truncated)
        /// A block that should be a header is not one, or was damaged.
        public static let checksumMismatch = Code(base: .checksumMismatch)
        /// A header of a tar dialect other than old GNU and POSIX ustar.
        public static let unsupportedFormat = Code(base: .unsupportedFormat)
        /// A member that is neither a regular file, nor a sparse file, nor a directory.
        public static let unsupportedType = Code(base: .unsupportedType)
        /// A numeric field that is blank, negative, not a number, or too large.
        public static let invalidNumber = Code(base: .invalidNumber)
        /// A name that is empty, absolute, holds NUL or a `..` component, or ends in a slash without being a directory.
        public static let invalidPath = Code(base: .invalidPath)
        /// A long-name entry (`L`) that is empty, doubled, or followed by no member.
        public static let invalidLongName = Code(base: .invalidLongName)
        /// A name that an earlier member has, or that needs a file to be a folder.
        public static let duplicatePath = Code(base: .duplicatePath)
        /// Data extents that contradict each other, the size of the file, or the stored size.
        public static let invalidSparseMap = Code(base: .invalidSparseMap)
        /// More names, name bytes or extents than ``TarLimits`` allows.
        public static let limitExceeded = Code(base: .limitExceeded)
        /// One block of zeros that is followed by something else.
        public static let misplacedEndMarker = Code(base: .misplacedEndMarker)
        /// Bytes other than zero behind the end marker.
        public static let trailingData = Code(base: .trailingData)
        /// More or fewer bytes written than the member's header announced.
        public static let wrongDataLength = Code(base: .wrongDataLength)
        /// A call in a state that does not allow it.
        public static let misuse = Code(base: .misuse)

        /// The name of the code.
        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming member and byte offset where they are known.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// The failure below, kept as it came.
    public var cause: (any Error)?
    /// Where in the archive: the start of the offending block, or the length of a truncated stream. `nil` outside of reading.
    public var offset: Int64?
    /// The member concerned, or the last one that was seen whole.
    public var member: TarPath?

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
