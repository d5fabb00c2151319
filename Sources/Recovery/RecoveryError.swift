/// What went wrong in a run, in the words of the domain. Failures of the rooms below pass through as they came.
public struct RecoveryError: Error, Sendable {
    /// The kind of failure; what programs and tests match on.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Base: String {
            case noRestorePoint, ambiguousRestorePoint, damagedRestorePoint, emptySource, targetNotEmpty,
                notInRestorePoint, nothingToDo,
                notConfigured, refused, codeUnreadable, programMissing, stateUnusable, undetermined,
                cannotSeal, cannotOpen,
                sourceInUse, changedWhileRead, containerUnusable, containerLeftStopped
        }
        private let base: Base

        /// The repository holds no restore point of that id, or none at all.
        public static let noRestorePoint = Code(base: .noRestorePoint)
        /// A short id that several restore points share.
        public static let ambiguousRestorePoint = Code(base: .ambiguousRestorePoint)
        /// A restore point's manifest is missing or cannot be read.
        public static let damagedRestorePoint = Code(base: .damagedRestorePoint)
        /// A source that held something at the last backup is empty now.
        public static let emptySource = Code(base: .emptySource)
        /// The place to restore to holds something already.
        public static let targetNotEmpty = Code(base: .targetNotEmpty)
        /// The restore point does not hold what was asked for.
        public static let notInRestorePoint = Code(base: .notInRestorePoint)
        /// The options leave nothing to do.
        public static let nothingToDo = Code(base: .nothingToDo)
        /// The configuration lacks what the operation needs.
        public static let notConfigured = Code(base: .notConfigured)

        /// What was asked for would lose something, and is not done.
        public static let refused = Code(base: .refused)
        /// The record of how far a recovery has come can neither be read nor written.
        public static let stateUnusable = Code(base: .stateUnusable)
        /// What is lost cannot be told, since a part of the live system does not answer.
        public static let undetermined = Code(base: .undetermined)

        /// Secrets cannot be sealed to those they are to be sealed to; nothing of them is stored then.
        public static let cannotSeal = Code(base: .cannotSeal)
        /// Sealed secrets cannot be opened with what was given.
        public static let cannotOpen = Code(base: .cannotOpen)
        /// A checkout is not there, is none, or `git` cannot do with it what has to be done.
        public static let codeUnreadable = Code(base: .codeUnreadable)
        /// A program that the operation needs cannot be started.
        public static let programMissing = Code(base: .programMissing)

        /// The storage of a server that should be stopped is in use.
        public static let sourceInUse = Code(base: .sourceInUse)
        /// What has to be of one moment changed while it was read.
        public static let changedWhileRead = Code(base: .changedWhileRead)
        /// A container engine, container or volume is not there, or cannot be used.
        public static let containerUnusable = Code(base: .containerUnusable)
        /// A container that was stopped could not be started again.
        public static let containerLeftStopped = Code(base: .containerLeftStopped)

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
