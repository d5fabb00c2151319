internal import ObjectStorage
internal import QdrantCapture
internal import QdrantClient
internal import Recovery
internal import ResticRepository

/// The program's exit codes (design, section 5; `docs/reference/exit-codes.md`).
enum ExitStatus: Int32, Error {
    case done = 0
    case failed = 1
    case usage = 2
    case partial = 3
    case noRepository = 10
    case locked = 11
    case wrongPassword = 12
    case sourceUnreachable = 13
    case targetNotEmpty = 14
    case interrupted = 130

    /// The one place where failures become exit codes.
    init(_ error: any Error) {
        switch error {
        case let status as ExitStatus: self = status
        case is CancellationError: self = .interrupted
        case let error as RepositoryError: self = Self.status(error)
        case let error as RecoveryError: self = Self.status(error)
        case let error as CaptureError: self = Self.status(error)
        case let error as QdrantError: self = error.isUnreachable ? .sourceUnreachable : .failed
        case is ConfigurationError, is SecretError, is PathPatternError: self = .usage
        default: self = .failed
        }
    }

    private static func status(_ error: RepositoryError) -> ExitStatus {
        switch error.code {
        case .noRepository: .noRepository
        case .locked: .locked
        case .wrongPassword: .wrongPassword
        case .source: .sourceUnreachable
        case .targetNotEmpty: .targetNotEmpty
        default: .failed
        }
    }

    private static func status(_ error: RecoveryError) -> ExitStatus {
        switch error.code {
        case .targetNotEmpty: .targetNotEmpty
        case .notConfigured, .nothingToDo: .usage
        case .emptySource, .codeUnreadable, .undetermined, .containerUnusable: .sourceUnreachable
        default: .failed
        }
    }

    private static func status(_ error: CaptureError) -> ExitStatus {
        switch error.code {
        case .targetExists: .targetNotEmpty
        case .collectionMissing, .notLocal: .sourceUnreachable
        // The message is about what was hit; the code stays that of what hit it.
        case .interrupted: error.cause.map { Self($0) } ?? .failed
        default: .failed
        }
    }
}

extension QdrantError {
    /// Whether the server could not be talked to at all.
    var isUnreachable: Bool {
        let codes: Set<QdrantError.Code> = [
            .connectionRefused, .nameNotResolved, .connectTimeout, .connectionFailed, .connectionLost, .tlsFailed,
            .truncatedBody,
            .requestTimeout, .gatewayFailure, .unauthenticated, .forbidden,
        ]
        return codes.contains(code)
    }
}
