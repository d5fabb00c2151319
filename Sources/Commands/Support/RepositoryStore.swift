internal import LocalStorage
internal import Logging
internal import ObjectStorage
internal import RcloneStorage
internal import Recovery

/// Makes the store of a place. The only place that names concrete stores.
enum RepositoryStore {
    /// The store as a repository uses it: limited in its bytes a second, and all that is done to it counted.
    static func make(_ repository: HoldfastConfiguration.Repository, logger: Logger) -> CountingStore {
        let requests: RequestMeter? = if case .s3 = repository.location { RequestMeter() } else { nil }
        let plain = plain(repository, requests: requests, logger: logger)
        // Innermost, so that a wait for bytes is no part of an operation; the wrapper that limits keeps no buffers.
        guard repository.uploadLimit != nil || repository.downloadLimit != nil else {
            return CountingStore(plain, requests: requests)
        }
        return CountingStore(
            ThrottledStore(
                plain,
                writeBytesPerSecond: repository.uploadLimit,
                readBytesPerSecond: repository.downloadLimit,
                clock: ContinuousClock()
            ),
            requests: requests
        )
    }

    /// The store of a place, patient where it is reached over a line.
    ///
    /// - Parameter requests: counts them, where the protocol has requests of its own.
    static func plain(
        _ repository: HoldfastConfiguration.Repository,
        requests: RequestMeter? = nil,
        logger: Logger
    ) -> any ObjectStore {
        switch repository.location {
        case .folder(let path): LocalStore(path: path)
        case .rclone(let remote):
            RetryingStore(
                RcloneStore(remote: remote, options: .init(program: repository.rcloneProgram)),
                clock: ContinuousClock(),
                generator: SystemRandomNumberGenerator()
            )
        case .s3(let location): S3RepositoryStore.make(location, repository.s3, requests: requests, logger: logger)
        }
    }
}
