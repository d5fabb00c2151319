import S3Client
import S3Storage
import Testing

@testable import Recovery

@Suite("The section 's3' of a repository")
struct S3ConfigurationTests {
    private static let head = """
        version: 1
        system: textbook
        documents: [{path: ./docs}]
        repository:
          location: s3:https://host/bucket/p
          password: env:P
          s3:

        """
    /// The line on which the section begins to have keys.
    private static let firstLine = 8

    /// One mistake, as it stands in the section, and what must be said of it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let lines: [String]
        let code: ConfigurationDiagnostic.Code
        /// Which of ``lines`` is at fault, from 0; -1 is the section's own.
        let line: Int
        /// What the message names: the key, and what was expected.
        let words: [String]
        /// What the suggestion offers.
        let remedy: String?

        var testDescription: String { lines.joined(separator: "; ") }

        init(
            _ lines: String...,
            code: ConfigurationDiagnostic.Code,
            line: Int = 0,
            _ words: [String],
            remedy: String? = nil
        ) {
            self.lines = lines
            self.code = code
            self.line = line
            self.words = words
            self.remedy = remedy
        }
    }

    private static let unknown: [Mistake] = [
        Mistake("regoin: eu-central-1", code: .unknownKey, ["'regoin'", "'s3'"], remedy: "region"),
        Mistake("bucket: other", code: .unknownKey, ["'bucket'", "'s3'"]),
        Mistake(
            "object_lock: {mode: governance, days: 30, hours: 2}",
            code: .unknownKey,
            ["'hours'", "'object_lock'"]
        ),
    ]

    private static let types: [Mistake] =
        [
            "profile", "region", "style", "ca_certificate", "storage_class", "encryption", "conditional_writes",
            "checksum",
        ]
        .flatMap { key in
            [
                Mistake("\(key): [a]", code: .wrongType, ["'\(key)'", "must be text", "a list"], remedy: "\(key): "),
                Mistake(
                    "\(key): {a: b}",
                    code: .wrongType,
                    ["'\(key)'", "must be text", "a mapping"],
                    remedy: "\(key): "
                ),
                Mistake("\(key):", code: .emptyValue, ["'\(key)'", "no value"], remedy: "\(key): "),
            ]
        }
        + [
            Mistake(
                "connections: many",
                code: .wrongType,
                ["'connections'", "whole number"],
                remedy: "connections: 8"
            ),
            Mistake("connections: 1.5", code: .wrongType, ["'connections'", "whole number"]),
            Mistake("connections: \"8\"", code: .wrongType, ["'connections'", "text in quotes"]),
            Mistake("connections: 0", code: .invalidValue, ["'connections'", "from 1 to 64"]),
            Mistake("connections: 65", code: .invalidValue, ["'connections'", "from 1 to 64"]),
            Mistake("object_lock: governance", code: .wrongType, ["'object_lock'", "mapping"], remedy: "mode, days"),
            Mistake("object_lock: {mode: governance, days: long}", code: .wrongType, ["'days'", "whole number"]),
            Mistake("object_lock: {mode: governance, days: 0}", code: .invalidValue, ["'days'", "from 1 to 36500"]),
        ]

    private static let values: [Mistake] = [
        Mistake("style: hostname", code: .invalidValue, ["'style'", "path"]),
        Mistake("encryption: aes", code: .invalidValue, ["'encryption'", "s3 or kms"]),
        Mistake("conditional_writes: true", code: .invalidValue, ["'conditional_writes'", "auto, yes or no"]),
        Mistake("checksum: sha1", code: .invalidValue, ["'checksum'", "sha256"]),
        Mistake("ca_certificate: ~/ca.pem", code: .invalidValue, ["'ca_certificate'", "~"], remedy: "whole path"),
        Mistake("storage_class: GLACIER", code: .invalidValue, ["'storage_class'", "archive"], remedy: "GLACIER_IR"),
        Mistake(
            "storage_class: deep_archive",
            code: .invalidValue,
            ["'storage_class'", "archive"],
            remedy: "STANDARD_IA"
        ),
        Mistake("object_lock: {mode: strict, days: 1}", code: .invalidValue, ["'mode'", "governance or compliance"]),
    ]

    private static let contradictions: [Mistake] = [
        Mistake(
            "region: x",
            "access_key_id: env:A",
            code: .missingKey,
            line: -1,
            ["'access_key_id'", "'secret_access_key'"],
            remedy: "Give both"
        ),
        Mistake("secret_access_key: env:A", code: .missingKey, line: -1, ["'access_key_id'", "'secret_access_key'"]),
        Mistake("session_token: env:A", code: .invalidValue, ["'session_token'", "'access_key_id'"]),
        Mistake(
            "profile: backup",
            "access_key_id: env:A",
            "secret_access_key: env:B",
            code: .invalidValue,
            ["'profile'", "no effect"],
            remedy: "Leave out the profile, or the keys"
        ),
        Mistake("kms_key: alias/backup", code: .invalidValue, ["'kms_key'", "'encryption: kms'"]),
        Mistake("encryption: s3", "kms_key: alias/backup", code: .invalidValue, line: 1, ["'kms_key'"]),
        Mistake("object_lock: {mode: governance}", code: .missingKey, ["'object_lock'", "'days'"]),
        Mistake("object_lock: {days: 30}", code: .missingKey, ["'object_lock'", "'mode'"]),
    ]

    @Test(
        "is refused when something in it is wrong, with the key, the line, and what was expected",
        arguments: unknown + types + values + contradictions
    )
    func refused(mistake: Mistake) throws {
        let text = Self.head + mistake.lines.map { "    \($0)\n" }.joined()
        let found = try findings(text)
        let match = found.first { finding in
            finding.code == mistake.code && mistake.words.allSatisfy { finding.message.contains($0) }
        }
        let finding = try #require(match, "\(found.map { "\($0.code): \($0.message)" })")
        if mistake.line >= 0 {
            #expect(finding.line == Self.firstLine + mistake.line, "\(finding.rendered)")
        } else {
            #expect((Self.firstLine - 1...Self.firstLine).contains(finding.line), "\(finding.rendered)")
        }
        if let remedy = mistake.remedy { #expect(finding.suggestion?.contains(remedy) == true, "\(finding.rendered)") }
        #expect(found.filter { $0.severity == .error }.count == 1, "\(found.map(\.message))")
    }

    @Test(
        "does not take a secret in plain text, and shows it nowhere",
        arguments: ["access_key_id", "secret_access_key", "session_token"]
    )
    func plainSecret(key: String) throws {
        let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
        let keys = ["access_key_id", "secret_access_key", "session_token"]
        let text = Self.head + keys.map { "    \($0): \($0 == key ? secret : "env:A")\n" }.joined()
        let found = try findings(text)
        let finding = try #require(found.first { $0.code == .literalSecret }, "\(found.map(\.message))")
        #expect(finding.message.contains("'\(key)'") && finding.suggestion?.contains("env:NAME") == true)
        #expect(finding.line == Self.firstLine + keys.firstIndex(of: key)!)
        for finding in found { #expect(!finding.rendered.contains(secret)) }
    }

    @Test("is refused for a place that is no bucket")
    func otherPlace() throws {
        let text = Self.head.replacing("s3:https://host/bucket/p", with: "./backup") + "    region: x\n"
        let found = try findings(text)
        #expect(found.contains { $0.code == .invalidValue && $0.message.contains("'s3'") }, "\(found.map(\.message))")
    }

    @Test("is read with every key that it has")
    func everything() throws {
        let lines = [
            "access_key_id: env:A", "secret_access_key: file:/k", "session_token: env:T", "region: eu-central-1",
            "style: path", "ca_certificate: ./ca.pem", "storage_class: STANDARD_IA", "encryption: kms",
            "kms_key: alias/backup", "connections: 16", "conditional_writes: yes", "checksum: md5",
            "object_lock: {mode: compliance, days: 90}",
        ]
        let configuration = try parse(Self.head + lines.map { "    \($0)\n" }.joined())
        let s3 = configuration.repository.s3
        #expect(s3.region == "eu-central-1" && s3.style == .path && s3.caCertificate == "/etc/app/ca.pem")
        #expect(s3.storageClass == "STANDARD_IA" && s3.encryption == .kms(keyID: "alias/backup"))
        #expect(s3.connections == 16 && s3.conditionalWrites == .supported && s3.checksum == .md5)
        #expect(s3.objectLock == .init(mode: .compliance, length: .seconds(90 * 86_400)))
        #expect(s3.accessKeyID != nil && s3.secretAccessKey != nil && s3.sessionToken != nil)
        #expect(try parse(Self.head + "    profile: backup\n").repository.s3.profile == "backup")
    }
}
