import Logging
import QdrantClient
import TestSupport
import Testing

@testable import TextbookExample

@Suite(
    "The index on the embedded Qdrant",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not set up here")
)
struct TextbookServerTests {
    @Test("holds every passage once however often it is filled, and follows the pages")
    func ingestion() async throws {
        try await withIndex { index in
            for round in 0..<2 {
                try await index.prepare()
                var expected = IngestSummary(pageCount: 39, passageCount: 506)
                if round == 0 { expected.addedPages = 39 } else { expected.unchangedPages = 39 }
                expected.writtenPassages = round == 0 ? 506 : 0
                #expect(try await index.ingest(folder: Textbook.docs) == expected)
                #expect(try await index.count() == 506)
            }

            let changes = try Textbook.changes()
            let summary = try await index.ingest(changes)
            #expect(summary.changedPages == 3)
            #expect(summary.writtenPassages == TextbookChunker.passages(of: changes).count)
            #expect(summary.deletedPassages == 1)
            #expect(try await index.count() == 505)
            let expected = TextbookChunker.passages(of: try Textbook.changedPages()).map(\.point)
            let stored = try await index.client.points(expected.map(\.id), in: index.collection, vectors: .all)
            let records = Dictionary(uniqueKeysWithValues: stored.map { ($0.id, $0) })
            for point in expected {
                #expect(records[point.id]?.payload == point.payload)
                #expect(records[point.id]?.vectors == point.vectors, "Qdrant changed the vectors of \(point.id)")
            }

            try await index.removePages(["02-solar-system/mars.mdx", "no/such.mdx"])
            #expect(try await index.count() == 491)
            try await index.ingest([MDXPage(path: "extra.mdx", title: "Extra", body: "Not in the folder")])
            try await index.ingest(folder: Textbook.docs)
            #expect(try await index.count() == 506)
        }
    }

    @Test("answers as the ranking in memory does")
    func answers() async throws {
        let engine = MemoryEngine(TextbookChunker.passages(of: try Textbook.pages()))
        try await withIndex { index in
            try await index.prepare()
            try await index.ingest(folder: Textbook.docs)
            for question in try Textbook.questions() {
                let answers = try await index.ask(question.text)
                #expect(answers.first == engine.ask(question.text).first, "\(question.id)")
                #expect(answers.count == 5)
            }
            let question = "How old are the rings of Saturn?"
            #expect(try await index.ask(question) == index.ask(question))
            #expect(try await index.ask("What is it?").isEmpty)
            #expect(try await index.ask("Which planets have rings?", limit: 2).count == 2)
        }
    }

    @Test("refuses a collection that was made for something else, and leaves it as it is")
    func foreignCollection() async throws {
        try await withIndex { index in
            try await index.client.createCollection(index.collection, ["vectors": ["size": 4, "distance": "Dot"]])
            let error = await #expect(throws: TextbookError.self) { try await index.prepare() }
            #expect(error?.code == .collectionMismatch)
            #expect(try await index.client.collection(index.collection).payloadSchema.isEmpty)
        }
    }

    private func withIndex(_ body: (TextbookIndex) async throws -> Void) async throws {
        try await withEmbeddedQdrant { server in
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            try await withQdrantClient(endpoint: try QdrantEndpoint(url: server.baseURL), logger: logger) { client in
                try await body(TextbookIndex(client: client, collection: "astronomy"))
            }
        }
    }
}
