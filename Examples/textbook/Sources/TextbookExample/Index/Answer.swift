public import QdrantClient

/// A passage that may answer a question.
public struct Answer: Sendable, Hashable {
    /// The id of its point.
    public var id: PointID
    /// The page's path below the textbook's folder.
    public var path: String
    /// The page's title.
    public var title: String
    /// The section's heading.
    public var heading: String
    /// The section's whole text, as Markdown.
    public var text: String
    /// The part of the section that speaks most of the question, as plain text on one line.
    public var excerpt: String
    /// How well it fits: larger is better. A sum of reciprocal ranks, so it says nothing about how sure the answer is.
    public var score: Double

    /// Makes an answer.
    public init(
        id: PointID,
        path: String,
        title: String,
        heading: String,
        text: String,
        excerpt: String,
        score: Double
    ) {
        self.id = id
        self.path = path
        self.title = title
        self.heading = heading
        self.text = text
        self.excerpt = excerpt
        self.score = score
    }

    /// Makes an answer of a point's payload; what the payload lacks is left empty.
    init(id: PointID, score: Double, payload: JSONObject, question: String) {
        func text(_ key: String) -> String { payload[key]?.stringValue ?? "" }
        self.init(
            id: id,
            path: text("path"),
            title: text("title"),
            heading: text("heading"),
            text: text("text"),
            excerpt: Excerpt.excerpt(of: text("text"), for: question),
            score: score
        )
    }
}
