public import FoundationEssentials

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
public struct EnvironmentCredentials: S3CredentialsProvider {
    private let environment: [String: String]

    /// Makes a provider for the environment of a process.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { "the environment" }

    /// The credentials of the environment.
    ///
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidConfiguration`` when one of the keys is there without the other.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        let id = value("AWS_ACCESS_KEY_ID")
        let secret = value("AWS_SECRET_ACCESS_KEY")
        guard id != nil || secret != nil else { return nil }
        guard let id, let secret else {
            throw S3Error(
                .invalidConfiguration,
                "the environment has AWS_\(id == nil ? "SECRET_ACCESS_KEY" : "ACCESS_KEY_ID") and not "
                    + "AWS_\(id == nil ? "ACCESS_KEY_ID" : "SECRET_ACCESS_KEY")",
                hint: "Set both, or neither."
            )
        }
        return S3Credentials(
            accessKeyID: id,
            secretAccessKey: S3Secret(secret),
            sessionToken: value("AWS_SESSION_TOKEN").map { S3Secret($0) }
        )
    }

    private func value(_ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
