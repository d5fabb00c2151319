internal import ObjectStorage
internal import ResticFormat
internal import ResticRepository

/// What came of retaining further what a repository needs, at the end of a command that wrote into it (decision 0033).
struct RetentionCare: Encodable, Sendable {
    /// Files whose retention was extended.
    let extended: Int
    /// Until when, as RFC 3339; `nil` when nothing was.
    let until: String?
    /// What was not extended, and why.
    let problems: [String]
    /// What to do about the first of them.
    private let hint: String?

    private enum CodingKeys: CodingKey {
        case extended, until, problems
    }

    var isComplete: Bool { problems.isEmpty }

    /// Extends what is due. A failure is part of the result: what the command itself was about is done by then.
    ///
    /// - Returns: `nil` when the store retains nothing.
    /// - Throws: `CancellationError`.
    static func extend(_ repository: Repository) async throws -> RetentionCare? {
        do {
            return try await RetentionRun(repository).extendWhenDue().map { report in
                RetentionCare(
                    extended: report.extended,
                    until: report.extended > 0 ? report.until?.rfc3339 : nil,
                    problems: report.problems,
                    hint: report.failures.first?.hint
                )
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            let sentence = "the retention of the repository's files was not extended: \(ErrorReport.sentence(error))"
            return RetentionCare(extended: 0, until: nil, problems: [sentence], hint: nil)
        }
    }

    func printResult() {
        guard let until else { return }
        Console.result(
            "  retained   \(Formatting.count(extended, "file")) until \(until), which is extended as long as they are needed"
        )
    }

    /// - Parameter place: where, when it is not the command's own repository.
    func printProblems(of place: String = "") {
        for problem in problems { Console.note("problem\(place): \(problem)") }
        guard !problems.isEmpty else { return }
        Console.note(
            "hint: \(hint ?? "Run the command again.") It takes the rights s3:GetObjectRetention and s3:PutObjectRetention; "
                + "'holdfast prune' by the pruner extends as well."
        )
    }
}
