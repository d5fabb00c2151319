public import AsyncHTTPClient
public import FoundationEssentials
public import Logging
internal import NIOSSL

/// A place where credentials may be had.
///
/// Providers are asked when credentials are needed first and again before they expire, one call at a time; they need not
/// remember anything.
public protocol S3CredentialsProvider: Sendable {
    /// What messages call it: "the environment".
    var name: String { get }

    /// Gets credentials.
    ///
    /// - Returns: `nil` when nothing is configured here, so that another provider may be asked.
    /// - Throws: ``S3Error`` when something is configured and does not work.
    func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials?
}

/// What providers work with.
public struct S3CredentialsContext: Sendable {
    /// For metadata services.
    public var http: HTTPClient
    /// The region that is configured, if one is.
    public var region: String?
    /// The time.
    public var now: @Sendable () -> Date
    /// For what is remarkable; never a secret.
    public var logger: Logger
    /// For STS, which is a service like S3, behind the same proxy and with certificates of the same authority; `nil` when the caller has
    /// only one client.
    var service: HTTPClient?
    /// How certificates are checked through ``service``.
    var serviceTLS: TLSConfiguration?

    /// Makes a context.
    public init(
        http: HTTPClient,
        region: String? = nil,
        now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger
    ) {
        self.http = http
        self.region = region
        self.now = now
        self.logger = logger
    }
}

/// Credentials that are known.
public struct StaticCredentials: S3CredentialsProvider {
    private let credentials: S3Credentials

    /// Wraps credentials.
    public init(_ credentials: S3Credentials) {
        self.credentials = credentials
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { "the given keys" }

    /// The credentials.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? { credentials }
}

/// No credentials on purpose: requests are not signed, for buckets that anybody may read.
public struct AnonymousCredentials: S3CredentialsProvider {
    /// Makes one.
    public init() {}

    /// See ``S3CredentialsProvider``.
    public var name: String { "no keys" }

    /// None; see ``CredentialsCache``.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? { nil }
}

/// The first of several providers that has something.
public struct CredentialsChain: S3CredentialsProvider {
    private let providers: [any S3CredentialsProvider]

    /// Makes a chain.
    public init(_ providers: [any S3CredentialsProvider]) {
        self.providers = providers
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { providers.map(\.name).joined(separator: ", ") }

    /// What the first provider has that has something.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        for provider in providers {
            if let credentials = try await provider.retrieve(in: context) {
                context.logger.debug("s3 credentials found", metadata: ["provider": "\(provider.name)"])
                return credentials
            }
        }
        return nil
    }
}

extension S3CredentialsProvider where Self == CredentialsChain {
    /// Where the tools of AWS look, in their order: environment, web identity token, profile files, container, instance.
    ///
    /// - Parameters:
    ///   - profile: of the files; `nil` is what `AWS_PROFILE` says, else `default`.
    ///   - environment: of the process.
    public static func standardChain(
        profile: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> CredentialsChain {
        let files = ProfileCredentials(profile: profile, environment: environment)
        let roles: [any S3CredentialsProvider] = [
            WebIdentityCredentials(environment: environment), files,
            ContainerCredentials(environment: environment), InstanceCredentials(environment: environment),
        ]
        // Whoever names a profile means it: keys that happen to be in the environment must not win.
        return CredentialsChain(
            profile == nil ? [EnvironmentCredentials(environment: environment)] + roles : [files] + roles
        )
    }
}
