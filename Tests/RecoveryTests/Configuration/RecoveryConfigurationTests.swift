import Recovery
import TestSupport
import Testing

@Suite("Probes and recovery in a configuration")
struct RecoveryConfigurationTests {
    private static let text =
        ConfigurationTexts.minimal + """
            probes:
              - name: health
                http:
                  url: http://127.0.0.1:8080/health
                  headers: {Authorization: "Bearer env:APP_TOKEN", Accept: application/json}
                  json:
                    - {path: status, equals: ok}
                    - {path: version, matches: "^1[.]"}
                timeout: 5s
                within: 2m
              - name: polaris
                question:
                  url: http://127.0.0.1:8080/chat
                  ask: "How do I find Polaris?"
                  sources: "sources[*].path"
                  cites: [polaris.mdx]
              - name: script
                command: "./check.sh --all"
            recovery:
              hooks:
                before_qdrant: systemctl stop chatbot
                after_configuration: {command: "sh -c 'a && b'", timeout: 30s}
              reingest:
                http: {url: "http://127.0.0.1:8080/ingest", body: '{"files": {{files}}}'}
                status: {url: "http://127.0.0.1:8080/ingest/status", path: state, done: idle, failed: error}
              watch: {for: 10m, every: 30s}

            """

    @Test("are read")
    func reads() throws {
        let configuration = try parse(Self.text)
        #expect(configuration.probes.map(\.name) == ["health", "polaris", "script"])
        #expect(configuration.probes.map(\.kindName) == ["http", "question", "command"])
        #expect(configuration.probes[0].within == .seconds(120) && configuration.probes[1].within == .zero)
        guard case .http(let http) = configuration.probes[0].kind else { return #expect(Bool(false)) }
        #expect(http.call.headers.map(\.text) == ["Bearer ", "application/json"])
        #expect(http.call.headers.map { $0.secret?.description } == ["env:APP_TOKEN", nil])
        #expect(http.json.map(\.test) == [.equals("ok"), .matches("^1[.]")])
        guard case .command(let command) = configuration.probes[2].kind else { return #expect(Bool(false)) }
        #expect(command == ConfiguredCommand(program: "/etc/app/check.sh", arguments: ["--all"], folder: "/etc/app"))
        let hooks = configuration.recovery.hooks
        #expect(hooks[HookPoint(.before, .qdrant)]?.command.program == "systemctl")
        #expect(hooks[HookPoint(.after, .configuration)]?.command.arguments == ["-c", "a && b"])
        #expect(hooks[HookPoint(.after, .configuration)]?.timeout == .seconds(30))
        #expect(configuration.recovery.watch == Watch(length: .seconds(600), interval: .seconds(30)))
        let reingest = try #require(configuration.recovery.reingest)
        guard case .http(let call, 200) = reingest.recipient else { return #expect(Bool(false)) }
        #expect(call.method == "POST" && call.body == #"{"files": {{files}}}"#)
        #expect(reingest.status?.done == "idle" && reingest.status?.failed == "error")
    }

    struct Mistake: Sendable, CustomTestStringConvertible {
        var replacing: String
        var by: String
        var code: ConfigurationDiagnostic.Code
        var message: String
        var testDescription: String { by }
    }

    static let mistakes = [
        Mistake(replacing: "name: polaris", by: "name: health", code: .duplicateValue, message: "two probes"),
        Mistake(replacing: "Bearer env:APP_TOKEN", by: "Bearer abc", code: .literalSecret, message: "'Authorization'"),
        Mistake(replacing: "Bearer env:APP_TOKEN", by: "env:1", code: .invalidReference, message: "Authorization"),
        Mistake(replacing: "equals: ok", by: "equal: ok", code: .unknownKey, message: "'equal'"),
        Mistake(replacing: "equals: ok}", by: "equals: ok, matches: x}", code: .duplicateValue, message: "'matches'"),
        Mistake(replacing: "\"^1[.]\"", by: "'(['", code: .invalidValue, message: "regular expression"),
        Mistake(replacing: "path: status,", by: "path: '$..x',", code: .invalidValue, message: "JSON path"),
        Mistake(replacing: "http://127.0.0.1:8080/chat", by: "127.0.0.1:8080", code: .invalidValue, message: "'url'"),
        Mistake(replacing: "http://127.0.0.1:8080/chat", by: "http://a:b@c", code: .literalSecret, message: "'url'"),
        Mistake(replacing: "cites: [polaris.mdx]", by: "cites: []", code: .emptyValue, message: "'cites'"),
        Mistake(replacing: "before_qdrant:", by: "before_database:", code: .unknownKey, message: "'before_database'"),
        Mistake(replacing: "systemctl stop chatbot", by: "a | b", code: .invalidValue, message: "'before_qdrant'"),
        Mistake(replacing: "timeout: 30s", by: "timeout: 30", code: .invalidValue, message: "'timeout'"),
        Mistake(replacing: "watch: {for: 10m,", by: "watch: {", code: .missingKey, message: "'for'"),
        Mistake(replacing: "command: \"./check.sh --all\"", by: "timeout: 1s", code: .missingKey, message: "'probes'"),
        Mistake(replacing: "path: state, done: idle", by: "path: state", code: .missingKey, message: "'done'"),
    ]

    @Test("are refused with a reason", arguments: mistakes)
    func refuses(mistake: Mistake) throws {
        let text = Self.text.replacing(mistake.replacing, with: mistake.by)
        try #require(text != Self.text)
        let found = try findings(text)
        #expect(found.contains { $0.code == mistake.code && $0.message.contains(mistake.message) }, "\(found)")
    }
}
