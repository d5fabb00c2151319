internal import Foundation
internal import NIOCore
internal import Sealing
internal import Subprocess

#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif

extension Git {
    /// The longest output that is kept in memory, in bytes; what can be longer is streamed.
    static let outputLimit = 64 << 20
    private static let errorLimit = 4096

    /// Runs a command that has to succeed and returns its output.
    ///
    /// - Throws: ``RecoveryError/Code/codeUnreadable`` with what `git` said.
    @discardableResult
    func run(_ command: [String], input: [UInt8] = []) async throws -> GitOutcome {
        let outcome = try await attempt(command, input: input)
        guard outcome.succeeded else { throw failure(command, outcome) }
        return outcome
    }

    /// Runs a command whose exit status is an answer.
    func attempt(_ command: [String], input: [UInt8] = []) async throws -> GitOutcome {
        try await follow(command, feeding: { _ = try? await $0.write(input) }) { try await collect($0, command) }
    }

    /// Runs a command that has to succeed and hands its output on as it comes.
    func stream(_ command: [String], input: [UInt8] = [], _ body: (ByteBuffer) async throws -> Void) async throws {
        let outcome = try await follow(command, feeding: { _ = try? await $0.write(input) }) { output in
            for try await piece in output {
                let buffer = piece.withUnsafeBytes { ByteBuffer(bytes: $0) }
                if buffer.readableBytes > 0 { try await body(buffer) }
            }
            return []
        }
        guard outcome.succeeded else { throw failure(command, outcome) }
    }

    /// Runs a command that has to succeed with a stream as its input.
    @discardableResult
    func feed<Source: AsyncSequence & Sendable>(_ command: [String], _ source: Source) async throws -> GitOutcome
    where Source.Element == ByteBuffer {
        let outcome = try await follow(
            command,
            feeding: { writer in
                for try await buffer in source {
                    let bytes = Array(buffer.readableBytesView)
                    // A program that has stopped reading says why in its status.
                    guard (try? await writer.write(bytes)) == bytes.count else { return }
                }
            }
        ) { try await collect($0, command) }
        guard outcome.succeeded else { throw failure(command, outcome) }
        return outcome
    }

    private func collect(_ sequence: SubprocessOutputSequence, _ command: [String]) async throws -> [UInt8] {
        var output: [UInt8] = []
        for try await piece in sequence {
            piece.withUnsafeBytes { output.append(contentsOf: $0) }
            guard output.count <= Self.outputLimit else {
                throw RecoveryError(
                    .codeUnreadable,
                    "'git \(command[0])' gave more than \(Self.outputLimit >> 20) MiB for '\(workTree ?? gitDirectory)'"
                )
            }
        }
        return output
    }

    // MARK: The process

    /// What the reader or the feeder threw, which is not the launcher's.
    private struct InnerFailure: Error {
        let error: any Error
    }

    private func follow(
        _ command: [String],
        feeding feed: @escaping @Sendable (StandardInputWriter) async throws -> Void,
        _ read: (SubprocessOutputSequence) async throws -> [UInt8]
    ) async throws -> GitOutcome {
        _ = BrokenPipes.areIgnored
        try Task.checkCancellation()
        do {
            let result = try await Subprocess.run(
                program.contains("/") ? .path(FilePath(program)) : .name(program),
                arguments: Arguments(arguments(command)),
                environment: .custom(Self.keyed(variables(ProcessInfo.processInfo.environment))),
                // Not in the checkout: nothing there is to be taken for a program or a setting.
                workingDirectory: "/",
                platformOptions: Self.options,
                input: .inputWriter,
                output: .sequence,
                error: .sequence
            ) { execution in
                try await withThrowingTaskGroup(of: String.self) { group in
                    group.addTask { await Self.listen(to: execution.standardError) }
                    group.addTask {
                        do {
                            try await feed(execution.standardInputWriter)
                            try? await execution.standardInputWriter.finish()
                        } catch {
                            // The end of its input would look like the end of the source.
                            try? execution.send(signal: .terminate)
                            throw InnerFailure(error: error)
                        }
                        return ""
                    }
                    let output: [UInt8]
                    do {
                        output = try await read(execution.standardOutput)
                    } catch {
                        try? execution.send(signal: .terminate)
                        throw InnerFailure(error: error)
                    }
                    var errors = ""
                    while let text = try await group.next() { errors += text }
                    return (output, errors)
                }
            }
            try Task.checkCancellation()
            let (output, errors) = result.closureResult
            switch result.terminationStatus {
            case .exited(let status): return GitOutcome(status: status, output: output, errors: errors)
            case .signaled(let signal): return GitOutcome(status: -signal, output: output, errors: errors)
            }
        } catch let inner as InnerFailure {
            try Task.checkCancellation()
            throw inner.error
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw translated(error)
        }
    }

    /// The beginning of what is said; the rest is read and dropped, so that nobody waits for a full pipe.
    private static func listen(to channel: SubprocessOutputSequence) async -> String {
        var bytes: [UInt8] = []
        do {
            for try await piece in channel where bytes.count < errorLimit {
                piece.withUnsafeBytes { bytes.append(contentsOf: $0.prefix(errorLimit - bytes.count)) }
            }
        } catch {
            // What it said is only for people; how it ended is in its status.
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static var options: PlatformOptions {
        var options = PlatformOptions()
        // A group of its own, so that helpers it started are stopped with it.
        options.processGroupID = 0
        options.teardownSequence = [
            .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .milliseconds(500))
        ]
        return options
    }

    private static func keyed(_ variables: [String: String]) -> [Environment.Key: String] {
        var keyed: [Environment.Key: String] = [:]
        for (name, value) in variables { if let key = Environment.Key(rawValue: name) { keyed[key] = value } }
        return keyed
    }

    func failure(_ command: [String], _ outcome: GitOutcome) -> RecoveryError {
        let place = workTree ?? gitDirectory
        let said = outcome.errors.split(separator: "\n").prefix(4).joined(separator: "; ")
        let how =
            outcome.status < 0 ? "was ended by signal \(-outcome.status)" : "ended with exit status \(outcome.status)"
        return RecoveryError(
            .codeUnreadable,
            "'git \(command[0])' for '\(place)' \(how)\(said.isEmpty ? "" : ": \(CredentialFilter.cleaned(text: said))")",
            hint:
                "Run 'git -C \(place) fsck' to see whether the repository is whole, and look for free space on its disk."
        )
    }

    /// The cause is left out: texts of the launcher can hold values of the environment.
    private func translated(_ error: SubprocessError) -> RecoveryError {
        switch error.code {
        case .executableNotFound, .spawnFailed:
            RecoveryError(
                .programMissing,
                "the program '\(program)' is not there or cannot be started",
                hint: "Install git (Debian: apt-get install git); checkouts cannot be backed up or restored without it."
            )
        default: RecoveryError(.codeUnreadable, "'\(program)' could not be followed to its end")
        }
    }
}
