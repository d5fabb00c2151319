import Foundation
import NIOCore
import QdrantClient
import TestSupport
import Testing

@testable import TextbookChatbot
@testable import TextbookExample

@Suite(
    "The chatbot on the embedded Qdrant",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not set up here")
)
struct ChatbotServerTests {
    @Test("finds an expected source of every sample question among its first five passages, and cites it")
    func questions() async throws {
        try await withEmbeddedQdrant { server in
            try await ChatbotFixture.with(server) { chatbot in
                #expect(try await chatbot.ingest().status == 200)
                let questions = try #require(
                    try JSONValue(
                        reading: Data(contentsOf: ChatbotFixture.textbook.appendingPathComponent("questions.json"))
                    ).arrayValue
                )
                #expect(questions.count == 24)
                var missed: [String] = []
                for question in questions {
                    let body = JSONValue.object(["question": question["question"] ?? .null, "limit": 5])
                    let reply = try await chatbot.post("/query", String(buffer: body.written()))
                    #expect(reply.status == 200)
                    let passages = try #require(reply.json["passages"]?.arrayValue)
                    #expect(passages.count == 5)
                    let scores = passages.compactMap { $0["score"]?.doubleValue }
                    #expect(scores == scores.sorted(by: >) && scores.count == 5)
                    let expected = Set(question["sources"]?.arrayValue ?? [])
                    #expect(!expected.isEmpty)
                    let found = passages.map {
                        JSONValue.object(["path": $0["path"] ?? .null, "heading": $0["heading"] ?? .null])
                    }
                    if expected.isDisjoint(with: found) { missed.append(question["id"]?.stringValue ?? "") }

                    let answer = try await chatbot.post(
                        "/chat",
                        String(buffer: JSONValue.object(["question": question["question"] ?? .null]).written())
                    )
                    #expect(answer.json["mode"] == "extractive")
                    #expect(answer.json["fallback"] == nil)
                    let sources = try #require(answer.json["sources"]?.arrayValue)
                    #expect(sources.map { $0["id"] } == passages.map { $0["id"] })
                    let cited = Citations.find(in: answer.json["answer"]?.stringValue ?? "").numbers
                    #expect(cited == sources.compactMap { $0["number"]?.int64Value.map(Int.init) })
                }
                // As for the ranking in memory: README.md counts them.
                #expect(questions.count - missed.count >= 22, "not answered: \(missed)")
                let nothing = try await chatbot.post("/chat", "{\"question\": \"What is it?\"}")
                #expect(nothing.json["sources"] == [])
            }
        }
    }

    @Test("ingests a folder once: the second time not one write reaches the database")
    func idempotence() async throws {
        try await withEmbeddedQdrant { server in
            try await ChatbotFixture.with(server) { chatbot in
                let first = try await chatbot.ingest()
                #expect(first.json["pages"]?["added"] == 39)
                #expect(first.json["passages"] == ["read": 506, "written": 506, "deleted": 0])
                let before = try await chatbot.operationCount()
                let second = try await chatbot.ingest()
                #expect(second.json["pages"]?["unchanged"] == 39)
                #expect(second.json["passages"] == ["read": 506, "written": 0, "deleted": 0])
                let some = "{\"files\": [\"index.mdx\", \"index.mdx\", \"logo.png\", \"01-sky/.index.mdx\"]}"
                #expect(try await chatbot.ingest(some).json["pages"]?["read"] == 1)
                #expect(try await chatbot.operationCount() == before + 1)
                // The count would notice: writes the edited pages, and deletes what they have no more.
                try chatbot.edit()
                _ = try await chatbot.ingest()
                #expect(try await chatbot.operationCount() >= before + 4)

                let status = try await chatbot.get("/ingest/status")
                #expect(status.json["up_to_date"] == true)
                #expect(status.json["running"] == false)
                #expect(status.json["finished"] == 4)
                #expect(status.json["documents_with_points"] == 39)
            }
        }
    }

    @Test("writes only the passages of edited pages again")
    func edits() async throws {
        try await withEmbeddedQdrant { server in
            try await ChatbotFixture.with(server) { chatbot in
                _ = try await chatbot.ingest()
                let before = try await Self.records(chatbot)
                try chatbot.edit()
                let edited: Set = ["02-solar-system/mars.mdx", "03-tools/telescopes.mdx", "05-galaxies/galaxies.mdx"]
                let lineage = try await chatbot.get("/lineage")
                #expect(
                    Set(lineage.json["documents_outdated"]?["paths"]?.arrayValue?.compactMap(\.stringValue) ?? [])
                        == edited
                )

                // One page by its name first, then the rest.
                let one = try await chatbot.ingest("{\"files\": [\"02-solar-system/mars.mdx\"]}")
                #expect(one.json["pages"]?["changed"] == 1)
                #expect(try await chatbot.get("/ingest/status").json["documents_outdated"] == 2)
                let rest = try await chatbot.ingest()
                #expect(rest.json["pages"]?["changed"] == 2)
                #expect(rest.json["pages"]?["unchanged"] == 37)
                #expect(rest.json["passages"]?["deleted"] == 1)

                let after = try await Self.records(chatbot)
                #expect((before.count, after.count) == (506, 505))
                let rewritten = after.filter { before[$0.key] != $0.value }
                #expect(Set(rewritten.values.compactMap { $0.payload?["path"]?.stringValue }) == edited)
                let written = [one, rest].compactMap { $0.json["passages"]?["written"]?.int64Value }.reduce(0, +)
                #expect(rewritten.count == Int(written))
                let mars = try Data(contentsOf: URL(filePath: chatbot.docs + "/02-solar-system/mars.mdx"))
                let content = MDXPage(path: "", source: String(decoding: mars, as: UTF8.self)).content
                let stored = after.values.filter { $0.payload?["path"] == "02-solar-system/mars.mdx" }
                #expect(!stored.isEmpty && stored.allSatisfy { $0.payload?["content"]?.stringValue == content })
            }
        }
    }

    @Test("heals a page that lost points, drops pages that are gone, and refuses to drop most of them unasked")
    func losses() async throws {
        try await withEmbeddedQdrant { server in
            try await ChatbotFixture.with(server) { chatbot in
                _ = try await chatbot.ingest()
                let before = try await Self.records(chatbot)
                let some = before.values.filter { $0.payload?["path"] == "glossary.mdx" }.map(\.id).prefix(3)
                try await chatbot.qdrant.deletePoints(.ids(Array(some)), in: "books")
                #expect(try await chatbot.get("/ingest/status").json["up_to_date"] == false)
                #expect(try await chatbot.ingest().json["pages"]?["changed"] == 1)
                #expect(try await Self.records(chatbot) == before)

                try FileManager.default.removeItem(atPath: chatbot.docs + "/glossary.mdx")
                let stale = try await chatbot.get("/lineage")
                #expect(stale.json["paths_without_document"]?["paths"] == ["glossary.mdx"])
                let gone = try await chatbot.ingest("{\"files\": [], \"removed\": [\"glossary.mdx\", \"logo.png\"]}")
                #expect(gone.json["pages"]?["removed"] == 1)
                #expect(gone.json["pages"]?["read"] == 0)
                try FileManager.default.removeItem(atPath: chatbot.docs + "/06-observing/first-nights.mdx")
                #expect(try await chatbot.ingest().json["pages"]?["removed"] == 1)
                #expect(try await chatbot.get("/ingest/status").json["up_to_date"] == true)

                let left = try await Self.records(chatbot)
                for part in ["01-sky", "02-solar-system", "04-stars"] {
                    try FileManager.default.removeItem(atPath: chatbot.docs + "/" + part)
                }
                let refused = try await chatbot.ingest()
                #expect((refused.status, refused.errorCode) == (409, "too_many_removed"))
                #expect(try await Self.records(chatbot) == left)
                #expect(try await chatbot.get("/ingest/status").json["last"]?["outcome"] == "failed")
                let allowed = try await chatbot.ingest("{\"allow_mass_removal\": true}")
                #expect(allowed.json["outcome"] == "succeeded")
                #expect(try await Self.records(chatbot).count < left.count / 2)

                try FileManager.default.removeItem(atPath: chatbot.docs)
                let missing = try await chatbot.ingest("{\"allow_mass_removal\": true}")
                #expect((missing.status, missing.errorCode) == (503, "documents_unreadable"))
                #expect(try await chatbot.ingest("{\"files\": [\"index.mdx\"]}").errorCode == "documents_unreadable")
                #expect(try await chatbot.qdrant.count(in: "books") > 0)
            }
        }
    }

    @Test("knows by /health when something is missing, and what")
    func health() async throws {
        try await withEmbeddedQdrant { server in
            try await ChatbotFixture.with(server) { chatbot in
                try await Self.expect(chatbot, failed: ["collection"], code: "collection_missing")
                #expect(
                    try await chatbot.post("/query", "{\"question\": \"comets\"}").errorCode == "collection_missing"
                )

                try await chatbot.qdrant.createCollection("books", ["vectors": ["size": 4, "distance": "Dot"]])
                try await Self.expect(chatbot, failed: ["collection"], code: "collection_mismatch")
                #expect(try await chatbot.ingest().errorCode == "collection_mismatch")
                try await chatbot.qdrant.deleteCollection("books")

                _ = try await chatbot.ingest()
                try await Self.expect(chatbot, failed: [])
                let health = try await chatbot.get("/health")
                #expect(health.json["checks"]?["collection"]?["points"] == 506)
                #expect(health.json["checks"]?["documents"]?["pages"] == 39)
                #expect(health.json["version"]?.stringValue == Chatbot.version)

                try await chatbot.qdrant.deletePoints(.filter([:]), in: "books")
                try await Self.expect(chatbot, failed: ["collection"])
                _ = try await chatbot.ingest()

                let manager = FileManager.default
                try manager.moveItem(atPath: chatbot.docs, toPath: chatbot.docs + "-away")
                try await Self.expect(chatbot, failed: ["documents"], code: "documents_unreadable")
                try manager.createDirectory(atPath: chatbot.docs, withIntermediateDirectories: false)
                try await Self.expect(chatbot, failed: ["documents"], code: "documents_unreadable")
                try manager.removeItem(atPath: chatbot.docs)
                try manager.moveItem(atPath: chatbot.docs + "-away", toPath: chatbot.docs)

                let settings = try Data(contentsOf: URL(filePath: chatbot.settingsFile))
                try manager.removeItem(atPath: chatbot.settingsFile)
                try await Self.expect(chatbot, failed: ["configuration"])
                try Data("COLLECTION=books\n".utf8).write(to: URL(filePath: chatbot.settingsFile))
                try await Self.expect(chatbot, failed: ["configuration"])
                try (settings + Data("\nPORT=9\nOTHER=1\n".utf8)).write(to: URL(filePath: chatbot.settingsFile))
                let changed = try await chatbot.get("/health")
                #expect((changed.status, changed.json["checks"]?["configuration"]?["restart_needed"]) == (200, true))
                try settings.write(to: URL(filePath: chatbot.settingsFile))
                try await Self.expect(chatbot, failed: [])

                await server.stop()
                try await Self.expect(chatbot, failed: ["qdrant", "collection"], code: "qdrant_failed")
            }
        }
    }

    @Test("answers with a model that cites, and with excerpts when it does not, and says so")
    func model() async throws {
        try await withEmbeddedQdrant { server in
            for (says, mode) in [("Nobody knows [1].", "model"), ("They are made of cheese [77].", "extractive")] {
                try await FakeModel.with(.says(says)) { fake, url in
                    let model = ModelSettings(baseURL: url, apiKey: Secret("key-of-the-model"), name: "small")
                    try await ChatbotFixture.with(server, model: model) { chatbot in
                        _ = try await chatbot.ingest()
                        let reply = try await chatbot.post(
                            "/chat",
                            "{\"question\": \"How old are the rings of Saturn?\"}"
                        )
                        #expect(reply.status == 200)
                        #expect(reply.json["mode"]?.stringValue == mode)
                        let sources = try #require(reply.json["sources"]?.arrayValue)
                        #expect(sources.first?["heading"] == "How old are the rings")
                        if mode == "model" {
                            #expect(reply.json["answer"]?.stringValue == says)
                            #expect(reply.json["model"] == "small")
                            #expect(sources.count == 1)
                        } else {
                            #expect(reply.json["answer"]?.stringValue?.contains("cheese") == false)
                            #expect(reply.json["fallback"]?["code"] == "model_cited_what_was_not_given")
                            #expect(sources.count == 5)
                        }
                        #expect(fake.received.count == 1)
                        #expect(!chatbot.logLines.contains { $0.contains("key-of-the-model") || $0.contains("rings") })
                    }
                }
            }
        }
    }

    private static func expect(
        _ chatbot: ChatbotFixture,
        failed: Set<String>,
        code: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let reply = try await chatbot.get("/health")
        #expect(reply.status == (failed.isEmpty ? 200 : 503), "\(reply.text)", sourceLocation: sourceLocation)
        #expect(reply.json["status"]?.stringValue == (failed.isEmpty ? "ok" : "failed"), sourceLocation: sourceLocation)
        let checks = try #require(reply.json["checks"]?.objectValue)
        #expect(checks.keys == ["configuration", "qdrant", "collection", "documents"], sourceLocation: sourceLocation)
        let bad = checks.members.filter { $0.value["status"] != "ok" }
        #expect(Set(bad.map(\.key)) == failed, sourceLocation: sourceLocation)
        for check in bad {
            #expect(check.value["hint"]?.stringValue != nil, "\(check.key)", sourceLocation: sourceLocation)
            if let code { #expect(check.value["code"]?.stringValue == code, sourceLocation: sourceLocation) }
        }
        #expect(!reply.text.contains(chatbot.folder.path), sourceLocation: sourceLocation)
    }

    /// Everything in the collection.
    private static func records(_ chatbot: ChatbotFixture) async throws -> [PointID: PointRecord] {
        var records: [PointID: PointRecord] = [:]
        let request = ScrollRequest(limit: 1000, payload: .all, vectors: .all)
        for try await page in chatbot.qdrant.scrollPages(request, in: "books") {
            for record in page { records[record.id] = record }
        }
        return records
    }
}
