/// Markdown reduced to its words, for search and for excerpts.
enum MarkdownText {
    /// The text without emphasis, code and heading marks, list bullets, table rules and link targets, on one line.
    static func plain(_ markdown: String) -> String {
        let lines = markdown.split(separator: "\n").filter { !isTableRule($0) }.map(withoutBlockMarks)
        var words: [Substring] = []
        for line in lines {
            words += withoutInlineMarks(line).split(whereSeparator: \.isWhitespace).map { Substring($0) }
        }
        return words.joined(separator: " ")
    }

    private static func isTableRule(_ line: Substring) -> Bool {
        line.contains("-") && line.allSatisfy { "|:- \t".contains($0) }
    }

    private static func withoutBlockMarks(_ line: Substring) -> Substring {
        var text = line.drop(while: \.isWhitespace)
        while text.hasPrefix(">") { text = text.dropFirst().drop(while: \.isWhitespace) }
        for bullet in ["- ", "* ", "+ "] where text.hasPrefix(bullet) { return text.dropFirst(bullet.count) }
        let withoutHashes = text.drop { $0 == "#" }
        return withoutHashes.first == " " ? withoutHashes.dropFirst() : text
    }

    private static func withoutInlineMarks(_ line: Substring) -> String {
        var result = ""
        var rest = line
        while let character = rest.popFirst() {
            switch character {
            case "\\":
                if let escaped = rest.popFirst() { result.append(escaped) }
            case "*", "`", "[":
                break
            case "!" where rest.first == "[":
                break
            case "|":
                result.append(" ")
            case "]":
                if rest.first == "(", let end = rest.firstIndex(of: ")") { rest = rest[rest.index(after: end)...] }
            default:
                result.append(character)
            }
        }
        return result
    }
}
