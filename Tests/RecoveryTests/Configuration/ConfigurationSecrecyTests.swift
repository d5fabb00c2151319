import Recovery
import TestSupport
import Testing

@Suite("A secret in a configuration")
struct ConfigurationSecrecyTests {
    static let secret = "hunter2xyz"

    static let texts: [String] = [
        "repository:\n  password: \(secret)",
        "repository:\n  password: \"\(secret)\"",
        "repository:\n  password: [\(secret)]",
        "repository:\n  password:\n    \(secret)",
        "repository:\n  password: |\n    \(secret)\n    more",
        "repository:\n  password: env:\(secret)-",
        "repository:\n  password: \"command:echo \(secret) | cat\"",
        "repository:\n  password: \"command:echo '\(secret)\"",
        "repository:\n  passwrod: \(secret)",
        "repository: {password: \(secret), colour: red}",
        "repository: {colour: red, password: \(secret)}",
        "repository: {colour: red, pw: \(secret)}",
        "repository:\n  location: s3:https://key:\(secret)@host/bucket",
        "repository:\n  location: s3:host/bucket # password is \(secret)",
        "repository:\n  password: \(secret)\n  password: \(secret)",
        "repository:\n  password: '\(secret)",
        "repository:\n  password: \(secret): x",
        "repository:\n  password: &\(secret)",
        "repository:\n  password: *\(secret)",
        "repository:\n  password: !\(secret) x",
        "repository:\n  password: @\(secret)",
        "repository:\n  password:\t\(secret)\u{7}",
        "repository:\n  password: \"x\n  \(secret): y: z",
        "qdrant:\n  url: http://user:\(secret)@host:6333",
        "qdrant:\n  url: http://\(secret)@host:6333",
        "qdrant:\n  url: \(secret)@host:6333",
        "qdrant:\n  api_key: \(secret)\n  collections: [a, b",
        "- \(secret)", "\(secret)", "? \(secret)/=\n: x", "\"\(secret)/==\": x", "\t\(secret)",
    ]

    @Test("is in no finding and no error, however the file is wrong", arguments: ConfigurationSecrecyTests.texts)
    func masked(_ text: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try parse("version: 1\n" + text + "\n")
        }
        #expect(!error.description.contains(Self.secret), "\(error)")
        #expect(!error.message.contains(Self.secret))
        #expect(error.hint?.contains(Self.secret) != true)
        #expect(!String(reflecting: error).contains(Self.secret))
    }

    @Test("written as it is gets told how to refer to it, with the value masked and the place pointed at")
    func literal() throws {
        let found = try findings(ConfigurationTexts.minimal.replacing("env:HOLDFAST_PASSWORD", with: "hunter2xyz"))
        #expect(
            found.map(\.rendered) == [
                """
                holdfast.yaml:4:13: error: 'password' must say where the secret is kept, not be the secret itself
                    4 |   password: ********
                      |             ^
                      = Write 'password: env:NAME', 'file:PATH' or 'command:PROGRAM ARGUMENTS', for example 'password: env:HOLDFAST_PASSWORD'.
                """
            ]
        )
    }
}
