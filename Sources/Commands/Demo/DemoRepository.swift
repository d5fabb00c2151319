internal import Foundation

/// Where the demo's backups go, and what its commands need to get there: another kind of store is another way to make this.
struct DemoRepository: Sendable {
    /// As it stands in `holdfast.yaml`.
    let location: String
    /// The file with its password, which the protected system does not have.
    let passwordFile: String
    /// Variables that every command needs for it.
    var environment: [String: String] = [:]
    /// The location as `restic` writes it, and the variables that it needs.
    let resticLocation: String
    var resticEnvironment: [String: String] = [:]

    /// A folder of this machine.
    static func local(in folder: String, passwordFile: String) -> DemoRepository {
        DemoRepository(
            location: folder + "/repository",
            passwordFile: passwordFile,
            resticLocation: folder + "/repository"
        )
    }

    /// A bucket of the demo's own S3 server.
    static func objects(_ store: DemoObjectStore, passwordFile: String) -> DemoRepository {
        let location = "s3:\(store.url)/\(DemoObjectStore.bucket)/textbook"
        return DemoRepository(
            location: location,
            passwordFile: passwordFile,
            environment: store.environment,
            resticLocation: location,
            resticEnvironment: store.environment
        )
    }
}
