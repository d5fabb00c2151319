import QdrantClient
import Testing

import func Foundation.log

@testable import TextbookExample

@Suite("The ranking, computed in memory")
struct RankingTests {
    /// Of 24 questions, as the textbook's README counts them.
    static let leastAnswered = 22

    @Test("answers nearly every sample question from one of its sources", arguments: [false, true])
    func quality(isChanged: Bool) throws {
        let engine = MemoryEngine(
            TextbookChunker.passages(of: isChanged ? try Textbook.changedPages() : try Textbook.pages())
        )
        let questions = try Textbook.questions()
        #expect(questions.count == 24)
        var missed: [String] = []
        for question in questions {
            let answers = engine.ask(question.text)
            #expect(answers.count == 5)
            let isAnswered = answers.contains {
                question.sources.contains(Textbook.Question.Source(path: $0.path, heading: $0.heading))
            }
            if !isAnswered { missed.append("\(question.id): \(answers.map { "\($0.path) '\($0.heading)'" })") }
        }
        #expect(questions.count - missed.count >= Self.leastAnswered, "not answered: \(missed)")
    }
}

/// What the server computes for ``TextbookIndex``, by comparing with every passage.
struct MemoryEngine {
    private struct Entry {
        var record: PointRecord
        var dense: [Float]
        var sparse: [UInt32: Float]
    }

    private var entries: [Entry] = []
    private var frequencies: [UInt32: Int] = [:]

    init(_ passages: [Passage]) {
        for point in passages.map(\.point) {
            guard case .dense(let dense) = point.vectors[TextbookIndex.denseVectorName],
                case .sparse(let sparse) = point.vectors[TextbookIndex.sparseVectorName]
            else { continue }
            entries.append(
                Entry(
                    record: PointRecord(id: point.id, payload: point.payload),
                    dense: dense,
                    sparse: Dictionary(uniqueKeysWithValues: zip(sparse.indices, sparse.values))
                )
            )
            for index in sparse.indices { frequencies[index, default: 0] += 1 }
        }
    }

    func ask(_ question: String, limit: Int = 5) -> [Answer] {
        let dense = LocalEmbedding.vector(of: question)
        let sparse = SparseEncoder.questionVector(of: question)
        return TextbookIndex.answers(
            to: question,
            from: [best { cosine($0.dense, dense) }, best { score($0.sparse, sparse) }.filter { $0.score > 0 }],
            limit: limit
        )
    }

    private func best(_ score: (Entry) -> Float) -> [ScoredPoint] {
        let points = entries.map { ScoredPoint(record: $0.record, score: score($0), version: 0) }
        return Array(points.sorted { $0.score > $1.score }.prefix(TextbookIndex.candidateCount))
    }

    /// The dot product with Qdrant's `idf` modifier: ln((n − df + 0.5) / (df + 0.5) + 1).
    private func score(_ passage: [UInt32: Float], _ question: SparseVector) -> Float {
        zip(question.indices, question.values).reduce(0) { sum, component in
            guard let share = passage[component.0] else { return sum }
            let frequency = Double(frequencies[component.0] ?? 0)
            let rarity = log((Double(entries.count) - frequency + 0.5) / (frequency + 0.5) + 1)
            return sum + share * component.1 * Float(rarity)
        }
    }
}
