import Foundation
import QdrantCapture
import TestSupport
import Testing

@testable import Recovery

@Suite("The collections in a configuration")
struct CollectionEntriesTests {
    private func qdrant(_ text: String) throws -> HoldfastConfiguration.Qdrant {
        let configuration = try parse(ConfigurationTexts.minimal + "qdrant:\n  url: http://localhost:6333\n" + text)
        #expect(configuration.warnings.isEmpty)
        return try #require(configuration.qdrant)
    }

    @Test("are all when none is named")
    func all() throws {
        let qdrant = try qdrant("")
        #expect(qdrant.collections.isEmpty && qdrant.exclude.isEmpty)
        #expect(qdrant.selection == CollectionSelection())
    }

    @Test("may be patterns, with options for what they match")
    func patterns() throws {
        let qdrant = try qdrant(
            """
              collections:
                - a
                - "textbook_*"
                - name: "log_?"
                  method: snapshot
              exclude: ["tmp_*", scratch]
            """
        )
        #expect(qdrant.collections.map { $0.pattern?.text } == [nil, "textbook_*", "log_?"])
        #expect(qdrant.exclude.map(\.text) == ["tmp_*", "scratch"])
        #expect(qdrant.entry(for: "log_1", aliases: [])?.method == .snapshot)
        #expect(qdrant.entry(for: "x", aliases: ["textbook_live"])?.name == "textbook_*")
        #expect(qdrant.entry(for: "x", aliases: []) == nil)
    }

    @Test("say what their vectors are made with, and how their points name documents")
    func contract() throws {
        let qdrant = try qdrant(
            """
              collections:
                - name: c
                  embedding: {model: "org/m", revision: "2", dimension: 384, distance: Cosine, chunking: by page, vector: t}
                  source_field: meta.path
                  source_prefix: "file:///srv/"
                  path_prefix: pages/
            """
        )
        let entry = try #require(qdrant.collections.first)
        #expect(
            entry.embedding
                == EmbeddingContract(
                    model: "org/m",
                    revision: "2",
                    dimension: 384,
                    distance: .cosine,
                    chunking: "by page",
                    vector: "t"
                )
        )
        // The only documents there are need not be named.
        #expect(
            entry.lineage
                == LineageSource(
                    documents: "docs",
                    field: "meta.path",
                    sourcePrefix: "file:///srv/",
                    pathPrefix: "pages/"
                )
        )
    }

    @Test("are in what is kept of the configuration, which has every key that was set and no secret")
    func effective() throws {
        let configuration = try parse(
            ConfigurationTexts.full.replacing("pass show 'my qdrant'", with: "echo hunter2").replacing(
                "golden_queries: 0",
                with: "golden_queries: 0\n      embedding: {model: m}\n      source_field: p\n      documents: blog"
            )
        )
        let text = String(decoding: try configuration.effective.encode(), as: UTF8.self)
        #expect(!text.contains("hunter2"))
        let json = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect((json["repository"] as? [String: Any])?["password"] as? String == "file:/etc/app/keys/repo")
        let qdrant = try #require(json["qdrant"] as? [String: Any])
        #expect(qdrant["api_key"] as? String == "command:echo …")
        #expect(qdrant["timeout"] as? String == "500ms")
        let collections = try #require(qdrant["collections"] as? [[String: Any]])
        #expect(collections.map { $0["name"] as? String } == ["textbook_knowledge", "other"])
        #expect((collections[1]["embedding"] as? [String: Any])?["model"] as? String == "m")
        #expect(collections[1]["documents"] as? String == "blog")
        #expect(Set(json.keys) == ["version", "system", "repository", "qdrant", "documents", "restore", "retention"])
    }
}
