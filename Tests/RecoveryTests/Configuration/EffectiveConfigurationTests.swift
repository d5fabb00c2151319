import Foundation
import Recovery
import TestSupport
import Testing

@Suite("What is kept of a configuration beside a restore point")
struct EffectiveConfigurationTests {
    private static let secret = "hunter2xyz"

    /// Every section, with a secret in each place that one can stand in.
    private static let text = """
        version: 1
        repository: {location: ./backup, password: "command:echo \(secret)"}
        system: textbook
        qdrant: {url: "http://h:6333", api_key: "command:echo \(secret)"}
        documents: [{path: ./docs}]
        configuration:
          - {name: app, path: ., files: [.env], passphrase: "command:echo \(secret)"}
        code: [{name: app, path: ./app}]
        restore: {green_within: 10m}
        probes:
          - name: alive
            within: 30s
            http:
              url: "http://h:8080/health?token=\(secret)"
              headers: {Authorization: "Bearer command:echo \(secret)", X-Session: \(secret), X-Odd: "\(secret) env:ODD"}
              body: '{"key": "\(secret)"}'
              json: [{path: status, equals: ok}, {path: version, matches: '^1'}]
          - name: asked
            question: {url: "http://h/chat", ask: why, body: '{"k": "\(secret)"}', sources: "sources[*]", cites: [a.md]}
          - {name: shell, command: "curl -H \(secret) http://h"}
        recovery:
          hooks:
            before_qdrant: stop-it
            after_code: {command: "start --token \(secret)", timeout: 3m}
          reingest:
            http: {url: "http://h/ingest?k=\(secret)", body: '{"files": {{files}}, "k": "\(secret)"}', status: 202}
            status: {url: "http://h/status?k=\(secret)", path: state, done: idle, failed: broken}
          watch: 5m
        retention: {hourly: none, last: 3, time_zone: Europe/Berlin, components: {code: {daily: 1y}}}
        drill:
          folder: /scratch
          qdrant: {url: "http://s:6333", api_key: "env:SCRATCH", restart: "restart --key \(secret)"}
          application:
            command: "serve --key \(secret)"
            probes: [{name: up, http: {url: "http://s/?k=\(secret)"}}]

        """

    private func effective(_ text: String) throws -> (text: String, json: [String: Any]) {
        let bytes = try parse(text).effective.encode()
        let json = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
        return (String(decoding: bytes, as: UTF8.self), try #require(json))
    }

    @Test("holds no secret, wherever it stands")
    func noSecret() throws {
        let kept = try effective(Self.text).text
        #expect(!kept.contains(Self.secret), "\(kept)")
        // What was looked for is there to be found.
        #expect(Self.text.components(separatedBy: Self.secret).count == 18)
    }

    @Test("has every section that the configuration knows")
    func sections() throws {
        let configuration = try parse(Self.text)
        let names = Mirror(reflecting: configuration).children.compactMap(\.label).filter { $0 != "warnings" }
            // Beside 'repository', which excludes 'repositories'.
            .filter { $0 != "otherRepositories" }
            .map { $0 == "sealed" ? "configuration" : $0 }
        #expect(Set(try effective(Self.text).json.keys) == Set(names))
    }

    @Test("says of probes, recovery, drills and retention what somebody needs who has to write them again")
    func content() throws {
        let json = try effective(Self.text).json
        func at(_ path: String) -> String? {
            var value: Any? = json
            for step in path.split(separator: "/") {
                value =
                    Int(step).map { index in (value as? [Any]).flatMap { $0.indices.contains(index) ? $0[index] : nil }
                    }
                    ?? (value as? [String: Any])?[String(step)]
            }
            return value.map { "\($0)" }
        }
        let expected = [
            "probes/0/name": "alive", "probes/0/within": "30s", "probes/0/timeout": "10s",
            "probes/0/http/url": "http://h:8080/health?…", "probes/0/http/method": "POST",
            "probes/0/http/headers/Authorization": "Bearer command:echo …", "probes/0/http/headers/X-Session": "…",
            "probes/0/http/headers/X-Odd": "… env:ODD", "probes/0/http/status": "200",
            "probes/0/http/json/1/matches": "^1", "probes/1/question/ask": "why",
            "probes/1/question/sources": "sources[*]", "probes/1/question/cites/0": "a.md",
            "probes/2/command": "curl …", "recovery/hooks/before_qdrant/command": "stop-it",
            "recovery/hooks/after_code/command": "start …", "recovery/hooks/after_code/timeout": "3m",
            "recovery/reingest/http/url": "http://h/ingest?…", "recovery/reingest/http/status": "202",
            "recovery/reingest/status/path": "state", "recovery/reingest/status/failed": "broken",
            "recovery/watch/for": "5m", "recovery/watch/every": "15s", "retention/hourly": "none",
            "retention/daily": "30d", "retention/last": "3", "retention/time_zone": "Europe/Berlin",
            "retention/components/code/daily": "1y", "drill/folder": "/scratch", "drill/qdrant/url": "http://s:6333",
            "drill/qdrant/api_key": "env:SCRATCH", "drill/qdrant/restart": "restart …",
            "drill/application/command": "serve …", "drill/application/probes/0/http/url": "http://s/?…",
        ]
        for (path, value) in expected.sorted(by: { $0.key < $1.key }) { #expect(at(path) == value, "\(path)") }
    }

    @Test(
        "names the scratch server as the configuration does",
        arguments: ["embedded", "{program: qdrant}", "{container: q/q}"]
    )
    func server(text: String) throws {
        let json = try effective(ConfigurationTexts.minimal + "drill: {qdrant: \(text)}\n").json
        let found = try #require((json["drill"] as? [String: Any])?["qdrant"])
        #expect("\(found)".contains(text.split { "{}: ".contains($0) }.last.map(String.init) ?? text))
    }

    @Test("leaves out what nothing is configured of")
    func nothing() throws {
        let json = try effective(ConfigurationTexts.minimal).json
        #expect(json["recovery"] == nil && json["drill"] == nil && json["probes"] == nil)
        #expect((json["retention"] as? [String: Any])?["time_zone"] as? String == "own")
    }
}
