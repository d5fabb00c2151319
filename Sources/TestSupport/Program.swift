internal import Foundation
internal import Locks

/// An external program that tests run beside our own code: `restic`, `tar`, `git`, `age`.
public struct Program: Sendable {
    /// The absolute path of the executable.
    public let path: String

    /// Uses the executable at `path`.
    public init(path: String) {
        self.path = path
    }

    /// Looks for an executable in the folders of `PATH`.
    ///
    /// - Returns: `nil` when it is not installed; a test then says so in its `.enabled(if:)`.
    public static func find(_ name: String) -> Program? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(
            separator: ":"
        )
        return folders.map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
            .map(Program.init(path:))
    }

    /// How a program ended and what it said.
    public struct Outcome: Sendable, CustomStringConvertible {
        /// The exit status, or the negated number of the signal that ended it.
        public let status: Int32
        /// All of the standard output.
        public let output: [UInt8]
        /// All of the standard error.
        public let errors: [UInt8]

        /// The standard output as text.
        public var text: String { String(decoding: output, as: UTF8.self) }
        /// The standard error as text.
        public var errorText: String { String(decoding: errors, as: UTF8.self) }
        /// Whether it ended with status 0.
        public var succeeded: Bool { status == 0 }

        /// For failure messages: the status and the end of what it said.
        public var description: String {
            "status \(status)\n\(text.suffix(2000))\n\(errorText.suffix(4000))"
        }
    }

    /// A program that could not be run to its end.
    public struct Failure: Error, CustomStringConvertible {
        public let description: String
    }

    /// Runs the program and waits for its end; it is killed on time-out and when the task is cancelled.
    ///
    /// - Parameters:
    ///   - environment: added to ours; `nil` as a value takes a variable away.
    ///   - folder: where it runs; `nil` is our current folder.
    ///   - input: all of its standard input.
    ///   - timeout: after which it is killed.
    /// - Throws: ``Failure`` when it cannot be started or runs too long; `CancellationError`. Any exit status is an
    ///   outcome, not an error.
    public func run(
        _ arguments: [String],
        environment: [String: String?] = [:],
        folder: String? = nil,
        input: [UInt8] = [],
        timeout: Duration = .seconds(60)
    ) async throws -> Outcome {
        let child = ChildProcess(
            path: path,
            arguments: arguments,
            environment: environment,
            folder: folder,
            hasInput: !input.isEmpty
        )
        try child.start()
        return try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask { await child.finish(input: input) }
                group.addTask {
                    try await Task.sleep(for: timeout)
                    return nil
                }
                defer { group.cancelAll() }
                if let outcome = try await group.next() ?? nil {
                    try Task.checkCancellation()
                    return outcome
                }
                child.kill()
                let outcome = try await group.next() ?? nil
                throw Failure(
                    description: "\(path) \(arguments.joined(separator: " ")) did not end within \(timeout): "
                        + (outcome?.description ?? "")
                )
            }
        } onCancel: {
            child.kill()
        }
    }
}
