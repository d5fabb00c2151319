import Recovery
import TestSupport
import Testing

@Suite("What is not a configuration's YAML")
struct ConfigurationSyntaxTests {
    struct Text: Sendable, CustomTestStringConvertible {
        var lines: String
        var code: ConfigurationDiagnostic.Code
        var line: Int
        var column: Int
        var testDescription: String { String(lines.prefix(60)) }

        init(_ lines: String, _ code: ConfigurationDiagnostic.Code, _ line: Int, _ column: Int) {
            (self.lines, self.code, self.line, self.column) = (lines, code, line, column)
        }
    }

    static let texts: [Text] = [
        Text("version: 1\nsystem: &x a\n", .unsupportedSyntax, 2, 9),
        Text("version: 1\nsystem: *x\n", .unsupportedSyntax, 2, 9),
        Text("version: 1\ninclude:\n  - **/*.mdx\n", .unsupportedSyntax, 3, 5),
        Text("a: !!str x\n", .unsupportedSyntax, 1, 4),
        Text("a: [b, !c]\n", .unsupportedSyntax, 1, 8),
        Text("<<: *x\n", .unsupportedSyntax, 1, 5),
        Text("%YAML 1.1\n---\na: b\n", .unsupportedSyntax, 1, 1),
        Text("a:\n\tb: c\n", .unsupportedSyntax, 2, 1),
        Text("a:\n  \tb: c\n", .unsupportedSyntax, 2, 3),
        Text("a: b\u{7}c\n", .unsupportedSyntax, 1, 5),
        Text("a: b\u{0}\n", .unsupportedSyntax, 1, 5),
        Text("? [a, b]\n: c\n", .unsupportedSyntax, 1, 3),
        Text("a: " + String(repeating: "[", count: 40), .tooDeep, 1, 20),
        Text(String(repeating: "- ", count: 500) + "a", .tooDeep, 1, 131),
        Text("a: 'b\n", .syntax, 1, 4),
        Text("a: \"b\nc: d\n", .syntax, 1, 4),
        Text("a: [b, c\nd: e\n", .syntax, 1, 4),
        Text("a: b: c\n", .syntax, 1, 5),
        Text("a: b\n c: d\n", .syntax, 2, 3),
        Text("a:\n  - b\n  c: d\n", .syntax, 3, 3),
        Text("a: @b\n", .syntax, 1, 4),
        Text("a: b\n---\nc: d\n", .syntax, 2, 1),
        Text("just text\n", .wrongType, 1, 1),
        Text("- a\n- b\n", .wrongType, 1, 1),
    ]

    @Test("is refused with its place and a way out", arguments: ConfigurationSyntaxTests.texts)
    func refused(_ text: Text) throws {
        let found = try findings(text.lines)
        let finding = try #require(found.first { $0.code == text.code })
        #expect(finding.line == text.line)
        #expect(finding.column == text.column)
        #expect(finding.suggestion != nil)
    }

    @Test("includes all anchors, aliases and tabs of a file at once")
    func several() throws {
        let found = try findings("a: &x 1\nb: *x\n\tc: !t 2\n# &no\nd: \"*no\"\ne: x & *no\n")
        #expect(found.map(\.line) == [1, 2, 3, 3])
    }

    @Test("can be written harmlessly in quotes, comments and block text")
    func harmless() throws {
        let found = try findings(
            """
            version: 1 # &a *b !c
            repository: {location: './*b', password: 'env:A'}   # [[[[[[
            system: >-
              *not & an !alias
                [[[[[[[[[[[[[[[[[[[[
            documents:
              - path: "&docs \\" *x"
                name: 'it''s *this'
            """
        )
        // The names are wrong, the YAML is not.
        #expect(found.map(\.code) == [.invalidValue, .invalidValue])
        #expect(found.map(\.line) == [3, 8])
    }

    @Test("cannot be made to stand for more than it is: a quotation mark does not hide an alias")
    func hiddenAlias() throws {
        let found = try findings("a: text\n  \"goes on\nb: &x [1]\nc: *x\n")
        #expect(found.contains { $0.code == .unsupportedSyntax && $0.line == 3 })
        #expect(found.contains { $0.code == .unsupportedSyntax && $0.line == 4 })
    }

    @Test("never stops the reader, whatever the text", arguments: 0..<20 as Range<UInt64>)
    func anyText(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "version: 1\n", "repository:", "password", ": ", "- ", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ",",
            "\"", "'", "|\n", ">\n",
            "#", "?", "~", "é", "a", "1", "env:X", "\t", "qdrant:\n  url: ", "documents:\n  - path: x", "\r\n", "\\",
        ]
        for _ in 0..<150 {
            let text = (0..<Int.random(in: 1...25, using: &random)).map { _ in
                pieces[Int.random(in: pieces.indices, using: &random)]
            }
            .joined()
            do {
                _ = try parse(text)
            } catch let error as ConfigurationError {
                for finding in error.diagnostics
                where finding.line < 1 || finding.column < 1 || finding.rendered.isEmpty {
                    Issue.record("seed \(seed): \(text.debugDescription) gives \(finding)")
                }
            } catch {
                Issue.record("seed \(seed): \(text.debugDescription) throws \(error)")
            }
        }
    }
}
