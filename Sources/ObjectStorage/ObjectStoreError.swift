/// What went wrong in a store, classified by the store itself: only it knows what an answer means.
public struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case notFound, alreadyExists, permissionDenied, readOnly, insufficientSpace, corrupted, unavailable,
                overloaded,
                rangeNotSatisfiable,
                locationMissing, locationInvalid, inputOutput
        }
        private let base: Base

        /// The object does not exist.
        public static let notFound = Code(base: .notFound)
        /// An object of that key exists and must not be replaced.
        public static let alreadyExists = Code(base: .alreadyExists)
        /// The identity in use lacks the right.
        public static let permissionDenied = Code(base: .permissionDenied)
        /// The store, its file system or its wrapper refuses every write.
        public static let readOnly = Code(base: .readOnly)
        /// No space, quota or inodes left.
        public static let insufficientSpace = Code(base: .insufficientSpace)
        /// What was read is not what was stored (a short read included).
        public static let corrupted = Code(base: .corrupted)
        /// The store did not answer, or asked to come back later.
        public static let unavailable = Code(base: .unavailable)
        /// The store asks to be asked less: too many requests at once.
        public static let overloaded = Code(base: .overloaded)
        /// The object is shorter than the range asked for.
        public static let rangeNotSatisfiable = Code(base: .rangeNotSatisfiable)
        /// The folder, bucket or volume of the store is not there.
        public static let locationMissing = Code(base: .locationMissing)
        /// The location cannot be one of a store (a file, a bad URL).
        public static let locationInvalid = Code(base: .locationInvalid)
        /// Any other failure of the device below.
        public static let inputOutput = Code(base: .inputOutput)

        /// Whether the same call may succeed later without anybody changing anything.
        public var isRetryable: Bool { base == .unavailable || base == .overloaded }

        public var description: String { base.rawValue }
    }

    /// The kind of failure.
    public var code: Code
    /// One sentence, lower case, no full stop, naming the object; never a secret.
    public var message: String
    /// What the operator can do now, a full sentence.
    public var hint: String?
    /// How long the store asks to be left alone before the next try; `nil` when it does not say.
    public var retryAfter: Duration?
    /// The failure below, kept as it came.
    public var cause: (any Error)?

    /// Message and code, for logs: what lies below may be long, and say what is none of a reader's business.
    public var description: String { "\(message) (\(code))" }

    /// Makes an error; see the properties.
    public init(
        _ code: Code,
        _ message: String,
        hint: String? = nil,
        retryAfter: Duration? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.hint = hint
        self.retryAfter = retryAfter
        self.cause = cause
    }
}
