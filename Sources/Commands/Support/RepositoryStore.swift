internal import LocalStorage
internal import ObjectStorage
internal import RcloneStorage
internal import Recovery

/// Makes the store of a place. The only place that names concrete stores.
enum RepositoryStore {
    /// The store as a repository uses it: limited in its bytes a second, and all that is done to it counted.
    static func make(_ repository: HoldfastConfiguration.Repository) -> CountingStore {
        let plain = plain(repository.location, rcloneProgram: repository.rcloneProgram)
        // Innermost, so that a wait for bytes is no part of an operation; the wrapper that limits keeps no buffers.
        guard repository.uploadLimit != nil || repository.downloadLimit != nil else { return CountingStore(plain) }
        return CountingStore(
            ThrottledStore(
                plain,
                writeBytesPerSecond: repository.uploadLimit,
                readBytesPerSecond: repository.downloadLimit,
                clock: ContinuousClock()
            )
        )
    }

    /// The store of a place, patient where it is reached over a line.
    static func plain(_ location: HoldfastConfiguration.RepositoryLocation, rcloneProgram: String = "rclone")
        -> any ObjectStore
    {
        switch location {
        case .folder(let path): LocalStore(path: path)
        case .rclone(let remote):
            RetryingStore(
                RcloneStore(remote: remote, options: .init(program: rcloneProgram)),
                clock: ContinuousClock(),
                generator: SystemRandomNumberGenerator()
            )
        }
    }
}
