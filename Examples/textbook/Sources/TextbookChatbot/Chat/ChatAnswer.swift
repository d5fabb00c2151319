internal import QdrantClient
internal import TextbookExample

/// An answer in words, with the passages it stands on.
struct ChatAnswer: Sendable {
    enum Mode: String, Sendable {
        /// Made of sentences of the passages.
        case extractive
        /// Written by a model.
        case model
    }

    var text: String
    var mode: Mode
    /// The passages that the text cites, with the numbers it gives them.
    var sources: [(number: Int, passage: Answer)]
    /// The model's name, when it wrote the text.
    var modelName: String?
    /// Why a model that is configured did not write it.
    var fallback: ModelFailure?

    /// An answer of excerpts: the three best passages are quoted, the others named.
    static func extractive(_ passages: [Answer], fallback: ModelFailure? = nil) -> ChatAnswer {
        let numbered = passages.enumerated().map { (number: $0.offset + 1, passage: $0.element) }
        guard !numbered.isEmpty else {
            return ChatAnswer(
                text: "The textbook has no passage on this.",
                mode: .extractive,
                sources: [],
                fallback: fallback
            )
        }
        var text = numbered.prefix(3).map { "\($0.passage.excerpt) [\($0.number)]" }.joined(separator: "\n\n")
        let others = numbered.dropFirst(3).map { "[\($0.number)]" }
        if !others.isEmpty { text += "\n\nSee also \(others.joined(separator: " "))." }
        return ChatAnswer(text: text, mode: .extractive, sources: numbered, fallback: fallback)
    }

    var json: JSONObject {
        var json: JSONObject = ["answer": .string(text), "mode": .string(mode.rawValue)]
        json["model"] = modelName.map { .string($0) }
        if let fallback {
            json["fallback"] = ["code": .string(fallback.reason.rawValue), "message": .string(fallback.message)]
        }
        json["sources"] = .array(
            sources.map { source in
                var json: JSONObject = ["number": .number(source.number)]
                for member in source.passage.json.members where member.key != "text" { json[member.key] = member.value }
                return .object(json)
            }
        )
        return json
    }
}

extension Answer {
    /// The passage as answers show it.
    var json: JSONObject {
        [
            "id": id.json, "path": .string(path), "title": .string(title), "heading": .string(heading),
            "score": .double(score), "excerpt": .string(excerpt), "text": .string(text),
        ]
    }
}
