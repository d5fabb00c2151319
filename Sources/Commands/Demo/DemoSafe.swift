internal import Foundation
internal import Sealing

/// What a careful operator keeps where the machine is not: a folder that the disaster does not reach. All of it is made up for one run.
struct DemoSafe: Sendable {
    /// The repository's password.
    let passwordFile: String
    /// What opens the sealed configuration.
    let identityFile: String
    /// Whom the configuration is sealed to.
    let recipient: String
    /// The key of the Qdrant server.
    let apiKeyFile: String
    let apiKey: String
    /// Everything in it that nobody else may know.
    let secrets: [String]

    /// Fills the folder, which has to be there.
    init(folder: String) throws {
        passwordFile = folder + "/password"
        identityFile = folder + "/identity.txt"
        apiKeyFile = folder + "/qdrant.key"
        let password = Self.secret()
        try DemoFiles.writeSecret(password, to: passwordFile)
        let identity = AgeIdentity()
        recipient = "\(try identity.recipient)"
        try DemoFiles.writeSecret("# public key: \(recipient)\n\(identity.exposed)\n", to: identityFile)
        apiKey = Self.secret()
        try DemoFiles.writeSecret(apiKey, to: apiKeyFile)
        secrets = [password, identity.exposed, apiKey]
    }

    /// 48 random hexadecimal digits, as `openssl rand -hex 24` prints them.
    static func secret() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<48).map { _ in String(UInt8.random(in: 0..<16, using: &generator), radix: 16) }.joined()
    }
}
