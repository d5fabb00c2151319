internal import Subprocess

#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif

extension SecretCommand {
    private enum Outcome: Sendable {
        case ended(TerminationStatus, output: [UInt8])
        case timedOut
    }

    /// Runs the program and returns what it writes to its standard output.
    ///
    /// It gets no input and runs in a process group of its own; what it writes to its standard error is thrown away,
    /// because it may repeat the secret.
    func run(environment: [String: String], timeout: Duration) async throws -> [UInt8] {
        switch try await outcome(environment: environment, timeout: timeout) {
        case .timedOut:
            throw SecretError(
                .commandTimedOut,
                "the command '\(program)' did not end within \(ConfigurationDuration.render(timeout)) and was stopped",
                hint: "Does it wait for input? Run it by hand to see."
            )
        case .ended(.exited(0), let output): return output
        case .ended(.exited(let status), _): throw failure("ended with exit status \(status)")
        case .ended(.signaled(let signal), _): throw failure("was ended by signal \(signal)")
        }
    }

    private func failure(_ what: String) -> SecretError {
        SecretError(
            .commandFailed,
            "the command '\(program)' \(what)",
            hint: "Run it by hand to see what it says: its messages are not shown here, since they may hold the secret."
        )
    }

    private func outcome(environment: [String: String], timeout: Duration) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            group.addTask { try await ended(environment: environment) }
            group.addTask {
                try await Task.sleep(for: timeout)
                return .timedOut
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { return .timedOut }
            return first
        }
    }

    private func ended(environment: [String: String]) async throws -> Outcome {
        var options = PlatformOptions()
        // A group of its own, so that helpers the program started are stopped with it.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
        ]
        do {
            let result = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments),
                environment: .custom(Self.usable(environment)),
                workingDirectory: FilePath(folder),
                platformOptions: options,
                input: .none,
                output: .bytes(limit: SecretReference.maximumSize),
                error: .discarded
            )
            // A program stopped because the task was cancelled has not ended by itself.
            try Task.checkCancellation()
            return .ended(result.terminationStatus, output: result.standardOutput)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw translated(error)
        }
    }

    /// The cause is left out: texts of the launcher can hold values of the environment.
    private func translated(_ error: SubprocessError) -> SecretError {
        switch error.code {
        case .executableNotFound:
            SecretError(
                .commandNotFound,
                "there is no program '\(program)'",
                hint: "Is it installed, and in a folder of PATH?"
            )
        case .failedToChangeWorkingDirectory:
            SecretError(.commandNotFound, "the folder '\(folder)' to run '\(program)' in is not there")
        case .outputLimitExceeded: SecretReference.tooLarge("the output of '\(program)'")
        case .spawnFailed:
            SecretError(.commandNotFound, "the program '\(program)' cannot be started", hint: "Is it executable?")
        default: SecretError(.commandFailed, "the command '\(program)' could not be followed to its end")
        }
    }

    /// Variables that no program can be given (names that begin with a digit or hold `=`) would stop the launch.
    static func usable(_ environment: [String: String]) -> [Environment.Key: String] {
        var variables: [Environment.Key: String] = [:]
        for (name, value) in environment {
            guard let first = name.unicodeScalars.first, !("0"..."9").contains(first), !name.contains("="),
                let key = Environment.Key(rawValue: name)
            else { continue }
            variables[key] = value
        }
        return variables
    }
}
