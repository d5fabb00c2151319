import Foundation
import TestSupport
import Testing

@testable import TextbookExample

@Suite("An MDX page")
struct MDXPageTests {
    @Test(
        "takes its title from the front matter, else from its first heading, else from its file name",
        arguments: [
            ("---\ntitle: Mars\nsidebar_position: 7\n---\n\n## Dust\n", "Mars"),
            ("---\ntitle: \"Stars: a life\"\n---\ntext", "Stars: a life"),
            ("---\ntitle: 'Moons'\n---\n# Other\ntext", "Moons"),
            ("\u{FEFF}---\r\ntitle: Venus\r\n---\r\ntext", "Venus"),
            ("# The Sun\n\ntext", "The Sun"),
            ("---\nposition: 1\n---\n\n# Comets \n\ntext", "Comets"),
            ("---\ntitle: cut off\n\ntext", "mars"),
            ("text", "mars"),
            ("", "mars"),
        ]
    )
    func title(source: String, title: String) {
        #expect(MDXPage(path: "planets/mars.mdx", source: source).title == title)
    }

    @Test(
        "loses what only MDX has, and keeps every word that a reader sees",
        arguments: [
            ("<Note>Sols are counted.</Note>", "Sols are counted."),
            ("<Warning>\n\nNever look.\n\n</Warning>\nEnd", "Never look.\n\nEnd"),
            ("a <Card\n  title=\"x > y\"\n  size={{ a: '}' }}\n/>b", "a b"),
            ("<>both</>", "both"),
            ("import A from './a'\nimport B from './b'\n\nText", "Text"),
            ("Trade is\nimport and export of goods", "Trade is\nimport and export of goods"),
            ("export const a = {\n  b: 1\n}\n\nText", "Text"),
            ("Now {1 + {a: 2}.a} and {/* it's a comment } */}then", "Now  and then"),
            ("if x < 3 and y > 2", "if x < 3 and y > 2"),
            ("a <b and no end", "a <b and no end"),
            ("an open { brace", "an open { brace"),
            ("escaped \\{braces} and \\<b>", "escaped \\{braces} and \\<b>"),
            ("`<Tag>` and ``{a ` b}``", "`<Tag>` and ``{a ` b}``"),
            ("an open ` tick <B/>here", "an open ` tick here"),
            ("```mdx\nimport A\n\n\n<Tag>{a}</Tag>\n```\n<Tag>b</Tag>", "```mdx\nimport A\n\n\n<Tag>{a}</Tag>\n```\nb"),
            ("~~~\n```\n<A/>\n~~~\n<A/>c", "~~~\n```\n<A/>\n~~~\nc"),
            ("Äther <Note>über</Note> 10⁸", "Äther über 10⁸"),
        ]
    )
    func markup(source: String, text: String) {
        #expect(MDXPage(path: "a.mdx", source: source).body == text)
    }

    @Test("reads line ends of either kind alike")
    func lineEnds() {
        let source = "---\ntitle: A\n---\n\n## B\n\nText\nmore\n\n### C\nEnd"
        let page = MDXPage(path: "a.mdx", source: source)
        let other = MDXPage(
            path: "a.mdx",
            source: source.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        )
        #expect(other.title == page.title)
        #expect(other.body == page.body)
        #expect(other.content != page.content)
    }

    @Test("is text, when a bracket is closed too far away to belong to it")
    func longTag() {
        let source = "<a" + String(repeating: " ", count: MDXMarkup.byteLimit) + ">b"
        #expect(MDXPage(path: "a.mdx", source: source).body == source)
    }
}

@Suite("A folder of pages")
struct MDXFolderTests {
    @Test("is read in the order of the bytes of the paths, without other and hidden files")
    func order() async throws {
        let files = ["b.mdx", "a/z.mdx", "a/Z.mdx", "a.mdx", "c.md", ".hidden/d.mdx", "a/.e.mdx"]
        try await TemporaryDirectory.with { folder in
            for file in files { try write(Data(file.utf8), to: file, in: folder) }
            let pages = try MDXPage.pages(in: folder.path)
            #expect(pages.map(\.path) == ["a.mdx", "a/Z.mdx", "a/z.mdx", "b.mdx"])
            #expect(pages.map(\.body) == pages.map(\.path))
        }
    }

    @Test("is refused when it is missing, has no page, or holds what is no text")
    func refusals() async throws {
        try await TemporaryDirectory.with { folder in
            try write(Data("a".utf8), to: "a.md", in: folder)
            #expect(code { _ = try MDXPage.pages(in: folder.path) } == .noPages)
            #expect(code { _ = try MDXPage.pages(in: folder.path("missing")) } == .folderUnreadable)
            #expect(code { _ = try MDXPage.page(at: "missing.mdx", in: folder.path) } == .pageUnreadable)
            try write(Data([0x23, 0xFF, 0xFE]), to: "b.mdx", in: folder)
            #expect(code { _ = try MDXPage.pages(in: folder.path) } == .notUTF8)
            try write(Data(repeating: 0x20, count: MDXPage.byteLimit + 1), to: "b.mdx", in: folder)
            #expect(code { _ = try MDXPage.pages(in: folder.path) } == .pageTooLarge)
        }
    }

    private func code(_ body: () throws -> Void) -> TextbookError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? TextbookError)?.code
        }
    }

    private func write(_ data: Data, to path: String, in folder: TemporaryDirectory) throws {
        let file = URL(fileURLWithPath: folder.path(path))
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try data.write(to: file)
    }
}
