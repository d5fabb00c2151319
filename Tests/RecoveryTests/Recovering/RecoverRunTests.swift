import Foundation
import QdrantClient
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

private let hooks = """
    probes:
      - {name: alive, command: "true"}
    recovery:
      hooks:
        before_qdrant: sh -c 'echo "$HOLDFAST_HOOK" >> "$LOG"'
        after_qdrant: sh -c 'echo "$HOLDFAST_HOOK $HOLDFAST_COMPONENT $HOLDFAST_SYSTEM" >> "$LOG"'
        before_documents: sh -c 'echo "$HOLDFAST_HOOK" >> "$LOG"'
        after_documents: sh -c 'echo "$HOLDFAST_HOOK ${HOLDFAST_PASSWORD-none}" >> "$LOG"'
      reingest:
        command: sh -c 'cat >> "$LOG.reingest"'
      watch: {for: 20ms, every: 10ms}
    """

@Suite(
    "A recovery",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct RecoverRunTests {
    private static let steps = [
        "before_qdrant", "qdrant", "after_qdrant", "before_documents", "documents", "after_documents", "verify",
        "reingest", "watch",
    ]

    @Test("of a destroyed system restores it in order, verifies it and proves the restore point")
    func everything() async throws {
        try await RecoverFixture.with(more: hooks) { fixture in
            try await fixture.destroyEverything()
            let run = try await fixture.run()
            let assessment = try await run.assess()
            #expect(assessment.scenario == .completeFailure)
            #expect(assessment.findings.map(\.state) == [.missing, .missing])
            let plan = try await run.prepare(assessment)
            #expect(plan.missing.isEmpty && plan.destroys.isEmpty, "\(plan)")
            #expect(plan.steps == Self.steps)
            #expect(plan.estimate.seconds == nil)
            // Nothing was changed so far.
            #expect(try await fixture.client.collections().isEmpty)
            let observer = Interrupter()
            let report = try await run.run(plan, observer: observer)
            #expect(report.outcome == .verified, "\(report)")
            #expect(observer.begun == Self.steps)
            #expect(try await fixture.isWhole())
            #expect(
                fixture.read("log")
                    == "before_qdrant\nafter_qdrant qdrant test\nbefore_documents\nafter_documents none\n"
            )
            #expect(report.checks.map(\.outcome) == [.verified, .verified, .verified])
            #expect((report.rpoSeconds ?? 0) > 0 && (report.rtoSeconds ?? 0) > 0)
            #expect((report.watch?.rounds ?? 0) >= 1)
            #expect(try fixture.store.load(run.stateKey) == nil)
            // What it has shown estimates the next one.
            let proof = try #require(run.proof(from: report, of: assessment.point))
            #expect(proof.outcome == .verified && proof.components == [.qdrant, .documents])
            _ = try await RecordWriter(try await fixture.repository.loadIndex(), toolVersion: "test").record(
                proof,
                of: assessment.point
            )
            try await fixture.destroyEverything()
            let next = try await fixture.run()
            let again = try await next.assess()
            #expect(again.parts.allSatisfy { $0.provenAt != nil })
            let estimate = try await next.prepare(again).estimate
            #expect((estimate.seconds ?? 0) > 0)
        }
    }

    @Test("does nothing when nothing is lost")
    func nothing() async throws {
        try await RecoverFixture.with(more: hooks) { fixture in
            let run = try await fixture.run()
            let assessment = try await run.assess()
            #expect(assessment.needsNothing && assessment.scenario == .nothingLost, "\(assessment.findings)")
            #expect(try await run.prepare(assessment).steps.isEmpty)
            #expect(run.report(nothingLost: assessment).outcome == .verified)
            #expect(fixture.read("log") == nil)
        }
    }

    @Test("interrupted after any step finishes when it is run again, and does nothing twice")
    func interruptions() async throws {
        try await RecoverFixture.with(more: hooks) { fixture in
            let first = try await fixture.run().assess().point.manifest.id
            for step in Self.steps {
                try await fixture.destroyEverything()
                try? FileManager.default.removeItem(atPath: fixture.folder.path("log"))
                await #expect(throws: CancellationError.self, "\(step)") {
                    try await fixture.recover(observer: Interrupter(after: step))
                }
                let run = try await fixture.run()
                let kept = try #require(try fixture.store.load(run.stateKey), "\(step)")
                let index = try #require(Self.steps.firstIndex(of: step))
                #expect(kept.steps.map(\.id) == Array(Self.steps[...index]))
                let observer = Interrupter()
                let report = try await fixture.recover(observer: observer)
                #expect(report.outcome == .verified, "\(step): \(report)")
                #expect(report.attempts == 2 && report.scenario == .completeFailure && report.point.id == first)
                #expect(try await fixture.isWhole(), "\(step)")
                // Checks may be repeated, changes may not.
                for done in kept.steps where done.id != "verify" && done.id != "watch" {
                    #expect(report.steps.contains(done), "\(step): \(done.id) was made again")
                    #expect(!observer.begun.contains(done.id), "\(step): \(done.id) was made again")
                }
                #expect(fixture.read("log")?.split(separator: "\n").count == 4, "\(step)")
                #expect(try fixture.store.load(run.stateKey) == nil)
            }
        }
    }

    @Test("that left a half-made collection makes it anew, with and without its record")
    func leftovers() async throws {
        try await RecoverFixture.with { fixture in
            let settings: JSONObject = ["vectors": ["size": 8, "distance": "Cosine"]]
            try await fixture.destroyEverything()
            await #expect(throws: CancellationError.self) {
                try await fixture.recover(observer: Interrupter(after: "documents"))
            }
            let run = try await fixture.run()
            var state = try #require(try fixture.store.load(run.stateKey))
            // As a kill during the upload leaves it.
            state.steps.removeAll { $0.id == "qdrant" }
            state.outcomes = []
            state.unfinished = [RecoverFixture.collection: .create]
            try fixture.store.save(state, for: run.stateKey)
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            try await fixture.client.createCollection(RecoverFixture.collection, settings)
            let plan = try await run.prepare(try await run.assess())
            #expect(plan.actions.map(\.kind) == [.create])
            #expect(plan.destroys.first?.contains("interrupted attempt") == true)
            #expect(try await fixture.recover().outcome == .verified)
            #expect(try await fixture.isWhole())
            // The record is lost: an empty collection is a loss like any other.
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            try await fixture.client.createCollection(RecoverFixture.collection, settings)
            let other = try await fixture.run()
            let second = try await other.prepare(try await other.assess())
            #expect(second.actions.map(\.kind) == [.replace], "\(second.actions)")
            #expect(second.assessment.scenario == .partialVectors)
            let replaced = try await fixture.recover()
            #expect(replaced.outcome == .verified, "\(replaced)")
            #expect(try await fixture.client.count(in: RecoverFixture.collection) == UInt64(RecoverFixture.points))
            #expect(try await fixture.client.collections() == [RecoverFixture.collection])
        }
    }

    @Test("does not believe a record when what it says was restored is gone again")
    func staleRecord() async throws {
        try await RecoverFixture.with(more: hooks) { fixture in
            try await fixture.destroyEverything()
            await #expect(throws: CancellationError.self) {
                try await fixture.recover(observer: Interrupter(after: "after_documents"))
            }
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            let observer = Interrupter()
            #expect(try await fixture.recover(observer: observer).outcome == .verified)
            #expect(observer.begun.contains("qdrant") && !observer.begun.contains("documents"), "\(observer.begun)")
            #expect(try await fixture.isWhole())
        }
    }

    @Test("keeps to the restore point that it began with, although there is a newer one")
    func keepsItsPoint() async throws {
        try await RecoverFixture.with { fixture in
            try await fixture.destroyEverything()
            await #expect(throws: CancellationError.self) {
                try await fixture.recover(observer: Interrupter(after: "qdrant"))
            }
            let first = try await fixture.run().assess().point.manifest.id
            try fixture.write("a page alone", to: "docs/alone.mdx")
            let newer = try await fixture.backUp()
            #expect(try await fixture.run().assess().point.manifest.id == first)
            let error = await #expect(throws: RecoveryError.self) { try await fixture.run().assess(.named(newer.id)) }
            #expect(error?.code == .refused && error?.hint?.contains("--restart") == true)
            #expect(try await fixture.run().assess(.named(newer.id), restarts: true).point.manifest.id == newer.id)
        }
    }

    @Test("stops where a hook fails, says so, and goes on from there")
    func failingHook() async throws {
        let failing = "recovery: {hooks: {after_qdrant: \"sh -c 'test -e $LOG'\"}}"
        try await RecoverFixture.with(more: failing.replacing("$LOG", with: "\\\"$LOG\\\"")) { fixture in
            try await fixture.destroyEverything()
            let report = try await fixture.recover()
            #expect(report.outcome == .failed && report.stoppedAt == "after_qdrant", "\(report)")
            #expect(report.steps.last?.detail.contains("exit status 1") == true)
            #expect(fixture.read("docs/part/page-0.mdx") == nil)
            try fixture.write("", to: "log")
            let observer = Interrupter()
            #expect(try await fixture.recover(observer: observer).outcome == .verified)
            #expect(observer.begun.first == "after_qdrant")
        }
    }

    @Test("begins only when the programs of its hooks are there")
    func missingProgram() async throws {
        let missing = "recovery: {hooks: {before_documents: no-such-program-here}}"
        try await RecoverFixture.with(more: missing) { fixture in
            try await fixture.destroyEverything()
            let run = try await fixture.run()
            let plan = try await run.prepare(try await run.assess())
            #expect(plan.missing.map(\.name) == ["program of hook before_documents"])
            let error = await #expect(throws: RecoveryError.self) { try await run.run(plan, observer: Interrupter()) }
            #expect(error?.code == .refused)
            #expect(try await fixture.client.collections().isEmpty)
        }
    }

    @Test("fails at its checks when a probe fails, and makes them again when it is run again")
    func failingProbe() async throws {
        let probe = "probes: [{name: ready, command: \"sh -c 'test -e \\\"$LOG\\\"'\"}]"
        try await RecoverFixture.with(more: probe) { fixture in
            try await fixture.destroyEverything()
            let report = try await fixture.recover()
            #expect(report.outcome == .failed && report.stoppedAt == "verify")
            #expect(report.differences.contains { $0.hasPrefix("ready: ") }, "\(report.differences)")
            #expect(report.rtoSeconds == nil)
            try fixture.write("", to: "log")
            let observer = Interrupter()
            #expect(try await fixture.recover(observer: observer).outcome == .verified)
            #expect(observer.begun == ["verify", "reingest"])
        }
    }

    @Test("hands over the documents that were changed, added or removed after the capture")
    func reingest() async throws {
        try await RecoverFixture.with(more: hooks) { fixture in
            try fixture.write("newer text", to: "docs/part/page-1.mdx")
            try fixture.write("a new page", to: "docs/new.mdx")
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            let report = try await fixture.recover()
            #expect(report.outcome == .verified, "\(report)")
            #expect(report.scenario == .partialVectors)
            #expect(report.reingest?.changes.map(\.path) == ["new.mdx", "part/page-1.mdx"])
            #expect(report.reingest?.changes.map(\.change) == [.added, .changed])
            // What is newer than the restore point stays.
            #expect(fixture.read("docs/part/page-1.mdx") == "newer text")
            let lines = try #require(fixture.read("log.reingest")).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first?.contains(#""change":"added","documents":"docs","path":"new.mdx""#) == true)
        }
    }

    @Test("compares by lineage what was ingested again with what was handed over")
    func lineage() async throws {
        try await RecoverFixture.with(more: "recovery: {reingest: {command: \"true\"}}") { fixture in
            let source = LineageSource(documents: "docs", field: "path")
            fixture.configuration.qdrant?.collections[0].lineage = source
            try await fixture.backUp()
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            let restored = try await fixture.recover()
            #expect(restored.outcome == .verified, "\(restored)")
            #expect(
                restored.checks.contains { $0.name.hasPrefix("lineage") && $0.detail.hasPrefix("12 of 12 documents") },
                "\(restored.checks)"
            )
            // An application that says it has ingested a page, and has not.
            try fixture.write("a new page", to: "docs/part/new.mdx")
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            let report = try await fixture.recover()
            #expect(report.outcome == .failed && report.stoppedAt == "reingest", "\(report)")
            #expect(report.steps.last?.detail.contains("1 documents have no points: part/new.mdx") == true)
            // Ingested by hand, the same command finishes.
            let page = Point(id: .number(900), vector: [1, 0, 0, 0, 0, 0, 0, 0], payload: ["path": "part/new.mdx"])
            _ = try await fixture.client.upsert([page], in: RecoverFixture.collection)
            let observer = Interrupter()
            #expect(try await fixture.recover(observer: observer).outcome == .verified)
            #expect(!observer.begun.contains("qdrant"), "\(observer.begun)")
        }
    }

    @Test("is not verified when nobody says how to ingest the changed documents")
    func noReingest() async throws {
        try await RecoverFixture.with { fixture in
            try fixture.write("a new page", to: "docs/new.mdx")
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            let report = try await fixture.recover()
            #expect(report.outcome == .untested && report.stoppedAt == nil)
            #expect(report.steps.last?.detail.contains("'recovery.reingest' does not say") == true)
        }
    }

    @Test("of a collection that lacks some points, and has others, writes only these")
    func partialLoss() async throws {
        try await RecoverFixture.with { fixture in
            let name = RecoverFixture.collection
            _ = try await fixture.client.deletePoints(.ids((0..<30).map { .number(UInt64($0)) }), in: name)
            let other = Point(id: .number(40), vector: [0, 1, 0, 0, 0, 0, 0, 0], payload: ["path": "changed"])
            let added = Point(id: .number(5000), vector: [1, 0, 0, 0, 0, 0, 0, 0], payload: ["path": "added"])
            _ = try await fixture.client.upsert([other, added], in: name)
            let run = try await fixture.run()
            let plan = try await run.prepare(try await run.assess())
            #expect(plan.assessment.scenario == .partialVectors)
            #expect(plan.actions.map(\.kind) == [.repair] && plan.missing.isEmpty, "\(plan.actions)")
            let report = try await run.run(plan, observer: Interrupter())
            #expect(report.outcome == .verified, "\(report)")
            #expect(
                report.restored.first?.detail
                    == "30 missing and 1 different points written, 1 that are only in the live collection left alone"
            )
            #expect(try await fixture.client.count(in: name) == UInt64(RecoverFixture.points) + 1)
            #expect(try await fixture.client.collections() == [name])
            #expect(try await fixture.run().assess().needsNothing)
        }
    }

    @Test("brings back a checkout of the code, after everything else", .enabled(if: Program.find("git") != nil))
    func code() async throws {
        try await RecoverFixture.with(more: "code: [{path: app, name: app}]") { fixture in
            let git = try #require(Program.find("git"))
            let app = fixture.folder.path("app")
            try fixture.write("print(1)\n", to: "app/main.py")
            for arguments in [
                ["init", "-q"], ["add", "."],
                ["-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first"],
            ] {
                let outcome = try await git.run(["-C", app] + arguments)
                try #require(outcome.succeeded, "\(outcome)")
            }
            try await fixture.backUp()
            #expect(try await fixture.run().assess().needsNothing)
            try await fixture.destroyEverything()
            try FileManager.default.removeItem(atPath: app)
            let observer = Interrupter()
            let report = try await fixture.recover(observer: observer)
            #expect(report.outcome == .verified && report.scenario == .completeFailure, "\(report)")
            #expect(observer.begun == ["qdrant", "documents", "code", "verify", "reingest"])
            #expect(fixture.read("app/main.py") == "print(1)\n")
            #expect(try await fixture.run().assess().needsNothing)
            try FileManager.default.removeItem(atPath: app)
            #expect(try await fixture.run().assess().scenario == .codeOnly)
        }
    }

    @Test("refuses to replace more than what was agreed to")
    func changedMeanwhile() async throws {
        try await RecoverFixture.with { fixture in
            _ = try await fixture.client.deleteCollection(RecoverFixture.collection)
            let run = try await fixture.run()
            let plan = try await run.prepare(try await run.assess())
            // Somebody makes the collection anew meanwhile.
            try await fixture.client.createCollection(
                RecoverFixture.collection,
                ["vectors": ["size": 8, "distance": "Cosine"]]
            )
            _ = try await fixture.client.upsert(
                [Point(id: .number(7), vector: [1, 0, 0, 0, 0, 0, 0, 0], payload: [:])],
                in: RecoverFixture.collection
            )
            let report = try await run.run(plan, observer: Interrupter())
            #expect(report.stoppedAt == "qdrant")
            #expect(
                report.steps.last?.detail.contains("has changed since the plan was made") == true,
                "\(report.steps)"
            )
            #expect(try await fixture.client.count(in: RecoverFixture.collection) == 1)
        }
    }

    @Test("by one process at a time")
    func claim() throws {
        try TemporaryFolder.with { folder in
            let store = FileRecoveryStateStore(folder: folder + "/state")
            let claim = try store.claim("a")
            let error = #expect(throws: RecoveryError.self) { try store.claim("a") }
            #expect(error?.code == .refused)
            withExtendedLifetime(claim) {}
        }
    }
}

/// A folder for a test that is not asynchronous.
enum TemporaryFolder {
    static func with(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }
}
