internal import ObjectStorage
internal import QdrantCapture
internal import QdrantClient
internal import ResticRepository

extension FailureText {
    /// What the errors of all rooms have in common.
    static func parts(_ error: any Error) -> (message: String, hint: String?)? {
        switch error {
        case let error as RecoveryError: (error.message, error.hint)
        case let error as CaptureError: (error.message, error.hint)
        case let error as RepositoryError: (error.message, error.hint)
        case let error as ObjectStoreError: (error.message, error.hint)
        case let error as QdrantError: (error.message, error.hint)
        case let error as SecretError: (error.message, error.hint)
        default: nil
        }
    }
}
