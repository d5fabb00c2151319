internal import Foundation
internal import Logging
internal import NIOCore
internal import ObjectStorage
internal import Recovery
internal import S3Client
internal import S3Storage

/// Makes the store of a repository in an S3 service.
enum S3RepositoryStore {
    /// - Returns: a store that fails in every operation when the settings cannot be used, so that whoever makes stores need not
    ///   wait for a file to be read.
    static func make(
        _ location: S3Location,
        _ settings: HoldfastConfiguration.S3,
        limits: ByteLimits = ByteLimits(),
        requests: RequestMeter? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        logger: Logger
    ) -> any ObjectStore {
        do {
            let client = try S3Store.client(
                endpoint: endpoint(of: location, settings, environment),
                credentials: credentials(settings, environment),
                options: S3ClientOptions(checksum: settings.checksum, observe: requests.map(observer)),
                logger: logger
            )
            let store = S3Store(client, location, options: settings.storeOptions)
            return S3Store.patient(store, limits: limits, logger: logger)
        } catch {
            return UnusableStore(
                location: location.description,
                error: ObjectStoreError(
                    .locationInvalid,
                    "cannot use \(location): \(error.message)",
                    hint: error.hint,
                    cause: error
                )
            )
        }
    }

    private static func observer(_ meter: RequestMeter) -> @Sendable (S3Exchange) -> Void {
        { exchange in
            let kind: RequestMeter.Kind =
                switch exchange.kind {
                case .write: .write
                case .read: .read
                case .delete: .delete
                }
            meter.count(kind, hasFailed: exchange.hasFailed)
        }
    }

    private static func endpoint(
        of location: S3Location,
        _ settings: HoldfastConfiguration.S3,
        _ environment: [String: String]
    ) throws(S3Error) -> S3Endpoint {
        let named = settings.region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
        // Profiles count only where they are where the keys come from.
        var region = named
        if region == nil, settings.accessKeyID == nil {
            region = try ProfileCredentials(profile: settings.profile, environment: environment).region()
        }
        var endpoint = try S3Endpoint(
            url: location.endpoint,
            region: region?.isEmpty == false ? region : nil,
            style: settings.style,
            tls: S3TLS(authorityFile: settings.caCertificate),
            userAgent: "holdfast"
        )
        endpoint.proxy = try S3Proxy.named(
            in: environment,
            isSecure: endpoint.isSecure,
            host: endpoint.host,
            port: endpoint.port
        )
        return endpoint
    }

    private static func credentials(
        _ settings: HoldfastConfiguration.S3,
        _ environment: [String: String]
    ) -> any S3CredentialsProvider {
        guard let id = settings.accessKeyID, let secret = settings.secretAccessKey else {
            return .standardChain(profile: settings.profile, environment: environment)
        }
        return ReferencedCredentials(id: id, secret: secret, token: settings.sessionToken)
    }
}

/// Keys that the configuration refers to; resolved when the first request needs them.
private struct ReferencedCredentials: S3CredentialsProvider {
    let id: SecretReference
    let secret: SecretReference
    let token: SecretReference?

    var name: String { "the configuration" }

    func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        S3Credentials(
            accessKeyID: try await reveal(id, context),
            secretAccessKey: S3Secret(try await reveal(secret, context)),
            sessionToken: try await token.asyncMap { S3Secret(try await reveal($0, context)) }
        )
    }

    private func reveal(_ reference: SecretReference, _ context: S3CredentialsContext) async throws -> String {
        let secret = try await reference.resolve()
        for warning in secret.warnings { context.logger.warning("\(warning)") }
        return try secret.revealText()
    }
}

extension Optional {
    fileprivate func asyncMap<Other>(_ transform: (Wrapped) async throws -> Other) async rethrows -> Other? {
        guard let self else { return nil }
        return try await transform(self)
    }
}

/// The store of a place that cannot be used: says so, whatever it is asked.
private struct UnusableStore: ObjectStore {
    let location: String
    let error: ObjectStoreError

    var capabilities: StoreCapabilities {
        StoreCapabilities(usefulConcurrency: 1, replacesAtomically: false, listsImmediately: false)
    }

    func prepare() async throws { throw error }
    func put(_ body: ByteBuffer, at key: ObjectKey, policy: PutPolicy) async throws { throw error }
    func get(_ key: ObjectKey, range: Range<Int64>?) async throws -> ByteBuffer { throw error }
    func byteCount(of key: ObjectKey) async throws -> Int64? { throw error }
    func list(under prefix: ObjectKey?, _ body: ([ObjectEntry]) async throws -> Void) async throws { throw error }
    func delete(_ key: ObjectKey) async throws -> Bool { throw error }
}
