public import Foundation
internal import NIOHTTP1

/// A role that is assumed with a token in a file: `AWS_WEB_IDENTITY_TOKEN_FILE`, `AWS_ROLE_ARN`, `AWS_ROLE_SESSION_NAME`.
///
/// STS is asked by `AssumeRoleWithWebIdentity`, at the region's own host, or where `AWS_ENDPOINT_URL_STS` says.
public struct WebIdentityCredentials: S3CredentialsProvider {
    private let environment: [String: String]

    /// Makes a provider for the environment of a process.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        self.environment = environment
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { "the web identity token" }

    /// The role's credentials.
    ///
    /// - Returns: `nil` when the environment names no token.
    /// - Throws: ``S3Error``; the token is in no message.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        guard let path = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], !path.isEmpty else { return nil }
        guard let role = environment["AWS_ROLE_ARN"], !role.isEmpty else {
            throw S3Error(
                .invalidConfiguration,
                "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not",
                hint: "Set both, or neither."
            )
        }
        // It is replaced while we run, so it is read each time.
        guard let data = FileManager.default.contents(atPath: path) else {
            throw S3Error(.invalidConfiguration, "the token file '\(path)' cannot be read")
        }
        let token = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let call = MetadataCall(
            method: .POST,
            url: endpoint(region: context.region),
            form: [
                QueryItem("Action", "AssumeRoleWithWebIdentity"),
                QueryItem("Version", "2011-06-15"),
                QueryItem("RoleArn", role),
                QueryItem("RoleSessionName", environment["AWS_ROLE_SESSION_NAME"] ?? "s3-client"),
                QueryItem("WebIdentityToken", token),
            ],
            isForService: true
        )
        let (status, body) = try await call.run(in: context)
        guard status == 200 else { throw refusal(status, body, role: role) }
        return try credentials(in: body)
    }

    private func endpoint(region: String?) -> String {
        if let url = environment["AWS_ENDPOINT_URL_STS"], !url.isEmpty { return url }
        let region = region ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"]
        guard let region, !region.isEmpty else { return "https://sts.amazonaws.com/" }
        return "https://sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")/"
    }

    private func credentials(in body: [UInt8]) throws(S3Error) -> S3Credentials {
        guard let answer = try? S3XML.decode(Answer.self, from: body) else {
            throw S3Error(.unexpectedResponse, "STS did not answer with credentials")
        }
        let found = answer.result.credentials
        return S3Credentials(
            accessKeyID: found.accessKeyID,
            secretAccessKey: S3Secret(found.secretAccessKey),
            sessionToken: S3Secret(found.sessionToken),
            expiration: MetadataCredentials.date(found.expiration)
        )
    }

    private func refusal(_ status: Int, _ body: [UInt8], role: String) -> S3Error {
        let answer = try? S3XML.decode(Refusal.self, from: body)
        let isBusy = status >= 500 || status == 429 || answer?.error.code == "Throttling"
        return S3Error(
            isBusy ? .serviceUnavailable : .accessDenied,
            "STS does not let us assume '\(role)': \(answer?.error.message ?? "HTTP status \(status)")",
            hint:
                "Does the role's trust policy name the token's issuer, audience and subject, and is the token new enough?",
            status: status,
            serverCode: answer?.error.code
        )
    }

    /// `<AssumeRoleWithWebIdentityResponse>`.
    private struct Answer: Decodable {
        struct Result: Decodable {
            var credentials: Keys
            enum CodingKeys: String, CodingKey { case credentials = "Credentials" }
        }
        struct Keys: Decodable {
            var accessKeyID, secretAccessKey, sessionToken, expiration: String
            enum CodingKeys: String, CodingKey {
                case accessKeyID = "AccessKeyId"
                case secretAccessKey = "SecretAccessKey"
                case sessionToken = "SessionToken"
                case expiration = "Expiration"
            }
        }
        var result: Result
        enum CodingKeys: String, CodingKey { case result = "AssumeRoleWithWebIdentityResult" }
    }

    /// `<ErrorResponse>`.
    private struct Refusal: Decodable {
        struct Details: Decodable {
            var code: String?
            var message: String?
            enum CodingKeys: String, CodingKey {
                case code = "Code"
                case message = "Message"
            }
        }
        var error: Details
        enum CodingKeys: String, CodingKey { case error = "Error" }
    }
}
