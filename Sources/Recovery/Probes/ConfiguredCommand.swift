internal import Foundation
internal import Glibc
internal import Subprocess

#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif

/// A program that the configuration names, run without a shell.
public struct ConfiguredCommand: Sendable, Hashable {
    /// The program: a name to be searched in `PATH`, or a path when it holds a slash.
    public var program: String
    /// Its arguments, exactly as it gets them.
    public var arguments: [String]
    /// The absolute path of the folder it runs in.
    public var folder: String

    /// Makes a command; see the properties.
    public init(program: String, arguments: [String] = [], folder: String) {
        self.program = program
        self.arguments = arguments
        self.folder = folder
    }

    /// Cuts a line into words as ``SecretCommand`` does.
    ///
    /// - Throws: ``SecretError`` with code `malformed`.
    public init(_ line: String, folder: String) throws(SecretError) {
        let command = try SecretCommand(line, folder: folder)
        self.init(program: command.program, arguments: command.arguments, folder: command.folder)
    }

    /// The most that is kept of what it prints, in bytes.
    static let outputLimit = 1 << 20

    /// How a program ended.
    enum Ending: Sendable, Equatable {
        /// With this status, having printed this.
        case exited(Int, output: [UInt8])
        /// By this signal.
        case signaled(Int)
        /// It was stopped, because it took too long.
        case timedOut
        /// It could not be started: a sentence.
        case notStarted(String)
        /// It printed more than is accepted, and was stopped.
        case tooMuchOutput
    }

    /// Runs the program, in a process group of its own, which is stopped when it takes too long or the task is cancelled.
    ///
    /// - Parameters:
    ///   - environment: all the variables it sees.
    ///   - input: what it reads from its standard input.
    ///   - timeout: how long it may take.
    ///   - showsOutput: whether what it prints goes to our standard error instead of being returned.
    /// - Throws: `CancellationError`.
    func run(environment: [String: String], input: [UInt8] = [], timeout: Duration, showsOutput: Bool = false)
        async throws -> Ending
    {
        try await withTimeLimit(timeout) {
            showsOutput
                ? try await ending(environment, input, output: .currentStandardError, error: .currentStandardError) {
                    _ in []
                }
                : try await ending(environment, input, output: .bytes(limit: Self.outputLimit), error: .discarded) {
                    $0.standardOutput
                }
        } ?? .timedOut
    }

    /// Gives the program its input and follows it to its end.
    private func ending<Output: OutputProtocol, Failure: ErrorOutputProtocol>(
        _ environment: [String: String],
        _ input: [UInt8],
        output: Output,
        error: Failure,
        _ printed: (ExecutionResult<Void, Output, Failure>) -> [UInt8]
    ) async throws -> Ending {
        guard !input.isEmpty else {
            return try await ending(environment, from: .none, output: output, error: error, printed)
        }
        // Through a file and not a pipe: a program that ends before it has read all would end us by SIGPIPE, and swift-subprocess 1.0.2
        // stops the process when a program ends before its input was begun to be written.
        let file = try Self.unnamedFile(holding: input)
        return try await ending(
            environment,
            from: .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: true),
            output: output,
            error: error,
            printed
        )
    }

    /// - Returns: a descriptor that reads these bytes from a file that has no name any more.
    private static func unnamedFile(holding bytes: [UInt8]) throws -> Int32 {
        let folder = FileManager.default.temporaryDirectory.path
        var template = Array("\(folder)/holdfast-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw RecoveryError(.stateUnusable, "no temporary file can be made in '\(folder)'")
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                close(descriptor)
                throw RecoveryError(
                    .stateUnusable,
                    "a temporary file in '\(folder)' cannot be written",
                    hint: "Is its disk full?"
                )
            }
            rest = rest.dropFirst(count)
        }
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    private func ending<Input: InputProtocol, Output: OutputProtocol, Failure: ErrorOutputProtocol>(
        _ environment: [String: String],
        from input: Input,
        output: Output,
        error: Failure,
        _ printed: (ExecutionResult<Void, Output, Failure>) -> [UInt8]
    ) async throws -> Ending {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
        ]
        do {
            let result = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments),
                environment: .custom(SecretCommand.usable(environment)),
                workingDirectory: FilePath(folder),
                platformOptions: options,
                input: input,
                output: output,
                error: error
            )
            try Task.checkCancellation()
            switch result.terminationStatus {
            case .exited(let status): return .exited(Int(status), output: printed(result))
            case .signaled(let signal): return .signaled(Int(signal))
            }
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            return explained(error)
        }
    }

    /// The launcher's own texts are left out: they can hold values of the environment.
    private func explained(_ error: SubprocessError) -> Ending {
        switch error.code {
        case .executableNotFound: .notStarted("there is no program '\(program)'")
        case .failedToChangeWorkingDirectory: .notStarted("the folder '\(folder)' to run '\(program)' in is not there")
        case .spawnFailed: .notStarted("the program '\(program)' cannot be started")
        case .outputLimitExceeded: .tooMuchOutput
        default: .notStarted("the program '\(program)' could not be followed to its end")
        }
    }
}

extension ConfiguredCommand.Ending {
    /// What went wrong as the end of a sentence about the command; `nil` when it ended with 0.
    func failure(within timeout: Duration) -> String? {
        switch self {
        case .exited(0, _): nil
        case .exited(let status, _): "ended with exit status \(status)"
        case .signaled(let signal): "was ended by signal \(signal)"
        case .timedOut: "did not end within \(ConfigurationDuration.render(timeout)) and was stopped"
        case .notStarted(let reason): "did not run: \(reason)"
        case .tooMuchOutput: "printed more than \(ConfiguredCommand.outputLimit >> 20) MiB and was stopped"
        }
    }
}

/// Runs `body` and cancels it when it takes longer than the limit.
///
/// - Returns: `nil` when it did.
func withTimeLimit<Value: Sendable>(
    _ limit: Duration,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value? {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        return try await group.next() ?? nil
    }
}
