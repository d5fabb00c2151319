import Foundation
import QdrantClient
import TestSupport
import Testing

/// The three scenarios of the operators' handbook, over the embedded Qdrant and the chatbot: the commands of the pages in
/// `docs/operating/recovery-*.md`, from a destroyed system to probes that pass.
@Suite(
    "The whole system",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .enabled(if: Program.find("curl") != nil && Program.find("git") != nil, "curl or git is not installed"),
    .timeLimit(.minutes(10))
)
struct ScenarioTests {
    private func steps(_ report: String, in folder: TemporaryDirectory) throws -> [String: String] {
        let json = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: folder.path(report))))
        let steps = try #require((json as? [String: Any])?["steps"] as? [[String: Any]])
        return Dictionary(
            steps.map { ("\($0["id"] ?? "?")", "\($0["outcome"] ?? "?"): \($0["detail"] ?? "")") },
            uniquingKeysWith: { first, _ in first }
        )
    }

    @Test("that lost some vectors and has others changed gets these back, and what is newer is ingested again")
    func partialLoss() async throws {
        try await ChatbotSystem.with { system in
            try system.writeNewPage()
            try await system.ingest()
            let before = try await system.state()
            let old = before.points.filter { $0.payload?["path"]?.stringValue != ChatbotSystem.newPage }
            let new = before.points.filter { $0.payload?["path"]?.stringValue == ChatbotSystem.newPage }
            #expect(old.count > 70 && new.count == 3, "\(old.count) and \(new.count)")
            let lost = old.prefix(30).map(\.id)
            _ = try await system.client.deletePoints(.ids(lost + new.map(\.id)), in: "textbook")
            let altered = old[50..<62].map { Point(id: $0.id, vectors: .named([:]), payload: ["path": "lost"]) }
            _ = try await system.client.upsert(altered, in: "textbook")

            let plan = try await system.holdfast.run("recover", "--dry-run")
            #expect(plan.text.contains("assessment of 'test': partial loss of vectors"), "\(plan)")
            let outcome = try await system.holdfast.run("recover", "--yes", "--report", "report.json")
            #expect(outcome.text.contains("recovery of 'test': verified"), "\(outcome)")
            let steps = try steps("report.json", in: system.folder)
            #expect(
                steps["qdrant"]?.contains("30 missing and 12 different points written, 0 that are only in the live")
                    == true,
                "\(steps)"
            )
            #expect(steps["reingest"]?.contains("1 documents were handed over and ingested") == true, "\(steps)")
            #expect(steps["documents"] == nil && steps["configuration"] == nil && steps["code"] == nil, "\(steps)")
            try await system.expectWhole(before)
            #expect(try await system.holdfast.run("recover").text.contains("nothing is lost"))
        }
    }

    @Test("that is gone is back with one command on an empty machine, and stays after a restart of the server")
    func completeFailure() async throws {
        var options = ChatbotSystem.Options()
        options.recovery += "\n  hooks: {after_code: sh project/app/restart.sh}\n  watch: {for: 1s, every: 500ms}"
        try await ChatbotSystem.with(options) { system in
            let before = try await system.state()
            try await system.destroyEverything()
            try await system.holdfast.run("probe", "--once", expecting: 1)
            let plan = try await system.holdfast.run("recover", "--dry-run")
            #expect(plan.text.contains("assessment of 'test': complete failure of the system"), "\(plan)")
            #expect(!FileManager.default.fileExists(atPath: system.folder.path("project")))
            let outcome = try await system.holdfast.run("recover", "--yes", "--report", "report.json")
            #expect(outcome.text.contains("recovery of 'test': verified"), "\(outcome)")
            let steps = try steps("report.json", in: system.folder)
            #expect(
                steps.keys.sorted() == [
                    "after_code", "code", "configuration", "documents", "qdrant", "reingest", "verify", "watch",
                ]
            )
            #expect(steps.values.allSatisfy { $0.hasPrefix("verified") }, "\(steps)")
            try await system.expectWhole(before)
            try await system.server.restart()
            try await system.expectWhole(before, "after the restart")
            if Program.find("restic") != nil { _ = try await system.holdfast.restic("check", "--read-data") }
        }
    }

    @Test(
        "whose settings are wrong, or missing, has them back, and its chatbot restarted with them",
        arguments: [true, false]
    )
    func configurationLoss(isMissing: Bool) async throws {
        var options = ChatbotSystem.Options()
        options.recovery += "\n  hooks: {after_configuration: sh project/app/restart.sh}"
        try await ChatbotSystem.with(options) { system in
            let before = try await system.state()
            // The application runs with a server that is not there, as after a wrong deployment.
            let nowhere = try LoopbackPort()
            try system.writeSettings(qdrantURL: "http://127.0.0.1:\(nowhere.number)")
            try await system.startChatbot()
            if isMissing {
                try FileManager.default.removeItem(atPath: system.folder.path("project/.env.production"))
            }
            try await system.holdfast.run("probe", "--once", expecting: 1)
            let plan = try await system.holdfast.run("recover", "--dry-run")
            #expect(plan.text.contains("assessment of 'test': loss of the configuration"), "\(plan)")
            let outcome = try await system.holdfast.run(
                "recover",
                "--yes",
                "--only",
                "configuration",
                "--report",
                "report.json"
            )
            withExtendedLifetime(nowhere) {}
            #expect(outcome.text.contains("recovery of 'test': verified"), "\(outcome)")
            let steps = try steps("report.json", in: system.folder)
            #expect(steps.keys.sorted() == ["after_configuration", "configuration", "verify"], "\(steps)")
            try await system.expectWhole(before)
        }
    }
}
