public import ObjectStorage
public import ResticFormat

/// What came of extending the retention of a repository's files.
public struct RetentionReport: Sendable {
    /// A file whose retention was not extended.
    public struct Failure: Sendable {
        /// The file.
        public var key: ObjectKey
        /// Why, as a sentence.
        public var reason: String
        /// What the operator can do, as a sentence.
        public var hint: String?
    }

    /// The most failures that are named; after so many no more are tried.
    public static let namedFailures = 20

    /// Files whose retention was extended.
    public var extended = 0
    /// Files that needed it and were not tried any more after ``namedFailures`` others had failed.
    public var untried = 0
    /// Until when those that were extended are retained now; `nil` when there was nothing to extend.
    public var until: GoTime?
    /// Files whose retention was not extended, in the order of their keys.
    public var failures: [Failure] = []

    /// One sentence a file that failed, and one for those that were not tried.
    public var problems: [String] {
        var problems = failures.map { "the retention of '\($0.key)' was not extended: \($0.reason)" }
        if untried > 0 {
            problems.append("the retention of \(untried) more files was not extended: nothing more was tried")
        }
        return problems
    }
}
