import Recovery
import Testing

@Suite("The section 'code'")
struct CodeConfigurationTests {
    private static let head = """
        version: 1
        repository:
          location: ./backup
          password: env:HOLDFAST_PASSWORD
        system: textbook

        """

    @Test("may stand alone, takes the folder's name, and stores commits and untracked files by default")
    func defaults() throws {
        let configuration = try parse(Self.head + "code:\n  - path: ../srv/chatbot\n")
        #expect(
            configuration.code == [.init("chatbot", path: "/etc/app/../srv/chatbot", bundle: true, untracked: true)]
        )
        #expect(configuration.documents.isEmpty && configuration.qdrant == nil)
    }

    @Test("takes every key")
    func everyKey() throws {
        let text = "code:\n  - path: .\n    name: a\n    bundle: false\n    untracked: false\n  - {path: /b}\n"
        let configuration = try parse(Self.head + text)
        #expect(
            configuration.code == [
                .init("a", path: "/etc/app", bundle: false, untracked: false), .init("b", path: "/b"),
            ]
        )
    }

    @Test(
        "is refused with the place and what to write instead",
        arguments: [
            ("code:\n", "'code' names no checkout"), ("code: .\n", "'code' must be a list"),
            ("code:\n  - name: a\n", "an entry of 'code' lacks the key 'path'"),
            ("code:\n  - path: /\n", "the checkout's own name cannot be its name"),
            ("code:\n  - {path: a, bundle: yes}\n", "'bundle' must be true or false"),
            ("code:\n  - {path: a, untracked: \"true\"}\n", "'untracked' must be true or false"),
            ("code:\n  - {path: a, bundel: true}\n", "unknown key 'bundel' in an entry of 'code'"),
            ("code:\n  - path: a\n  - {path: b, name: a}\n", "have the name 'a'"),
            ("code:\n  - path: a\n  - {path: ./a, name: b}\n", "name the same checkout"),
            ("code:\n  - path: backup/app\n", "lies inside the repository"),
        ]
    )
    func mistakes(text: String, message: String) throws {
        let found = try findings(Self.head + text)
        #expect(found.contains { $0.message.contains(message) }, "\(found.map(\.message))")
        #expect(found.allSatisfy { $0.suggestion != nil })
    }
}
