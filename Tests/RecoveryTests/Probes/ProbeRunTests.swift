import Foundation
import NIOHTTP1
import QdrantClient
import TestSupport
import Testing

@testable import Recovery

@Suite("A probe", .timeLimit(.minutes(5)))
struct ProbeRunTests {
    private static let secret = "s3cr3t-token-of-the-test"
    private static let environment = ["PATH": "/usr/bin:/bin", "APP_TOKEN": secret]

    private func run(_ probe: Probe, _ clock: SteppingClock = SteppingClock()) async throws -> CheckResult {
        let results = try await ProbeRun([probe], environment: Self.environment, clock: clock).run()
        let result = try #require(results.first)
        #expect(!"\(results)".contains(Self.secret))
        #expect(result.seconds >= 0)
        return result
    }

    private func http(
        _ url: String,
        status: Int = 200,
        json: [JSONExpectation] = [],
        contains: String? = nil,
        timeout: Duration = .seconds(90),
        within: Duration = .zero
    ) throws -> Probe {
        let header = HTTPCall.Header(
            name: "Authorization",
            text: "Bearer ",
            secret: try SecretReference("env:APP_TOKEN", relativeTo: "/")
        )
        let call = HTTPCall(url: url + "/health?key=hidden", headers: [header])
        let probe = HTTPProbe(call, status: status, json: json, contains: contains)
        return Probe(name: "health", kind: .http(probe), timeout: timeout, within: within)
    }

    private func path(_ text: String) throws -> JSONPath { try #require(JSONPath(text)) }

    @Test("passes when status, text and JSON are as expected, and sends its headers with their secrets")
    func passes() async throws {
        try await ScriptedServer.run({ _, _ in .answer(200, #"{"status": "ok", "points": 6180, "v": ["1.2"]}"#) }) {
            server in
            let expectations = [
                JSONExpectation(try path("status"), .equals("ok")),
                JSONExpectation(try path("$.points"), .equals("6180")),
                JSONExpectation(try path("v[*]"), .matches("^1[.]")),
            ]
            let result = try await run(try http(server.url, json: expectations, contains: "points"))
            #expect(result.outcome == .verified, "\(result)")
            #expect(server.requests.first?.headers.first(name: "Authorization") == "Bearer \(Self.secret)")
            #expect(server.requests.first?.uri == "/health?key=hidden")
            #expect(!result.detail.contains("hidden"))
        }
    }

    @Test(
        "fails with the reason when the answer is another one",
        arguments: [
            (503, #"{"status": "ok"}"#, "status 503 instead of 200"), (200, "ready", "is not JSON"),
            (200, #"{"status": "starting"}"#, "has 'starting' at 'status', not what equals 'ok'"),
            (200, #"{"state": "ok"}"#, "nothing at 'status'"),
            (200, #"{"status": "\#(ProbeRunTests.secret)"}"#, "has '<secret>' at 'status'"),
        ]
    )
    func fails(status: Int, body: String, reason: String) async throws {
        try await ScriptedServer.run({ _, _ in .answer(status, body) }) { server in
            let expectation = JSONExpectation(try path("status"), .equals("ok"))
            let result = try await run(try http(server.url, json: [expectation]))
            #expect(result.outcome == .failed)
            #expect(result.detail.contains(reason), "\(result.detail)")
        }
    }

    @Test("fails when the expected text is not in the answer")
    func lacksText() async throws {
        try await ScriptedServer.run({ _, _ in .answer(200, "starting") }) { server in
            let result = try await run(try http(server.url, contains: "ready"))
            #expect(result.outcome == .failed && result.detail.contains("does not contain"), "\(result)")
        }
    }

    @Test(
        "fails when there is no whole answer",
        arguments: [
            "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", "220 mail.example ESMTP\r\n",
        ]
    )
    func brokenAnswers(text: String) async throws {
        try await ScriptedServer.run({ _, _ in .raw(text) }) { server in
            let result = try await run(try http(server.url))
            #expect(result.outcome == .failed, "\(result)")
        }
    }

    @Test("fails when the answer does not come within its time, and says which time that was")
    func silence() async throws {
        try await ScriptedServer.run({ _, _ in .silence }) { server in
            let result = try await run(try http(server.url, timeout: .milliseconds(200)))
            #expect(result.outcome == .failed && result.detail.contains("did not answer within 200ms"), "\(result)")
        }
    }

    @Test("fails when nobody listens")
    func nobody() async throws {
        // A port that is taken, so that no server of another test gets it meanwhile, and on which nobody listens.
        let port = try LoopbackPort()
        let result = try await run(try http("http://127.0.0.1:\(port.number)"))
        withExtendedLifetime(port) {}
        #expect(result.outcome == .failed && result.detail.contains("nobody listens"), "\(result)")
    }

    @Test("follows no redirect: the status is what was sent")
    func redirect() async throws {
        try await ScriptedServer.run({ _, _ in
            .raw("HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
        }) {
            server in
            let result = try await run(try http(server.url))
            #expect(result.detail.contains("status 302 instead of 200"), "\(result)")
            #expect(server.requests.count == 1)
        }
    }

    @Test("is tried again until it passes, for as long as it may take")
    func retries() async throws {
        try await ScriptedServer.run({ _, index in .answer(index < 3 ? 503 : 200, "{}") }) { server in
            let clock = SteppingClock()
            let result = try await run(try http(server.url, within: .seconds(10)), clock)
            #expect(result.outcome == .verified && result.attempts == 4, "\(result)")
            #expect(clock.sleeps == Array(repeating: .seconds(1), count: 3))
        }
    }

    @Test("gives up when its time is over")
    func givesUp() async throws {
        try await ScriptedServer.run({ _, _ in .answer(503, "") }) { server in
            let result = try await run(try http(server.url, within: .seconds(3)))
            #expect(result.outcome == .failed && result.attempts == 4, "\(result)")
        }
    }

    @Test("is untested when its secret is not to be had, and nothing is sent")
    func noSecret() async throws {
        try await ScriptedServer.run({ _, _ in .answer(200, "{}") }) { server in
            let probe = try http(server.url, within: .seconds(3))
            let results = try await ProbeRun([probe], environment: [:], clock: SteppingClock()).run()
            #expect(results.first?.outcome == .untested && results.first?.attempts == 1, "\(results)")
            #expect(results.first?.detail.contains("APP_TOKEN") == true)
            #expect(server.requests.isEmpty)
        }
    }

    private func question(_ url: String, cites: [String]) throws -> Probe {
        let http = HTTPProbe(HTTPCall(url: url, method: "POST", body: #"{"input": {"limit": 3}}"#))
        return Probe(
            name: "polaris",
            kind: .question(
                QuestionProbe(
                    http,
                    question: "How do I \"find\" Polaris?",
                    field: try path("input.question"),
                    sources: try path("sources[*].path"),
                    cites: cites
                )
            )
        )
    }

    @Test("of a chatbot puts the question where it belongs and passes when all sources are cited")
    func cites() async throws {
        let answer = #"{"answer": "Look north.", "sources": [{"path": "a.mdx"}, {"path": "b.mdx"}]}"#
        try await ScriptedServer.run({ _, _ in .answer(200, answer) }) { server in
            #expect(try await run(try question(server.url, cites: ["b.mdx"])).outcome == .verified)
            let sent = try #require(server.requests.first)
            #expect(sent.body == #"{"input":{"limit":3,"question":"How do I \"find\" Polaris?"}}"#)
            #expect(sent.headers.first(name: "Content-Type") == "application/json")
            let failed = try await run(try question(server.url, cites: ["a.mdx", "c.mdx"]))
            #expect(failed.outcome == .failed)
            #expect(failed.detail == "the answer cites 'a.mdx', 'b.mdx', not 'c.mdx'")
        }
    }

    @Test(
        "that is a command passes with exit status 0 only",
        arguments: [
            ("true", CheckOutcome.verified, "exit status 0"), ("sh -c 'exit 4'", .failed, "exit status 4"),
            ("sh -c 'kill -9 $$'", .failed, "signal 9"), ("no-such-program-here", .untested, "no program"),
            ("sleep 30", .failed, "did not end within 300ms"),
        ]
    )
    func commands(line: String, outcome: CheckOutcome, reason: String) async throws {
        let command = try ConfiguredCommand(line, folder: "/")
        let result = try await run(
            Probe(name: "c", kind: .command(command), timeout: .milliseconds(line == "sleep 30" ? 300 : 90_000))
        )
        #expect(result.outcome == outcome, "\(result)")
        #expect(result.detail.contains(reason), "\(result)")
    }

    @Test("is not run when the task is cancelled")
    func cancelled() async throws {
        try await ScriptedServer.run({ _, _ in .silence }) { server in
            let probe = try http(server.url, timeout: .seconds(60))
            let work = Task { try await ProbeRun([probe], environment: Self.environment).run() }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
        }
    }
}

@Suite("A JSON path")
struct JSONPathTests {
    @Test(
        "is refused rather than half understood",
        arguments: ["", "$", ".", "a..b", "a[", "a[1:2]", "a[?x]", "*", "a b", "a[-1]", "$a"]
    )
    func refused(text: String) {
        #expect(JSONPath(text) == nil)
    }

    @Test("selects names, indices and all", arguments: ["a.b[1]", "$.a.b[1]", "a['b'][1]", "$['a'].b[*]"])
    func selects(text: String) throws {
        let value: JSONValue = ["a": ["b": [1, 2]]]
        #expect(try #require(JSONPath(text)).values(in: value).last == 2)
        #expect(try #require(JSONPath(text)).values(in: ["a": 3]).isEmpty)
    }
}
