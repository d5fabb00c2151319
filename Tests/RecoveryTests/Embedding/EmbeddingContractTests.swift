import QdrantClient
import Testing

@testable import Recovery

@Suite("An embedding contract")
struct EmbeddingContractTests {
    private let unnamed = [VectorField(name: nil, kind: .dense, json: ["size": 384, "distance": "Cosine"])]
    private let named = [
        VectorField(name: "text", kind: .dense, json: ["size": 384, "distance": "Dot"]),
        VectorField(name: "title", kind: .dense, json: ["size": 8, "distance": "Dot"]),
        VectorField(name: "words", kind: .sparse, json: [:]),
    ]

    @Test("is kept by a vector of its dimension and distance, and by any when it states none")
    func kept() {
        #expect(EmbeddingContract(model: "m", dimension: 384, distance: .cosine).violations(by: unnamed).isEmpty)
        #expect(EmbeddingContract(model: "m").violations(by: unnamed).isEmpty)
        #expect(EmbeddingContract(model: "m", distance: .dot, vector: "text").violations(by: named).isEmpty)
        // The only dense one needs no name.
        let one = [named[0], named[2]]
        #expect(EmbeddingContract(model: "m", dimension: 384, distance: .dot).violations(by: one).isEmpty)
    }

    @Test("names what was declared and what was found when it is broken")
    func broken() {
        let both = EmbeddingContract(model: "big", dimension: 768, distance: .dot).violations(by: unnamed)
        #expect(both.count == 2)
        #expect(both[0].contains("384") && both[0].contains("768") && both[0].contains("big"))
        #expect(both[1].contains("Cosine") && both[1].contains("Dot"))
        let other = EmbeddingContract(model: "m", vector: "body").violations(by: named)
        #expect(other.count == 1 && other[0].contains("'body'") && other[0].contains("'text', 'title'"))
        #expect(EmbeddingContract(model: "m").violations(by: named).first?.contains("names no vector") == true)
        #expect(EmbeddingContract(model: "m", vector: "words").violations(by: named).count == 1, "sparse has no model")
        #expect(EmbeddingContract(model: "m").violations(by: []).first?.contains("no dense vectors") == true)
    }

    @Test("tells what changed from one to another")
    func changes() {
        let old = EmbeddingContract(model: "a", revision: "1", dimension: 384, distance: .cosine)
        let new = EmbeddingContract(model: "b", dimension: 384, distance: .dot, chunking: "by page")
        #expect(
            EmbeddingContract.changes(from: old, to: new) == [
                "the model changed from a to b", "the revision changed from 1 to none stated",
                "the distance changed from Cosine to Dot", "the chunking changed from none stated to by page",
            ]
        )
        #expect(EmbeddingContract.changes(from: old, to: old).isEmpty)
        #expect(EmbeddingContract.changes(from: nil, to: nil).isEmpty)
        #expect(EmbeddingContract.changes(from: nil, to: new).first?.contains("was added") == true)
        #expect(EmbeddingContract.changes(from: old, to: nil).first?.contains("was removed") == true)
    }

    @Test("is compared again after a restore: new violations are differences, known ones and another model remarks")
    func afterRestore() {
        let contract = EmbeddingContract(model: "m", dimension: 768)
        let violations = contract.violations(by: unnamed)
        let fresh = EmbeddingCheck(EmbeddingRecord(contract: contract, violations: []), configured: contract)
        #expect(fresh.findings(unnamed).differences == violations && fresh.findings(unnamed).warnings.isEmpty)
        let known = EmbeddingCheck(EmbeddingRecord(contract: contract, violations: violations), configured: nil)
        #expect(known.findings(unnamed).differences.isEmpty && known.findings(unnamed).warnings.count == 1)
        let other = EmbeddingContract(model: "n", dimension: 384)
        let changed = EmbeddingCheck(
            EmbeddingRecord(contract: EmbeddingContract(model: "m", dimension: 384), violations: []),
            configured: other
        )
        #expect(changed.findings(unnamed).differences.isEmpty)
        #expect(changed.findings(unnamed).warnings.first?.contains("from m to n") == true)
        #expect(EmbeddingCheck(nil, configured: other).findings(unnamed) == ([], []))
    }
}
