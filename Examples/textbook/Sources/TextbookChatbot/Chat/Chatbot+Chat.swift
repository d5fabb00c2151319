internal import Logging
internal import QdrantClient
internal import TextbookExample

extension Chatbot {
    /// The passages that answer a question best.
    func passages(_ question: String, limit: Int) async throws -> [Answer] {
        try await index.ask(question, limit: limit)
    }

    /// Answers in words: by the model when there is one and it does as told, with excerpts otherwise.
    func chat(_ question: String, limit: Int, logger: Logger) async throws -> ChatAnswer {
        let passages = try await passages(question, limit: limit)
        guard let model, !passages.isEmpty else { return .extractive(passages) }
        do {
            let (text, cited) = try await model.answer(question, from: passages)
            return ChatAnswer(
                text: cited.isEmpty ? "The passages that were found do not answer this." : text,
                mode: .model,
                sources: cited.map { ($0, passages[$0 - 1]) },
                modelName: model.settings.name
            )
        } catch let failure as ModelFailure {
            logger.warning("the model's answer is not used", metadata: ["code": "\(failure.reason.rawValue)"])
            return .extractive(passages, fallback: failure)
        }
    }
}
