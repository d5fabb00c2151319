public import Foundation

/// A profile of `~/.aws/credentials` and `~/.aws/config`, as the tools of AWS keep them.
///
/// Keys and web identities are understood. A profile that gets its credentials in another way (`sso_session`,
/// `credential_process`, `source_profile`) is refused rather than passed over.
public struct ProfileCredentials: S3CredentialsProvider {
    private let profile: String
    private let isNamed: Bool
    private let credentialsPath: String?
    private let configurationPath: String?
    private let environment: [String: String]

    /// Makes a provider.
    ///
    /// - Parameters:
    ///   - profile: `nil` is what `AWS_PROFILE` says, else `default`.
    ///   - environment: names the files by `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE` or `HOME`.
    public init(profile: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment) {
        let named = profile ?? environment["AWS_PROFILE"] ?? environment["AWS_DEFAULT_PROFILE"]
        self.profile = named ?? "default"
        isNamed = named != nil
        let home = environment["HOME"]
        credentialsPath = environment["AWS_SHARED_CREDENTIALS_FILE"] ?? home.map { "\($0)/.aws/credentials" }
        configurationPath = environment["AWS_CONFIG_FILE"] ?? home.map { "\($0)/.aws/config" }
        self.environment = environment
    }

    /// See ``S3CredentialsProvider``.
    public var name: String { "profile '\(profile)'" }

    /// The region that the profile names.
    ///
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidConfiguration`` when a file cannot be read.
    public func region() throws(S3Error) -> String? { try settings()?["region"] }

    /// The profile's credentials.
    ///
    /// - Returns: `nil` when there is no such profile and nobody named one.
    /// - Throws: ``S3Error`` with ``S3Error/Code/invalidConfiguration``.
    public func retrieve(in context: S3CredentialsContext) async throws -> S3Credentials? {
        guard let settings = try settings() else {
            guard isNamed else { return nil }
            throw problem(
                "is in neither \(credentialsPath ?? "~/.aws/credentials") nor \(configurationPath ?? "~/.aws/config")"
            )
        }
        if let id = settings["aws_access_key_id"], let secret = settings["aws_secret_access_key"] {
            return S3Credentials(
                accessKeyID: id,
                secretAccessKey: S3Secret(secret),
                sessionToken: settings["aws_session_token"].map { S3Secret($0) }
            )
        }
        if settings["aws_access_key_id"] != nil || settings["aws_secret_access_key"] != nil {
            throw problem("has one of aws_access_key_id and aws_secret_access_key without the other")
        }
        if let file = settings["web_identity_token_file"], let role = settings["role_arn"] {
            var environment = environment
            environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = file
            environment["AWS_ROLE_ARN"] = role
            environment["AWS_ROLE_SESSION_NAME"] = settings["role_session_name"]
            if let region = settings["region"] { environment["AWS_REGION"] = region }
            return try await WebIdentityCredentials(environment: environment).retrieve(in: context)
        }
        for other in ["sso_session", "sso_start_url", "credential_process", "source_profile", "credential_source"]
        where settings[other] != nil {
            throw problem("gets its credentials by '\(other)', which is not supported here")
        }
        guard isNamed else { return nil }
        throw problem("has no keys")
    }

    /// What both files say of the profile; the credentials file wins. `nil` when neither knows it.
    private func settings() throws(S3Error) -> [String: String]? {
        let keys = try credentialsPath.flatMap(sections)?[profile]
        // In the configuration file all profiles but the default one have a word before their name.
        let sections = try configurationPath.flatMap(sections)
        let configuration = sections?["profile \(profile)"] ?? (profile == "default" ? sections?["default"] : nil)
        guard keys != nil || configuration != nil else { return nil }
        return (configuration ?? [:]).merging(keys ?? [:]) { $1 }
    }

    /// - Returns: `nil` when there is no such file.
    private func sections(ofFile path: String) throws(S3Error) -> [String: [String: String]]? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw S3Error(
                .invalidConfiguration,
                "'\(path)' cannot be read",
                hint: "Check its owner and mode."
            )
        }
        return ProfileFile.sections(of: String(decoding: data, as: UTF8.self))
    }

    private func problem(_ what: String) -> S3Error {
        S3Error(
            .invalidConfiguration,
            "profile '\(profile)' \(what)",
            hint:
                "Put aws_access_key_id and aws_secret_access_key under [\(profile)] in the credentials file, or name another profile."
        )
    }
}

/// The syntax of the profile files: `[section]`, `name = value`, comments with `#` or `;`, nested values indented.
enum ProfileFile {
    static func sections(of text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var current: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[", let end = line.firstIndex(of: "]") {
                let name = line[line.index(after: line.startIndex)..<end].split(whereSeparator: \.isWhitespace)
                current = name.joined(separator: " ")
                current.map { sections[$0] = sections[$0] ?? [:] }
            } else if !first.isWhitespace, let current, let equals = line.firstIndex(of: "=") {
                let name = trimmed(line[..<equals]).lowercased()
                var value = trimmed(line[line.index(after: equals)...])
                // A comment after a value needs a blank before it: secret keys may hold '#'.
                if let comment = value.range(of: " #") ?? value.range(of: " ;") {
                    value = trimmed(value[..<comment.lowerBound])
                }
                sections[current]?[name] = value
            }
        }
        return sections
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var rest = Substring(text)
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
