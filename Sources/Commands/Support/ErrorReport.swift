internal import ArgumentParser
internal import ObjectStorage
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticCrypto
internal import ResticFormat
internal import ResticRepository
internal import Sealing
internal import TarArchive

/// Says what failed: the user's sentence, a hint, then the causes.
enum ErrorReport {
    /// Prints a failure to standard error.
    ///
    /// - Returns: the exit code that belongs to it.
    static func print(_ error: any Error) -> ExitStatus {
        if let status = error as? ExitStatus { return status }
        if error is CancellationError {
            Console.note("interrupted: nothing half-written was left behind")
            return .interrupted
        }
        guard let lines = describe(error) else { return printUsage(error) }
        for line in lines { Console.note(line) }
        return ExitStatus(error)
    }

    /// What failed in one line, with the reason below it where there is one: for failures that are reported and do not end the command.
    static func sentence(_ error: any Error) -> String {
        guard let parts = Parts(error) else { return "\(error)" }
        guard let cause = parts.cause.flatMap({ Parts($0) }) else { return parts.message }
        return "\(parts.message) (\(cause.message))"
    }

    /// What can be done about it, as far as the error or its cause knows.
    static func hint(_ error: any Error) -> String? {
        guard let parts = Parts(error) else { return nil }
        return parts.hint ?? parts.cause.flatMap { Parts($0)?.hint }
    }

    /// Errors of the argument parser, which also carry the texts of `--help` and `--version`.
    private static func printUsage(_ error: any Error) -> ExitStatus {
        let text = Holdfast.fullMessage(for: error)
        if Holdfast.exitCode(for: error) == .success {
            Console.result(text)
            return .done
        }
        if Holdfast.exitCode(for: error) == .validationFailure {
            Console.note(text)
            return .usage
        }
        Console.note("error: \(text)")
        return .failed
    }

    /// - Returns: `nil` for errors that are none of ours.
    private static func describe(_ error: any Error) -> [String]? {
        guard let parts = Parts(error) else { return nil }
        var lines = parts.message.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if !parts.isRendered { lines[0] = "error: " + lines[0] }
        if let hint = parts.hint { lines.append("hint: \(hint)") }
        var cause = parts.cause
        var depth = 0
        while let current = cause, depth < 4 {
            let inner = Parts(current)
            lines.append("cause: \(inner?.message ?? "\(current)")")
            if parts.hint == nil, let hint = inner?.hint { lines.append("hint: \(hint)") }
            cause = inner?.cause
            depth += 1
        }
        return lines
    }

    /// What the errors of all rooms have in common.
    private struct Parts {
        var message: String
        var hint: String?
        var cause: (any Error)?
        /// The message brings its own `error:`, as compilers write it.
        var isRendered = false

        init?(_ error: any Error) {
            switch error {
            case let error as RecoveryError: self.init(error.message, error.hint, error.cause)
            case let error as CaptureError: self.init(error.message, error.hint, error.cause)
            case let error as RepositoryError: self.init(error.message, error.hint, error.cause)
            case let error as ObjectStoreError: self.init(error.message, error.hint, error.cause)
            case let error as QdrantError: self.init(error.message, error.hint, error.cause)
            case let error as SecretError: self.init(error.message, error.hint, error.cause)
            case let error as PathPatternError: self.init(error.message, error.hint, nil)
            case let error as ResticFormatError: self.init(error.message, error.hint, nil)
            case let error as ResticCryptoError: self.init(error.message, error.hint, error.cause)
            case let error as TarError: self.init(error.message, error.hint, error.cause)
            case let error as SealingError: self.init(error.message, error.hint, error.cause)
            case let error as ResultStream.Failure: self.init(error.message, error.hint, nil)
            case is CancellationError: self.init("interrupted", nil, nil)
            case let error as ConfigurationError:
                self.init(error.description, error.hint, error.cause)
                isRendered = !error.diagnostics.isEmpty
            default: return nil
            }
        }

        private init(_ message: String, _ hint: String?, _ cause: (any Error)?) {
            self.message = message
            self.hint = hint
            self.cause = cause
        }
    }
}
