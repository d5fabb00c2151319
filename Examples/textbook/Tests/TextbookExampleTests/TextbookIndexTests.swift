import QdrantClient
import Testing

@testable import TextbookExample

@Suite("The index")
struct TextbookIndexTests {
    @Test("makes a collection that it accepts afterwards")
    func layout() throws {
        try TextbookIndex.check(info(TextbookIndex.creationBody), named: "books")
        let vectors = try info(TextbookIndex.creationBody).vectors
        #expect(vectors.map(\.name) == ["text", "bm25"])
        #expect(vectors.map(\.size) == [384, nil])
        #expect(TextbookIndex.payloadIndexes.map(\.field) == ["path", "title", "ordinal", "text"])
    }

    @Test(
        "refuses a collection that was made for something else",
        arguments: [
            ["vectors": ["size": 384, "distance": "Cosine"]],
            [
                "vectors": ["text": ["size": 768, "distance": "Cosine"]],
                "sparse_vectors": ["bm25": ["modifier": "idf"]],
            ],
            ["vectors": ["text": ["size": 384, "distance": "Dot"]], "sparse_vectors": ["bm25": ["modifier": "idf"]]],
            ["vectors": ["text": ["size": 384, "distance": "Cosine"]], "sparse_vectors": ["bm25": [:]]],
            [
                "vectors": ["text": ["size": 384, "distance": "Cosine"]],
                "sparse_vectors": ["bm25": ["modifier": "idf"]],
            ],
            [
                "vectors": ["text": ["size": 384, "distance": "Cosine"]],
                "sparse_vectors": ["bm25": ["modifier": "idf"]],
                "metadata": ["embedding": "holdfast-lexical-hash-384", "embedding_revision": 2],
            ],
        ] as [JSONObject]
    )
    func mismatch(body: JSONObject) throws {
        let error = #expect(throws: TextbookError.self) { try TextbookIndex.check(info(body), named: "books") }
        #expect(error?.code == .collectionMismatch)
        #expect(error?.message.contains("'books'") == true)
    }

    @Test("gives a point all that an answer needs")
    func point() {
        let passage = Passage(
            path: "a.mdx",
            title: "Comets",
            heading: "Tails",
            text: "Dust and gas.",
            ordinal: 3,
            content: "d1"
        )
        let point = passage.point
        #expect(point.id == passage.id)
        #expect(
            point.payload == [
                "path": "a.mdx", "title": "Comets", "heading": "Tails", "text": "Dust and gas.", "ordinal": 3,
                "content": "d1",
            ]
        )
        #expect(point.vectors["text"] == .dense(LocalEmbedding.vector(of: "Comets\nTails\nDust and gas.")))
        #expect(point.vectors["bm25"] == .sparse(SparseEncoder.passageVector(of: "Comets\nTails\nDust and gas.")))
    }

    @Test("looks pages up by their paths")
    func filters() throws {
        let path: JSONValue = ["key": "path", "match": ["any": ["a.mdx", "b.mdx"]]]
        #expect(TextbookIndex.filter(pages: ["a.mdx", "b.mdx"]) == ["must": [path]])
    }

    private func info(_ body: JSONObject) throws -> CollectionInfo {
        var params = body
        params["metadata"] = nil
        var config: JSONObject = ["params": .object(params)]
        config["metadata"] = body["metadata"]
        return try CollectionInfo(["status": "green", "config": .object(config)])
    }
}

@Suite("Fusion")
struct FusionTests {
    @Test("adds the reciprocal ranks, the best first, equals by id")
    func ranks() {
        let fused = ReciprocalRankFusion.fuse([[1, 2, 3], [3, 4]])
        #expect(fused.map(\.id) == [3, 1, 2, 4])
        let expected: [Double] = [1.0 / 63 + 1.0 / 61, 1.0 / 61, 1.0 / 62, 1.0 / 62]
        #expect(fused.map(\.score) == expected)
    }

    @Test("does not depend on the server's order of equal scores")
    func ties() {
        func hit(_ id: PointID, _ score: Float) -> ScoredPoint {
            ScoredPoint(record: PointRecord(id: id, payload: ["path": .string("\(id)")]), score: score, version: 0)
        }
        let one = TextbookIndex.answers(to: "comet", from: [[hit(1, 3), hit(2, 2), hit(3, 2)], [hit(3, 1)]], limit: 2)
        let other = TextbookIndex.answers(
            to: "comet",
            from: [[hit(1, 3), hit(3, 2), hit(2, 2)], [hit(3, 1)]],
            limit: 2
        )
        #expect(one == other)
        #expect(one.map(\.path) == ["3", "1"])
        #expect(TextbookIndex.answers(to: "comet", from: [[hit(1, 3)]], limit: 0).isEmpty)
    }
}

@Suite("An excerpt")
struct ExcerptTests {
    @Test("begins with the sentence that has most words of the question")
    func best() {
        let text =
            "Comets are old. A **gas tail** points away from the [Sun](sun.mdx). The dust tail bends. It is wide."
        #expect(
            Excerpt.excerpt(of: text, for: "Why does a gas tail point away?")
                == "A gas tail points away from the Sun. The dust tail bends. It is wide."
        )
        #expect(Excerpt.excerpt(of: text, for: "Nothing here?").hasPrefix("Comets are old. A gas tail"))
        #expect(Excerpt.excerpt(of: "", for: "comet").isEmpty)
    }

    @Test("is never longer than its limit, and cut between words")
    func limit() {
        let excerpt = Excerpt.excerpt(of: String(repeating: "comet ", count: 100), for: "comet")
        #expect(excerpt.count <= Excerpt.characterLimit)
        #expect(excerpt.hasSuffix("comet…"))
        let sentences = String(repeating: "A comet came. ", count: 100)
        #expect(Excerpt.excerpt(of: sentences, for: "comet").count <= Excerpt.characterLimit)
        #expect(Excerpt.excerpt(of: sentences, for: "comet").hasSuffix("came."))
    }
}
