import Recovery
import Sealing
import Testing

@Suite("The section 'configuration'")
struct SealedFilesConfigurationTests {
    static let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"

    private func text(_ lines: String...) -> String {
        let head = "version: 1\nrepository:\n  location: ./backup\n  password: env:P\nsystem: s\n"
        return head + "configuration:\n" + lines.map { "  \($0)\n" }.joined()
    }

    private func entry(_ lines: String...) -> String {
        text("- path: app", "  files: [.env.production]", lines.map { "  \($0)" }.joined(separator: "\n  "))
    }

    @Test("may be all there is, and has the three ways of sealing")
    func reading() throws {
        let configuration = try parse(
            text(
                "- path: .",
                "  name: app",
                "  files: [.env.production, \"config/*.yaml\"]",
                "  recipients: [\(Self.key)]",
                "  identity: file:/media/key.txt",
                "- {path: /etc/x, files: [a], passphrase: env:KIT}",
                "- path: y",
                "  files: [a]",
                "  openpgp: [\(String(repeating: "ab12", count: 10))]",
                "  gnupg_home: gnupg"
            )
        )
        #expect(configuration.warnings.isEmpty)
        #expect(configuration.sealed.map(\.name) == ["app", "x", "y"])
        #expect(configuration.sealed.map(\.path) == ["/etc/app", "/etc/x", "/etc/app/y"])
        #expect(configuration.sealed[0].selection.include.map(\.text) == [".env.production", "config/*.yaml"])
        #expect(configuration.sealed[0].selection.exclude.map(\.text) == ["backup"], "the repository lies in it")
        #expect(configuration.sealed[0].recipients == .age([try AgeRecipient(Self.key)]))
        #expect(configuration.sealed[0].identity == .file(path: "/media/key.txt"))
        #expect(configuration.sealed[1].recipients == .passphrase(.environment(name: "KIT")))
        let fingerprint = try OpenPGPRecipient(String(repeating: "ab12", count: 10))
        #expect(configuration.sealed[2].recipients == .openPGP([fingerprint], home: "/etc/app/gnupg"))
    }

    @Test("names what is wrong with its line and what to write")
    func mistakes() throws {
        func only(_ text: String) throws -> ConfigurationDiagnostic {
            let found = try findings(text)
            #expect(found.count == 1, "\(found.map(\.rendered))")
            return try #require(found.first)
        }
        let none = try only(entry())
        #expect(none.code == .missingKey && none.line == 7 && none.suggestion?.contains("age-keygen") == true)
        let two = try only(entry("recipients: [\(Self.key)]", "passphrase: env:KIT"))
        #expect(two.code == .invalidValue && two.line == 10 && two.message.contains("exclude each other"))
        #expect(try only(entry("recipients: [age1nonsense]")).code == .invalidValue)
        #expect(try only(entry("recipients: \(Self.key)")).code == .wrongType)
        #expect(try only(entry("recipients: []")).code == .emptyValue)
        #expect(try only(entry("recipients: [\(Self.key), \(Self.key)]")).code == .duplicateValue)
        #expect(try only(entry("openpgp: [ABCD1234]")).message.contains("8 hexadecimal digits"))
        #expect(try only(entry("openpgp: [me@example.org]")).suggestion?.contains("--fingerprint") == true)
        #expect(try only(entry("recipients: [\(Self.key)]", "gnupg_home: x")).line == 10)
        #expect(try only(entry("passphrase: hunter2")).code == .literalSecret)
        #expect(try only(entry("recipient: [\(Self.key)]")).suggestion == "Did you mean 'recipients'?")
        #expect(try only(text("- path: app", "  recipients: [\(Self.key)]")).message.contains("lacks the key 'files'"))
        #expect(try only(text("- path: app", "  files: []", "  recipients: [\(Self.key)]")).code == .emptyValue)
        let same = "- {path: app, files: [a], recipients: [\(Self.key)]}"
        #expect(try only(text(same, same)).code == .duplicateValue)
        #expect(
            try only("version: 1\nrepository: {location: x, password: env:P}\nsystem: s\nconfiguration: app\n").code
                == .wrongType
        )
        let nothing = try only("version: 1\nrepository: {location: x, password: env:P}\nsystem: s\n")
        #expect(nothing.suggestion?.contains("configuration:") == true)
    }

    @Test("never shows a secret key that was put where its public one belongs")
    func secretKey() throws {
        let identity = AgeIdentity().exposed
        let found = try findings(entry("recipients: [\(identity)]"))
        #expect(found.map(\.code) == [.literalSecret])
        for finding in found { #expect(!"\(finding) \(finding.rendered)".contains(identity.dropFirst(20).prefix(10))) }
    }

    @Test("warns about an identity that would be lost together with what it opens")
    func identityBeside() throws {
        for place in ["file:app/.env.production", "file:app/key.txt"] {
            let configuration = try parse(entry("recipients: [\(Self.key)]", "identity: \(place)"))
            #expect(configuration.warnings.map(\.code) == [.insecure] && configuration.warnings[0].line == 10)
        }
        #expect(try parse(entry("passphrase: env:KIT", "identity: env:X")).warnings.map(\.code) == [.invalidValue])
    }
}
