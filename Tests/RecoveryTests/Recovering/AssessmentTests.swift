import Foundation
import QdrantClient
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

@Suite(
    "The assessment of a system",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(5))
)
struct AssessmentTests {
    private func finding(_ component: Component, _ fixture: RecoverFixture, thorough: Bool = false) async throws
        -> LiveFinding
    {
        var options = RecoverOptions()
        options.components = [component]
        options.isThorough = thorough
        return try #require(try await fixture.run(options).assess().findings.first)
    }

    @Test("tells a missing, smaller, larger and differently answering collection apart")
    func collections() async throws {
        try await RecoverFixture.with { fixture in
            let name = RecoverFixture.collection
            #expect(try await finding(.qdrant, fixture).state == .same)
            let point = Point(id: .number(1000), vector: [1, 0, 0, 0, 0, 0, 0, 0], payload: [:])
            _ = try await fixture.client.upsert([point], in: name)
            let larger = try await finding(.qdrant, fixture)
            #expect(larger.state == .larger && larger.extra == 1 && !larger.isLoss, "\(larger)")
            // As many as before, and others.
            _ = try await fixture.client.deletePoints(.ids([.number(0)]), in: name)
            for id in 1...40 {
                let changed = Point(id: .number(UInt64(id)), vector: [0, 1, 0, 0, 0, 0, 0, 0], payload: [:])
                _ = try await fixture.client.upsert([changed], in: name)
            }
            let different = try await finding(.qdrant, fixture)
            #expect(different.state == .different && different.detail.contains("golden query"), "\(different)")
            _ = try await fixture.client.deletePoints(.ids((1...30).map { .number(UInt64($0)) }), in: name)
            let smaller = try await finding(.qdrant, fixture)
            #expect(smaller.state == .smaller && smaller.missing == 30, "\(smaller)")
            _ = try await fixture.client.deleteCollection(name)
            #expect(try await finding(.qdrant, fixture).state == .missing)
        }
    }

    @Test("finds a missing alias and a missing payload index, and a recovery sets only them")
    func names() async throws {
        try await RecoverFixture.with { fixture in
            try await fixture.client.updateAliases([.delete(alias: "live")])
            try await fixture.client.deletePayloadIndex("path", in: RecoverFixture.collection)
            let found = try await finding(.qdrant, fixture)
            #expect(found.state == .different && found.detail.contains("alias 'live' is missing"), "\(found)")
            let run = try await fixture.run()
            let plan = try await run.prepare(try await run.assess())
            #expect(plan.actions.map(\.kind) == [.mend] && plan.bytes == 0 && plan.destroys.isEmpty)
            #expect(try await run.run(plan, observer: Interrupter()).outcome == .verified)
            #expect(try await fixture.isWhole())
            #expect(try await finding(.qdrant, fixture).state == .same)
        }
    }

    @Test("refuses to put points into a collection that is configured otherwise, and says what to do")
    func otherConfiguration() async throws {
        try await RecoverFixture.with { fixture in
            let name = RecoverFixture.collection
            _ = try await fixture.client.deleteCollection(name)
            try await fixture.client.createCollection(name, ["vectors": ["size": 4, "distance": "Dot"]])
            let found = try await finding(.qdrant, fixture)
            #expect(found.state == .different && found.detail.contains("size, distance or data type"), "\(found)")
            let run = try await fixture.run()
            let plan = try await run.prepare(try await run.assess())
            #expect(plan.missing.map(\.name) == ["collection \(name)"])
            #expect(plan.missing.first?.remedy?.isEmpty == false)
        }
    }

    @Test("calls a server that does not answer unreachable, not lost, and leaves the decision to the operator")
    func unreachable() async throws {
        try await RecoverFixture.with { fixture in
            await fixture.server.kill()
            let run = try await fixture.run()
            let assessment = try await run.assess()
            #expect(assessment.findings.map(\.state) == [.unreachable, .same])
            #expect(assessment.scenario == .undetermined && !assessment.needsNothing)
            let error = await #expect(throws: RecoveryError.self) { try await run.prepare(assessment) }
            #expect(error?.code == .undetermined && error?.hint?.contains("--qdrant-url") == true)
            // The rest can be recovered without it.
            try FileManager.default.removeItem(atPath: fixture.folder.path("docs"))
            var options = RecoverOptions()
            options.components = [.documents]
            #expect(try await fixture.recover(options).outcome == .verified)
        }
    }

    @Test("tells missing, damaged, newer and added documents apart")
    func documents() async throws {
        try await RecoverFixture.with { fixture in
            try fixture.write("newer", to: "docs/part/page-0.mdx")
            try fixture.write("added", to: "docs/added.mdx")
            let newer = try await finding(.documents, fixture)
            #expect(newer.state == .larger && newer.extra == 1 && newer.different == 1, "\(newer)")
            // Other content, and a time of change from before the capture: as a failing disk would leave it.
            try fixture.write("damaged", to: "docs/part/page-1.mdx")
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_700_000_000)],
                ofItemAtPath: fixture.folder.path("docs/part/page-1.mdx")
            )
            #expect(try await finding(.documents, fixture).state == .different)
            try FileManager.default.removeItem(atPath: fixture.folder.path("docs/part/page-2.mdx"))
            let smaller = try await finding(.documents, fixture)
            #expect(smaller.state == .smaller && smaller.missing == 1, "\(smaller)")
            #expect(
                smaller.detail
                    == "1 of 12 files are missing, 1 differ, 1 were changed after the capture, 1 were added since"
            )
            let report = try await fixture.recover()
            #expect(report.scenario == .documentsOnly && report.outcome == .verified, "\(report)")
            #expect(fixture.read("docs/part/page-0.mdx") == "newer" && fixture.read("docs/added.mdx") == "added")
            #expect(fixture.read("docs/part/page-1.mdx") == "# Page 1\n\ntext 1\n")
            #expect(fixture.read("docs/part/page-2.mdx") == "# Page 2\n\ntext 2\n")
            var options = RecoverOptions()
            options.replacesNewer = true
            #expect(try await fixture.recover(options).outcome == .verified)
            #expect(try await fixture.isWhole())
        }
    }

    @Test("finds other content under the same length and time only when it is asked to read everything")
    func thorough() async throws {
        try await RecoverFixture.with { fixture in
            let path = fixture.folder.path("docs/part/page-3.mdx")
            let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
            var before = stat()
            #expect(lstat(path, &before) == 0)
            try fixture.write("# Page 3\n\nTEXT 3\n", to: "docs/part/page-3.mdx")
            var times = [before.st_atim, before.st_mtim]
            #expect(utimensat(AT_FDCWD, path, &times, 0) == 0 && date != nil)
            #expect(try await finding(.documents, fixture).state == .same)
            #expect(try await finding(.documents, fixture, thorough: true).state == .different)
        }
    }

    @Test("picks the newest complete restore point at or before a time, says how far off it is and what it passed over")
    func atTime() async throws {
        try await RecoverFixture.with { fixture in
            let first = try await fixture.run().assess().point
            let partial = try await fixture.backUp(only: .documents)
            let third = try await fixture.backUp()
            let end = try #require(GoTime(rfc3339: third.finishedAt))
            let run = try await fixture.run()
            #expect(try await run.assess().point.manifest.id == third.id)
            let exactly = try await run.assess(.at(end))
            #expect(exactly.point.manifest.id == third.id && exactly.choice.distance == .zero)
            let before = try await run.assess(
                .at(GoTime(seconds: end.seconds, nanoseconds: Int64(end.nanoseconds) - 1))
            )
            #expect(before.point.manifest.id == first.manifest.id)
            #expect((before.choice.distance ?? .zero) > .zero)
            #expect(before.choice.passed.map(\.id) == [partial.id])
            #expect(before.choice.passed.first?.reason == "holds no qdrant")
            let error = await #expect(throws: RecoveryError.self) {
                try await run.assess(.at(GoTime(seconds: 1_000_000_000)))
            }
            #expect(error?.code == .noRestorePoint)
            var options = RecoverOptions()
            options.components = [.documents]
            let documents = try await fixture.run(options).assess(
                .at(GoTime(seconds: end.seconds, nanoseconds: Int64(end.nanoseconds) - 1))
            )
            #expect(documents.point.manifest.id == partial.id)
        }
    }

    @Test("doubts a restore point whose collection has lost most of its points since the one before")
    func doubts() async throws {
        try await RecoverFixture.with { fixture in
            let ids = (0..<UInt64(100)).map { PointID.number($0) }
            _ = try await fixture.client.deletePoints(.ids(ids), in: RecoverFixture.collection)
            try await fixture.backUp()
            let doubts = try await fixture.run().assess().choice.doubts
            #expect(doubts.count == 1 && doubts[0].contains("was the loss captured?"), "\(doubts)")
        }
    }

    @Test("passes over a damaged restore point")
    func damaged() async throws {
        try await RecoverFixture.with { fixture in
            let first = try await fixture.run().assess().point
            let packs = try Set(FileManager.default.subpathsOfDirectory(atPath: fixture.folder.path("repo/data")))
            try fixture.write("one more", to: "docs/more.mdx")
            let second = try await fixture.backUp()
            for path in try FileManager.default.subpathsOfDirectory(atPath: fixture.folder.path("repo/data"))
            where !packs.contains(path) && path.count > 60 {
                try FileManager.default.removeItem(atPath: fixture.folder.path("repo/data/\(path)"))
            }
            // Its manifest is gone with its packs: it cannot even be listed.
            let assessment = try await fixture.run().assess()
            #expect(assessment.point.manifest.id == first.manifest.id)
            let said = assessment.remarks + assessment.choice.passed.map(\.id)
            #expect(said.contains { $0.contains(second.id) }, "\(said)")
        }
    }

    struct Situation: Sendable, CustomTestStringConvertible {
        var states: [String]
        var scenario: RecoveryScenario
        var testDescription: String { states.joined(separator: ", ") }

        init(_ states: [String], _ scenario: RecoveryScenario) {
            (self.states, self.scenario) = (states, scenario)
        }
    }

    static let situations: [Situation] = [
        Situation(["qdrant same", "documents same"], .nothingLost),
        Situation(["qdrant larger", "documents larger"], .nothingLost),
        Situation(["qdrant smaller", "documents same"], .partialVectors),
        Situation(["qdrant missing", "documents same"], .partialVectors),
        Situation(["qdrant missing", "documents missing"], .completeFailure),
        Situation(["qdrant missing", "documents smaller", "code same"], .completeFailure),
        Situation(["qdrant smaller", "documents smaller"], .severalParts),
        Situation(["qdrant same", "configuration missing"], .configurationLoss),
        Situation(["qdrant same", "configuration unreadable"], .configurationLoss),
        Situation(["documents different", "code same"], .documentsOnly),
        Situation(["qdrant same", "code missing"], .codeOnly),
        Situation(["qdrant unreachable", "documents same"], .undetermined),
        Situation(["qdrant unreachable", "documents missing"], .undetermined),
    ]

    @Test("names the scenario", arguments: situations)
    func scenarios(situation: Situation) throws {
        let findings = try situation.states.map { text in
            let words = text.split(separator: " ").map(String.init)
            let component = try #require(Component(rawValue: words[0]))
            return LiveFinding(component, "x", try #require(LiveFinding.State(rawValue: words[1])), "")
        }
        #expect(RecoveryScenario(findings) == situation.scenario)
    }
}
