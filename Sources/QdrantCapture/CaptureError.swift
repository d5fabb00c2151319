/// What went wrong between a server and the repository.
public struct CaptureError: Error, Sendable {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case collectionMissing, notLocal, foreignArchive, checksumMismatch, deadline, incompatible, targetExists
            case manifest, interrupted, unverified, tooDifferent
        }
        private let base: Base

        /// The server has no such collection.
        public static let collectionMissing = Code(base: .collectionMissing)
        /// A shard is not on the node that was asked, or its replica is not active.
        public static let notLocal = Code(base: .notLocal)
        /// The archive is not one of a Qdrant shard, or is incomplete.
        public static let foreignArchive = Code(base: .foreignArchive)
        /// A downloaded snapshot does not have the checksum that the server stated.
        public static let checksumMismatch = Code(base: .checksumMismatch)
        /// The server did not come to an end in time.
        public static let deadline = Code(base: .deadline)
        /// The stored collection does not fit the server or the live collection.
        public static let incompatible = Code(base: .incompatible)
        /// A collection of that name exists and must not be touched.
        public static let targetExists = Code(base: .targetExists)
        /// `collection.json` is missing or cannot be read.
        public static let manifest = Code(base: .manifest)
        /// Live data was being replaced when something failed or the task was cancelled; the cause says what.
        public static let interrupted = Code(base: .interrupted)

        /// A copy to compare with is not what was captured.
        public static let unverified = Code(base: .unverified)
        /// More points are missing or differ than a repair of single points takes on.
        public static let tooDifferent = Code(base: .tooDifferent)

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
