public import QdrantClient

/// One section of a page: what becomes one point of the collection and one possible answer.
public struct Passage: Sendable, Hashable {
    /// The page's path below the textbook's folder.
    public var path: String
    /// The page's title.
    public var title: String
    /// The section's heading without its `#` marks; the page's title for text above the first heading.
    public var heading: String
    /// The section's Markdown without the heading; never empty.
    public var text: String
    /// Its place among the passages of its page, from 0.
    public var ordinal: Int
    /// How many passages before it on its page have the same heading; 0 nearly always.
    public var repetition: Int
    /// The digest of the page's whole file: see ``MDXPage/content``.
    public var content: String

    /// Makes a passage.
    public init(
        path: String,
        title: String,
        heading: String,
        text: String,
        ordinal: Int,
        repetition: Int = 0,
        content: String
    ) {
        self.path = path
        self.title = title
        self.heading = heading
        self.text = text
        self.ordinal = ordinal
        self.repetition = repetition
        self.content = content
    }

    /// The id of its point: it depends on path and heading alone, so that edited text replaces its older self, and a section
    /// that moves within its page stays the same point.
    public var id: PointID {
        let name = repetition == 0 ? "\(path)\n\(heading)" : "\(path)\n\(heading)\n\(repetition)"
        return .uuid(UniqueID(name: name, in: Self.namespace))
    }

    /// What is searched in: title and heading count like the text below them.
    var searchText: String { "\(title)\n\(heading)\n\(text)" }

    /// A UUID of version 4, drawn once for this textbook format.
    private static let namespace = UniqueID(high: 0x6B3E_91D4_5C0A_4F27, low: 0x9E58_D7A1_03BC_62F4)
}
