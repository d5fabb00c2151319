import Foundation
import ResticFormat
import Testing

@testable import Recovery

@Suite("The report of a recovery")
struct RecoveryReportTests {
    /// A report with everything in it, and names that try to be markup.
    private var report: RecoveryReport {
        RecoveryReport(
            system: "test",
            tool: "holdfast 0.1.0",
            host: "box",
            outcome: .failed,
            scenario: .completeFailure,
            assessedAt: "2026-03-02T10:00:00Z",
            startedAt: "2026-03-02T10:00:05Z",
            finishedAt: "2026-03-02T10:05:00Z",
            attempts: 2,
            point: RecoveryReport.Point(
                id: "4f2a9c01",
                startedAt: "2026-03-02T04:00:00Z",
                finishedAt: "2026-03-02T04:00:30Z",
                distanceSeconds: nil,
                passed: [PointChoice.Passed(id: "99999999", startedAt: "2026-03-02T05:00:00Z", reason: "is damaged")],
                doubts: []
            ),
            findings: [
                LiveFinding(.documents, "<script>alert(1)</script>", .missing, "a|b *bold* [x](http://y)\n# heading")
            ],
            available: [
                RecoverAssessment.Part(
                    component: .documents,
                    capturedAt: "2026-03-02T04:00:00Z",
                    ageSeconds: 21_600,
                    files: 3,
                    bytes: 1200,
                    integrity: .verified,
                    detail: "its structure is whole",
                    provenAt: nil
                )
            ],
            steps: [
                RecoveryState.Step(
                    id: "documents",
                    startedAt: "2026-03-02T10:00:05Z",
                    seconds: 1.25,
                    outcome: .verified,
                    detail: "3 files written"
                ),
                RecoveryState.Step(
                    id: "verify",
                    startedAt: "2026-03-02T10:00:07Z",
                    seconds: 61,
                    outcome: .failed,
                    detail: "0 of 1 checks passed"
                ),
            ],
            restored: [
                RecoveryOutcome(
                    component: .documents,
                    name: "docs",
                    detail: "3 files written",
                    bytes: 1200,
                    differences: [],
                    warnings: []
                )
            ],
            checks: [
                CheckResult("health", kind: "http", .failed, "status 503 instead of 200", seconds: 0.5, attempts: 3)
            ],
            reingest: ReingestReport(
                changes: [DocumentChange(.added, documents: "docs", path: "a'b\".mdx", file: "/docs/a")],
                outcome: .untested,
                detail: "",
                seconds: 0
            ),
            watch: nil,
            differences: ["health: status 503 instead of 200"],
            warnings: [],
            rpoReference: "assessment",
            rpoSeconds: 21_605,
            rtoSeconds: nil,
            stoppedAt: "verify"
        )
    }

    @Test("in Markdown says what was lost, from when it was restored, how long it took and what differs")
    func markdown() throws {
        let text = try report.rendered(as: .markdown)
        #expect(text.hasPrefix("# Recovery of test: failed\n"))
        for line in [
            "| Restored from | restore point 4f2a9c01 of 2026-03-02T04:00:00Z |",
            "| Recovery point (RPO) | 6 h 00 min before the assessment |", "| Recovery time (RTO) | not reached |",
            "| verify | 2026-03-02T10:00:07Z | 1 min 01 s | failed | 0 of 1 checks passed |",
            "| health | http | failed | 0.5 s | 3 | status 503 instead of 200 |",
            "Passed over: restore point 99999999 of 2026-03-02T05:00:00Z is damaged.",
            "Stopped at step 'verify'. Run 'holdfast recover' again",
        ] {
            #expect(text.contains(line), "\(line)")
        }
        // One row stays one row, and no name becomes markup.
        #expect(text.contains(##"a\|b \*bold\* \[x\](http://y)�\# heading |"##), "\(text)")
        #expect(!text.contains("<script>"))
    }

    @Test("in HTML shows names as they are and loads nothing")
    func html() throws {
        let text = try report.rendered(as: .html)
        #expect(text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !text.contains("<script"))
        #expect(text.contains("a&#39;b&quot;.mdx"))
        #expect(!text.contains("src=") && !text.contains("href="))
        #expect(text.contains("default-src 'none'"))
        // Every element that is opened is closed.
        for tag in ["table", "tr", "td", "th", "h1", "h2", "p", "body", "html", "style"] {
            let opened = text.split(separator: "<\(tag)>").count + text.split(separator: "<\(tag) ").count
            let closed = text.split(separator: "</\(tag)>").count
            #expect(opened - 1 == closed, "\(tag)")
        }
    }

    @Test("in JSON reads back as the same value")
    func json() throws {
        let text = try report.rendered(as: .json)
        #expect(try JSONDecoder().decode(RecoveryReport.self, from: Data(text.utf8)) == report)
    }

    @Test(
        "goes by the file's name",
        arguments: [("a.md", "md"), ("b.HTML", "html"), ("c.json", "json"), ("d.txt", nil), ("md", "md")]
            as [(String, String?)]
    )
    func formats(name: String, format: String?) {
        #expect(RecoveryReport.Format(fileName: name)?.rawValue == format)
    }
}

@Suite("Re-ingestion", .timeLimit(.minutes(5)))
struct ReingestTests {
    private let changes = [
        DocumentChange(.added, documents: "docs", path: "a \"b\".mdx", file: "/docs/a"),
        DocumentChange(.removed, documents: "docs", path: "gone.mdx", file: "/docs/gone.mdx"),
    ]

    @Test("sends the lists where the body wants them, and waits until the status says done")
    func http() async throws {
        try await ScriptedServer.run({ request, index in
            request.method == "POST" ? .answer(202, "") : .answer(200, #"{"state": "\#(index < 3 ? "busy" : "idle")"}"#)
        }) { server in
            let call = HTTPCall(
                url: server.url + "/ingest",
                method: "POST",
                body: #"{"files": {{files}}, "removed": {{removed}}}"#
            )
            let status = Reingest.Status(
                HTTPCall(url: server.url + "/status"),
                path: try #require(JSONPath("state")),
                done: "idle",
                failed: "error",
                within: .seconds(60)
            )
            let clock = SteppingClock()
            let settings = Reingest(.http(call, status: 202), timeout: .seconds(90), status: status)
            let report = try await ReingestRun(settings: settings, environment: [:], clock: clock).run(changes)
            #expect(report.outcome == .verified, "\(report)")
            #expect(server.requests.first?.body == #"{"files": ["a \"b\".mdx"], "removed": ["gone.mdx"]}"#)
            #expect(clock.sleeps.count == 2)
        }
    }

    @Test(
        "fails when the application says so, refuses, or does not finish in time",
        arguments: [
            (202, "error", "says 'error' at 'state'"), (500, "idle", "status 500 instead of 202"),
            (202, "busy", "said 'busy' at 'state' instead of 'idle' when 5s were over"),
        ]
    )
    func failures(code: Int, state: String, reason: String) async throws {
        try await ScriptedServer.run({ request, _ in
            request.method == "POST" ? .answer(code, "") : .answer(200, #"{"state": "\#(state)"}"#)
        }) { server in
            let status = Reingest.Status(
                HTTPCall(url: server.url + "/status"),
                path: try #require(JSONPath("state")),
                done: "idle",
                failed: "error",
                within: .seconds(5)
            )
            let call = HTTPCall(url: server.url + "/ingest", method: "POST")
            let settings = Reingest(.http(call, status: 202), timeout: .seconds(90), status: status)
            let report = try await ReingestRun(settings: settings, environment: [:], clock: SteppingClock()).run(
                changes
            )
            #expect(report.outcome == .failed && report.detail.contains(reason), "\(report.detail)")
        }
    }

    @Test("gives a command the list, and fails when it does")
    func command() async throws {
        let good = Reingest(.command(try ConfiguredCommand("sh -c 'test $(wc -l) -eq 2'", folder: "/")))
        let environment = ["PATH": "/usr/bin:/bin"]
        #expect(
            try await ReingestRun(settings: good, environment: environment, clock: SteppingClock()).run(changes).outcome
                == .verified
        )
        // One that reads nothing of a list longer than any pipe.
        let deaf = Reingest(.command(try ConfiguredCommand("true", folder: "/")))
        let many = (0..<20_000).map { DocumentChange(.added, documents: "d", path: "page-\($0)", file: "/d/\($0)") }
        let ignored = try await ReingestRun(settings: deaf, environment: environment, clock: SteppingClock()).run(many)
        #expect(ignored.outcome == .verified, "\(ignored.detail)")
        let bad = Reingest(.command(try ConfiguredCommand("false", folder: "/")))
        let report = try await ReingestRun(settings: bad, environment: environment, clock: SteppingClock()).run(changes)
        #expect(report.outcome == .failed && report.detail == "'false' ended with exit status 1")
    }
}

@Suite("Watching a recovered system", .timeLimit(.minutes(5)))
struct WatchTests {
    @Test("asks to the end of the stated time and counts every failure")
    func counts() async throws {
        try await ScriptedServer.run({ _, index in .answer(index == 2 ? 500 : 200, "") }) { server in
            let clock = SteppingClock()
            let probe = Probe(
                name: "health",
                kind: .http(HTTPProbe(HTTPCall(url: server.url))),
                timeout: .seconds(90),
                within: .seconds(60)
            )
            let watch = Watch(length: .seconds(50), interval: .seconds(15))
            let report = try await WatchRun(watch: watch, probes: [probe], environment: [:], clock: clock).run()
            // At 0, 15, 30, 45 and 50 seconds; a failure is counted, not tried again.
            #expect(report.rounds == 5 && report.seconds == 50)
            #expect(report.counts.map(\.passed) == [4] && report.counts.map(\.failed) == [1])
            #expect(report.counts.first?.lastFailure?.contains("status 500") == true)
            #expect(report.outcome == .failed)
            #expect(clock.sleeps == [.seconds(15), .seconds(15), .seconds(15), .seconds(5)])
        }
    }

    @Test("shows nothing when there is no probe")
    func nothing() async throws {
        let watch = Watch(length: .seconds(50))
        let report = try await WatchRun(watch: watch, probes: [], environment: [:], clock: SteppingClock()).run()
        #expect(report.outcome == .untested && report.rounds == 0)
    }
}
