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
        return CountingStore(limited(repository, requests: requests, logger: logger), requests: requests)
    }

    /// The store of a place, patient where it is reached over a line. The limits are below the patience: what is sent again counts again.
    ///
    /// - Parameter requests: counts them, where the protocol has requests of its own.
    private static func limited(
        _ repository: HoldfastConfiguration.Repository,
        requests: RequestMeter?,
        logger: Logger
    ) -> any ObjectStore {
        let limits = ByteLimits(write: repository.uploadLimit, read: repository.downloadLimit)
        switch repository.location {
        case .folder(let path):
            let store = LocalStore(path: path)
            // The wrapper costs something even where it limits nothing.
            return limits == ByteLimits() ? store : ThrottledStore(store, limits: limits, clock: ContinuousClock())
        case .rclone(let remote):
            let store = RcloneStore(remote: remote, options: .init(program: repository.rcloneProgram))
            return RetryingStore.patient(store, limits: limits, logger: logger)
        case .s3(let location):
            return S3RepositoryStore.make(location, repository.s3, limits: limits, requests: requests, logger: logger)
        }
    }
}
