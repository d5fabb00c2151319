import QdrantClient
import Testing

@testable import TextbookExample

@Suite("Words")
struct WordsTests {
    @Test(
        "are runs of letters and digits in lower case",
        arguments: [
            ("The Sun's 6,792 km, 1.52 au.", ["the", "sun", "s", "6792", "km", "1.52", "au"]),
            ("Hertzsprung–Russell, H₂O; 10⁸", ["hertzsprung", "russell", "h₂o", "10⁸"]),
            ("ÉTOILE 1, 2 3.", ["étoile", "1", "2", "3"]),
            ("", []),
        ]
    )
    func words(text: String, words: [String]) {
        #expect(Words.words(of: text) == words)
    }

    @Test(
        "of one family have one stem",
        arguments: [
            ["tide", "tides"], ["galaxy", "galaxies"], ["rotate", "rotated", "rotating", "rotates"],
            ["spin", "spinning", "spins"], ["fall", "falling", "falls"], ["measure", "measured"], ["ring", "rings"],
            ["planet", "planets"],
        ]
    )
    func stems(family: [String]) {
        #expect(Set(family.map(Words.stem)).count == 1)
    }

    @Test(
        "keep what only looks like an ending",
        arguments: ["spring", "red", "mars", "venus", "glass", "axis", "speed", "10⁸"]
    )
    func noEnding(word: String) {
        #expect(Words.stem(word) == (word == "mars" ? "mar" : word))
    }

    @Test("lose Markdown, link targets and stop words")
    func markdown() {
        let text =
            "### The **red** planet\n\n> See [Jupiter](../jupiter.mdx) and ![a map](map.png), `H2`.\n\n| a | moon |\n| --- | :-: |"
        #expect(MarkdownText.plain(text) == "The red planet See Jupiter and a map, H2. a moon")
        #expect(Words.stems(of: text) == ["red", "planet", "see", "jupiter", "map", "h2", "moon"])
    }
}

@Suite("The local embedding")
struct LocalEmbeddingTests {
    @Test("has length 1 for every passage, and the same bits every time")
    func length() throws {
        for passage in TextbookChunker.passages(of: try Textbook.pages()).prefix(60) {
            let vector = LocalEmbedding.vector(of: passage.searchText)
            #expect(vector.count == 384)
            let squaredLength = vector.reduce(0) { $0 + Double($1) * Double($1) }
            #expect(abs(squaredLength - 1) < 1e-6, "Qdrant would normalise it again")
            #expect(Vector.dense(vector) == .dense(LocalEmbedding.vector(of: passage.searchText)))
        }
    }

    @Test("never changes without a new revision")
    func pinned() {
        let vector = LocalEmbedding.vector(of: "The rings of Saturn are made of ice, and the rings are thin.")
        let bits = vector.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
        #expect(LocalEmbedding.revision == 1)
        #expect(FeatureHash.hash(of: bits.map { String($0, radix: 16) }.joined(separator: " ")) == 0)
    }

    @Test("brings texts with common words together and leaves others apart")
    func similarity() {
        let ring = LocalEmbedding.vector(of: "The rings of Saturn are young")
        #expect(cosine(ring, LocalEmbedding.vector(of: "How old is Saturn's ring?")) > 0.5)
        #expect(cosine(ring, LocalEmbedding.vector(of: "Tides follow the Moon")) < 0.3)
        #expect(cosine(ring, LocalEmbedding.vector(of: "the RINGS of *Saturn* are young!")) > 0.999_999)
    }

    @Test("is zero for a text without words", arguments: ["", "?!", "What is it?"])
    func nothing(text: String) {
        #expect(LocalEmbedding.vector(of: text).allSatisfy { $0 == 0 })
    }
}

@Suite("The sparse encoder")
struct SparseEncoderTests {
    @Test("gives rising indices without repetition and finite positive values")
    func order() throws {
        for passage in TextbookChunker.passages(of: try Textbook.pages()).prefix(60) {
            let vector = SparseEncoder.passageVector(of: passage.searchText)
            #expect(vector.indices.count == vector.values.count && !vector.indices.isEmpty)
            #expect(zip(vector.indices, vector.indices.dropFirst()).allSatisfy(<))
            #expect(vector.values.allSatisfy { $0 > 0 && $0 < 2.2 })
        }
    }

    @Test("counts a word more the more often it occurs, and less in a longer passage")
    func saturation() throws {
        func share(_ text: String) throws -> Float {
            let vector = SparseEncoder.passageVector(of: text)
            let position = try #require(vector.indices.firstIndex(of: SparseEncoder.index(of: "comet")))
            return vector.values[position]
        }
        let filler = (0..<30).map { " word\($0)" }.joined()
        #expect(try share("comet") < share("comet comet"))
        #expect(try share("comet comet") < share("comet comet comet"))
        #expect(try share("comet" + filler) < share("comet"))
    }

    @Test("is the formula of BM25 for a passage of usual length")
    func formula() throws {
        let text = "comets comet" + (0..<48).map { " word\($0)" }.joined()
        let vector = SparseEncoder.passageVector(of: text)
        let position = try #require(vector.indices.firstIndex(of: SparseEncoder.index(of: "comet")))
        #expect(abs(vector.values[position] - 2 * 2.2 / (2 + 1.2)) < 1e-6)
    }

    @Test("gives a question 1 for each different word")
    func question() {
        let vector = SparseEncoder.questionVector(of: "Is the ring of Saturn older than Saturn's rings?")
        #expect(vector.indices == ["ring", "saturn", "older"].map(SparseEncoder.index).sorted())
        #expect(vector.values == [1, 1, 1])
        #expect(SparseEncoder.questionVector(of: "What is it?").indices.isEmpty)
    }

    @Test("takes the first bytes of SHA-256: \"abc\" of FIPS 180-2, appendix B.1")
    func hash() {
        #expect(FeatureHash.hash(of: "abc") == 0xBA78_16BF_8F01_CFEA)
        #expect(SparseEncoder.index(of: "abc") == 0xBA78_16BF)
    }
}

func cosine(_ left: [Float], _ right: [Float]) -> Float {
    zip(left, right).reduce(0) { $0 + $1.0 * $1.1 }
}
