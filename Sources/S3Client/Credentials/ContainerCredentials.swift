public import Foundation

/// The metadata service of a container: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` (ECS), or `…_FULL_URI` with a token (EKS).
public struct ContainerCredentials: S3CredentialsProvider {
    private let environment: [String: String]

    /// Where ECS has its metadata service.
    private static let host = "http://169.254.170.2"

    /// Makes a provider for the environment of a process.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { "the container's role" }

    /// The credentials of the container's role.
    ///
    /// - Returns: `nil` when the environment names no service.
    /// - Throws: ``S3Error``.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        guard let url = try url() else { return nil }
        var call = MetadataCall(url: url)
        if let token = try token() { call.headers.append(HeaderField("Authorization", token)) }
        let (status, body) = try await call.run(in: context)
        guard status == 200 else {
            throw S3Error(
                status >= 500 || status == 429 ? .serviceUnavailable : .invalidConfiguration,
                "the container's metadata service refused to give credentials",
                status: status
            )
        }
        return try MetadataCredentials.credentials(in: body, from: "the container's metadata service")
    }

    private func url() throws(S3Error) -> String? {
        if let path = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"], !path.isEmpty {
            return Self.host + (path.hasPrefix("/") ? path : "/\(path)")
        }
        guard let url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"], !url.isEmpty else { return nil }
        // The token must not cross a network in plain text.
        let parts = URLComponents(string: url)
        let near = ["localhost", "127.0.0.1", "[::1]", "::1", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]
        guard parts?.scheme == "https" || near.contains(parts?.host ?? "") else {
            throw S3Error(
                .invalidConfiguration,
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine"
            )
        }
        return url
    }

    private func token() throws(S3Error) -> String? {
        if let path = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], !path.isEmpty {
            // It is replaced while we run, so it is read each time.
            guard let data = FileManager.default.contents(atPath: path) else {
                throw S3Error(.invalidConfiguration, "the token file '\(path)' of the container cannot be read")
            }
            return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        return environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    }
}
