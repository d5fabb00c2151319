/// Takes away what MDX adds to Markdown: `import` and `export` statements, JSX tags, expressions in braces.
///
/// What stands between tags stays, for it is text that the reader sees. Code, fenced or inline, is left as it is. Rules:
/// mdxjs.com, "What is MDX", sections "MDX syntax" and "ESM".
enum MDXMarkup {
    /// The longest tag or expression, in bytes. Longer ones are taken for text, so that a stray bracket costs little.
    static let byteLimit = 16 * 1024

    /// The lines without MDX; lines of which nothing is left are empty, one empty line stands for several.
    static func stripped(_ lines: [Substring]) -> ArraySlice<Substring> {
        var result: [Substring] = []
        var prose: [Substring] = []
        var fence = CodeFence()
        var isStatement = false
        func flush() {
            guard !prose.isEmpty else { return }
            let text = strippedProse(Array(prose.joined(separator: "\n").utf8))
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                let isEmpty = line.allSatisfy(\.isWhitespace)
                if isEmpty, result.last?.isEmpty ?? true { continue }
                result.append(isEmpty ? "" : line)
            }
            prose = []
        }
        for line in lines {
            if fence.contains(line) {
                flush()
                result.append(line)
                continue
            }
            // A statement stands at the start of a block and ends with the next empty line.
            let isEmpty = line.allSatisfy(\.isWhitespace)
            let isBlockStart = prose.last?.allSatisfy(\.isWhitespace) ?? true
            if isBlockStart, line.hasPrefix("import ") || line.hasPrefix("export ") { isStatement = true }
            if isEmpty { isStatement = false }
            if !isStatement { prose.append(line) }
        }
        flush()
        return result[...]
    }

    private static func strippedProse(_ text: [UInt8]) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            let end: Int
            switch text[position] {
            case UInt8(ascii: "\\"):
                end = min(position + 2, text.count)
                result += text[position..<end]
            case UInt8(ascii: "`"):
                end = codeEnd(in: text, from: position)
                result += text[position..<end]
            case UInt8(ascii: "<"):
                end = tagEnd(in: text, from: position) ?? position + 1
                if end == position + 1 { result.append(text[position]) }
            case UInt8(ascii: "{"):
                end = expressionEnd(in: text, from: position) ?? position + 1
                if end == position + 1 { result.append(text[position]) }
            default:
                end = position + 1
                result.append(text[position])
            }
            position = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Behind inline code that begins at `start`; behind its opening backticks when nothing closes them.
    private static func codeEnd(in text: [UInt8], from start: Int) -> Int {
        let backtick = UInt8(ascii: "`")
        let opening = text[start...].prefix { $0 == backtick }.count
        var position = start + opening
        while let next = text[position...].firstIndex(of: backtick) {
            let closing = text[next...].prefix { $0 == backtick }.count
            position = next + closing
            if closing == opening { return position }
        }
        return start + opening
    }

    /// Behind a tag that begins at `start`; `nil` when the bracket is only a less-than sign.
    private static func tagEnd(in text: [UInt8], from start: Int) -> Int? {
        let limit = min(text.count, start + byteLimit)
        var position = start + 1
        if position < limit, text[position] == UInt8(ascii: "/") { position += 1 }
        guard position < limit, isNameStart(text[position]) || text[position] == UInt8(ascii: ">") else { return nil }
        while position < limit {
            switch text[position] {
            case UInt8(ascii: ">"):
                return position + 1
            case let quote where quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"):
                guard let closing = text[(position + 1)..<limit].firstIndex(of: quote) else { return nil }
                position = closing + 1
            case UInt8(ascii: "{"):
                guard let end = expressionEnd(in: text, from: position) else { return nil }
                position = end
            default:
                position += 1
            }
        }
        return nil
    }

    /// Behind an expression whose brace is at `start`; `nil` when nothing closes it.
    private static func expressionEnd(in text: [UInt8], from start: Int) -> Int? {
        let limit = min(text.count, start + byteLimit)
        var depth = 0
        var position = start
        while position < limit {
            switch text[position] {
            case UInt8(ascii: "{"):
                depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return position + 1 }
            case UInt8(ascii: "/") where position + 1 < limit && text[position + 1] == UInt8(ascii: "*"):
                // A comment may hold an apostrophe that opens no string.
                position += 2
                while position + 1 < limit,
                    text[position] != UInt8(ascii: "*") || text[position + 1] != UInt8(ascii: "/")
                {
                    position += 1
                }
                position += 1
            case let quote where [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")].contains(quote):
                guard let closing = text[(position + 1)..<limit].firstIndex(of: quote) else { return nil }
                position = closing
            default:
                break
            }
            position += 1
        }
        return nil
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "$"):
            true
        default: false
        }
    }
}

/// Follows Markdown's fenced code from line to line (CommonMark 0.31, section 4.5).
struct CodeFence {
    private var opening: Substring?

    /// Whether this line is code or one of its fences. Call once per line, in order.
    mutating func contains(_ line: Substring) -> Bool {
        let text = line.drop { $0 == " " }
        guard line.count - text.count < 4, let mark = text.first, mark == "`" || mark == "~" else {
            return opening != nil
        }
        let fence = text.prefix { $0 == mark }
        let info = text.dropFirst(fence.count)
        if let opening {
            if mark == opening.first, fence.count >= opening.count, info.allSatisfy(\.isWhitespace) {
                self.opening = nil
            }
            return true
        }
        if fence.count >= 3, mark == "~" || !info.contains("`") { opening = fence }
        return opening != nil
    }
}
