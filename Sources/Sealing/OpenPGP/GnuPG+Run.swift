internal import Locks
internal import NIOCore
internal import Subprocess

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif
#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif

extension GnuPG {
    private typealias Running = Execution<CustomWriteInput, SequenceOutput, SequenceOutput>

    /// Runs the program on a source and hands its output to `body` as it comes.
    ///
    /// The output ends only when the source ended and the status channel says that all is done; otherwise it throws.
    func run<Source: AsyncSequence & Sendable, Answer: Sendable>(
        _ operation: Operation,
        on cursor: SourceCursor<Source>,
        _ body: (SealingBytes) async throws -> Answer
    ) async throws -> Answer where Source.Element == ByteBuffer {
        _ = BrokenPipes.areIgnored
        do {
            let result = try await Subprocess.run(
                executable,
                arguments: Arguments(arguments(for: operation)),
                platformOptions: Self.options,
                input: .inputWriter,
                output: .sequence,
                error: .sequence
            ) { execution in
                try await follow(execution, operation: operation, feeding: cursor, body)
            }
            if result.closureResult.isComplete { try check(result.terminationStatus) }
            return result.closureResult.answer
        } catch let passed as ReaderFailure {
            guard let error = passed.error as? SealingError, error.code == .noIdentityMatches else {
                throw passed.error
            }
            throw await hasAgent() ? error : .agentUnavailable
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw translated(error)
        }
    }

    /// What the reader threw, which may be an error of a program that it runs itself.
    private struct ReaderFailure: Error {
        let error: any Error
    }

    /// Whether the agent can be asked. A message it cannot be asked about looks to `gpg` like one for somebody else
    /// (GnuPG 2.2.40), while listing secret keys then fails.
    private func hasAgent() async -> Bool {
        let result = try? await Subprocess.run(
            executable,
            arguments: Arguments(commonArguments + ["--list-secret-keys", "--with-colons"]),
            platformOptions: Self.options,
            input: .none,
            output: .discarded,
            error: .discarded
        )
        return result?.terminationStatus.isSuccess ?? false
    }

    private var executable: Executable {
        program.contains("/") ? .path(FilePath(program)) : .name(program)
    }

    private static var options: PlatformOptions {
        var options = PlatformOptions()
        // A group of its own, so that helpers the program started are stopped with it.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
        ]
        return options
    }

    private func follow<Source: AsyncSequence & Sendable, Answer: Sendable>(
        _ execution: Running,
        operation: Operation,
        feeding cursor: SourceCursor<Source>,
        _ body: (SealingBytes) async throws -> Answer
    ) async throws -> (answer: Answer, isComplete: Bool) where Source.Element == ByteBuffer {
        let passphrase = if case .open = operation { self.passphrase } else { Passphrase?.none }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            let conversation = Conversation(execution.standardOutput)
            group.addTask {
                await conversation.feed(execution.standardInputWriter, passphrase: passphrase, from: cursor) {
                    // Its output ends then, and whoever reads it learns why.
                    try? execution.send(signal: .terminate)
                }
            }
            group.addTask { await conversation.listen(to: execution.standardError) }
            defer { group.cancelAll() }
            do {
                let answer = try await body(SealingBytes { try await conversation.next(operation) })
                return (answer, conversation.isComplete)
            } catch {
                throw ReaderFailure(error: error)
            }
        }
    }

    private func check(_ status: TerminationStatus) throws {
        guard !status.isSuccess else { return }
        try Task.checkCancellation()
        switch status {
        case .exited(let code):
            throw SealingError(.programFailed, "'\(program)' said that all was done and ended with exit status \(code)")
        case .signaled(let signal):
            throw SealingError(.programFailed, "'\(program)' was ended by signal \(signal)")
        }
    }

    /// The cause is left out: texts of the launcher can hold values of the environment.
    private func translated(_ error: SubprocessError) -> SealingError {
        switch error.code {
        case .executableNotFound, .spawnFailed:
            SealingError(
                .programMissing,
                "the program '\(program)' is not there or cannot be started",
                hint: "Install GnuPG (Debian: apt-get install gnupg), or name its path."
            )
        default: SealingError(.programFailed, "'\(program)' could not be followed to its end")
        }
    }
}
