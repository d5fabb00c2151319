public import FoundationEssentials
internal import NIOHTTP1

/// The metadata service of a virtual machine, version 2: a token first, then the role's name, then its credentials.
///
/// Version 1, which any request forged through a server of the machine could use, is not spoken.
public struct InstanceCredentials: S3CredentialsProvider {
    private let base: String
    private let isDisabled: Bool

    /// Makes a provider.
    ///
    /// - Parameter environment: `AWS_EC2_METADATA_DISABLED` and `AWS_EC2_METADATA_SERVICE_ENDPOINT` count.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        isDisabled = environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true"
        var base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { "the instance's role" }

    /// The credentials of the instance's role.
    ///
    /// - Returns: `nil` when there is no metadata service, or no role.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        guard !isDisabled, let token = try await token(context) else { return nil }
        let header = HeaderField("X-aws-ec2-metadata-token", token)
        let roles = "\(base)/latest/meta-data/iam/security-credentials/"
        let (status, body) = try await MetadataCall(url: roles, headers: [header]).run(in: context)
        guard status != 404 else { return nil }
        let lines = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard status == 200, let role = lines.first else { throw refusal(status) }
        let call = MetadataCall(url: roles + PercentEncoding.encoded(String(role)), headers: [header])
        let answer = try await call.run(in: context)
        guard answer.status == 200 else { throw refusal(answer.status) }
        return try MetadataCredentials.credentials(in: answer.body, from: "the instance's metadata service")
    }

    /// - Returns: `nil` when nobody is there, or somebody who knows nothing of tokens: this is no such machine.
    /// - Throws: `serviceUnavailable` when the service is there and busy.
    private func token(_ context: S3CredentialsContext) async throws -> String? {
        let lifetime = HeaderField("X-aws-ec2-metadata-token-ttl-seconds", "21600")
        do {
            let call = MetadataCall(method: .PUT, url: "\(base)/latest/api/token", headers: [lifetime])
            let (status, body) = try await call.run(in: context)
            if status == 429 || status >= 500 { throw refusal(status) }
            guard status == 200 else { return nil }
            return String(decoding: body, as: UTF8.self)
        } catch let error as S3Error where error.code != .serviceUnavailable {
            return nil
        }
    }

    private func refusal(_ status: Int) -> S3Error {
        S3Error(.serviceUnavailable, "the instance's metadata service gives no credentials", status: status)
    }
}
