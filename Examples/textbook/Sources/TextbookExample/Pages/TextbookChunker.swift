/// Cuts pages into passages at their `##` and `###` headings.
public enum TextbookChunker {
    /// The passages of a page, in order.
    ///
    /// A passage is a heading and everything up to the next one. Headings without text of their own give none; text above
    /// the first heading gives one that bears the page's title. Headings inside fenced code are code.
    public static func passages(of page: MDXPage) -> [Passage] {
        var passages: [Passage] = []
        var repetitions: [String: Int] = [:]
        for section in sections(of: page.body) {
            let text = MDXPage.trimmed(section.lines.joined(separator: "\n"))
            guard !text.isEmpty else { continue }
            let heading = section.heading ?? page.title
            passages.append(
                Passage(
                    path: page.path,
                    title: page.title,
                    heading: heading,
                    text: text,
                    ordinal: passages.count,
                    repetition: repetitions[heading, default: 0],
                    content: page.content
                )
            )
            repetitions[heading, default: 0] += 1
        }
        return passages
    }

    /// The passages of all pages, in order.
    public static func passages(of pages: [MDXPage]) -> [Passage] {
        pages.flatMap { passages(of: $0) }
    }

    private struct Section {
        var heading: String?
        var lines: [Substring] = []
    }

    private static func sections(of body: String) -> [Section] {
        var sections = [Section()]
        var fence = CodeFence()
        for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
            if !fence.contains(line), let heading = heading(line) {
                sections.append(Section(heading: heading))
            } else {
                sections[sections.count - 1].lines.append(line)
            }
        }
        return sections
    }

    private static func heading(_ line: Substring) -> String? {
        guard line.hasPrefix("## ") || line.hasPrefix("### ") else { return nil }
        var text = MDXPage.trimmed(line.drop { $0 == "#" })
        // Markdown allows marks behind a heading too, if white space parts them from it.
        let withoutMarks = text.prefix(
            upTo: text.lastIndex { $0 != "#" }.map { text.index(after: $0) } ?? text.startIndex
        )
        if withoutMarks.last?.isWhitespace ?? true { text = MDXPage.trimmed(withoutMarks) }
        return text
    }
}
