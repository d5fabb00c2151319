internal import Foundation
internal import Recovery

/// One of the textbook's sample questions, with the passages that answer it.
struct DemoQuestion: Decodable, Sendable {
    /// A passage, by its page and heading.
    struct Source: Codable, Sendable, Hashable {
        let path: String
        let heading: String
    }
    let id: String
    let question: String
    let sources: [Source]

    static func load(_ id: String, from file: String) throws -> DemoQuestion {
        let questions = try JSONDecoder().decode([DemoQuestion].self, from: Data(contentsOf: URL(filePath: file)))
        guard let found = questions.first(where: { $0.id == id }) else {
            throw RecoveryError(.notConfigured, "\(file) holds no question '\(id)'")
        }
        return found
    }

    /// About the page that `Examples/textbook/additions` holds.
    static let aboutNewPage = DemoQuestion(
        id: "noctilucent-clouds",
        question: "When can noctilucent clouds be seen?",
        sources: [
            Source(path: "06-observing/noctilucent-clouds.mdx", heading: "When noctilucent clouds can be seen")
        ]
    )
}
