internal import Crypto

/// One page of a textbook, reduced to what a reader sees: Markdown without front matter, JSX and module statements.
public struct MDXPage: Sendable, Hashable {
    /// The longest page that is read, in bytes.
    public static let byteLimit = 4 * 1024 * 1024

    /// Where it lies below the textbook's folder, with `/` between folders.
    public var path: String
    /// The title of its front matter; without one its `#` heading, without that its file name.
    public var title: String
    /// Its text as Markdown, with LF line ends.
    public var body: String
    /// The SHA-256 of the whole file, front matter included, in lower-case hexadecimal: what `sha256sum` prints. Tells
    /// whether a page is still the one that was indexed.
    public var content: String

    /// Makes a page that has been read elsewhere.
    ///
    /// - Parameter content: the digest of its file; `nil` takes that of `body`.
    public init(path: String, title: String, body: String, content: String? = nil) {
        self.path = path
        self.title = title
        self.body = body
        self.content = content ?? Self.digest(of: body)
    }

    /// Reads a page. Pure, and never fails: what is not MDX is taken for text.
    ///
    /// - Parameters:
    ///   - path: where it lies below the textbook's folder.
    ///   - source: the whole file.
    public init(path: String, source: String) {
        let content = Self.digest(of: source)
        let source = source.hasPrefix("\u{FEFF}") ? source.dropFirst() : source[...]
        // "\r\n" is one character in Swift, and not equal to "\n".
        var lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }[...]
        let frontMatter = Self.takeFrontMatter(from: &lines)
        lines = MDXMarkup.stripped(Array(lines)).drop { $0.allSatisfy(\.isWhitespace) }

        var title = Self.value(of: "title", in: frontMatter)
        if let heading = lines.first, heading.hasPrefix("# ") {
            title = title ?? Self.trimmed(heading.dropFirst(2))
            lines.removeFirst()
        }
        self.init(
            path: path,
            title: title ?? Self.fileName(path),
            body: lines.joined(separator: "\n"),
            content: content
        )
    }

    private static func digest(of text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).reduce(into: "") { text, byte in
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
    }

    /// Takes the lines between two `---`, the first of which begins the file; none when the second is missing.
    private static func takeFrontMatter(from lines: inout ArraySlice<Substring>) -> ArraySlice<Substring> {
        guard let first = lines.first, trimmed(first) == "---",
            let end = lines.dropFirst().firstIndex(where: { trimmed($0) == "---" })
        else { return [] }
        defer { lines = lines[(end + 1)...] }
        return lines[(lines.startIndex + 1)..<end]
    }

    /// A plain or quoted scalar at the top level of the front matter, which is all of YAML that a title needs.
    private static func value(of key: String, in frontMatter: ArraySlice<Substring>) -> String? {
        guard let line = frontMatter.first(where: { $0.hasPrefix(key + ":") }) else { return nil }
        var value = trimmed(line.dropFirst(key.count + 1))
        for quote in ["\"", "'"] where value.count > 1 && value.hasPrefix(quote) && value.hasSuffix(quote) {
            value = String(value.dropFirst().dropLast())
            break
        }
        return value.isEmpty ? nil : value
    }

    private static func fileName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".mdx") ? String(name.dropLast(4)) : name
    }

    static func trimmed(_ text: some StringProtocol) -> String {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
        return String(text[start..<end])
    }
}
