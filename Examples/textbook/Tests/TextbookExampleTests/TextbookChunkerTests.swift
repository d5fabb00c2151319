import QdrantClient
import Testing

@testable import TextbookExample

@Suite("The chunker")
struct TextbookChunkerTests {
    @Test("cuts at headings of the second and third level, and nowhere else")
    func headings() {
        let body =
            "Above\n\n## One ##\n\nFirst\n#### Small\n\n##Not\n### Two #2\n```\n## Code\n```\n## Empty\n\n## C#\nLast"
        let passages = TextbookChunker.passages(of: MDXPage(path: "a.mdx", title: "Page", body: body))
        #expect(passages.map(\.heading) == ["Page", "One", "Two #2", "C#"])
        #expect(passages.map(\.text) == ["Above", "First\n#### Small\n\n##Not", "```\n## Code\n```", "Last"])
        #expect(passages.map(\.ordinal) == [0, 1, 2, 3])
        #expect(passages.allSatisfy { $0.path == "a.mdx" && $0.title == "Page" })
    }

    @Test("gives sections of the same heading ids of their own")
    func repeatedHeadings() {
        let page = MDXPage(path: "a.mdx", title: "Page", body: "## A\n1\n## B\n2\n## A\n3\n## A\n4")
        let passages = TextbookChunker.passages(of: page)
        #expect(passages.map(\.repetition) == [0, 0, 1, 2])
        #expect(Set(passages.map(\.id)).count == 4)
    }

    @Test("gives nothing for a page without text", arguments: ["", "\n\n", "## A\n\n## B\n"])
    func emptyPage(body: String) {
        #expect(TextbookChunker.passages(of: MDXPage(path: "a.mdx", title: "Page", body: body)).isEmpty)
    }
}

@Suite("A passage's id")
struct PassageIDTests {
    @Test("is a name-based UUID: the example of RFC 9562, appendix A.4")
    func nameBased() throws {
        let dns = try #require(UniqueID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
        #expect(UniqueID(name: "www.example.com", in: dns).description == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
    }

    @Test("depends on path and heading only")
    func stability() {
        let passage = Passage(path: "a.mdx", title: "A", heading: "H", text: "old", ordinal: 1, content: "d1")
        var other = Passage(path: "a.mdx", title: "B", heading: "H", text: "new", ordinal: 5, content: "d2")
        #expect(other.id == passage.id)
        other.heading = "I"
        #expect(other.id != passage.id)
        other = passage
        other.path = "b.mdx"
        #expect(other.id != passage.id)
    }
}

@Suite("The shipped textbook")
struct ShippedTextbookTests {
    @Test("has 39 pages and 506 passages")
    func count() throws {
        let pages = try Textbook.pages()
        #expect(pages.count == 39)
        #expect(TextbookChunker.passages(of: pages).count == 506)
    }

    @Test(
        "is cut page by page as its headings say",
        arguments: [("index.mdx", 10), ("02-solar-system/mars.mdx", 14), ("glossary.mdx", 13)]
    )
    func pageCount(path: String, count: Int) throws {
        let page = try MDXPage.page(at: path, in: Textbook.docs)
        let passages = TextbookChunker.passages(of: page)
        #expect(passages.count == count)
        #expect(passages.allSatisfy { $0.path == path && $0.title == page.title })
    }

    @Test("keeps the words of components and drops their tags")
    func components() throws {
        let passages = TextbookChunker.passages(of: try MDXPage.page(at: "02-solar-system/mars.mdx", in: Textbook.docs))
        let passage = try #require(passages.first { $0.heading == "Days and seasons on Mars" })
        #expect(passage.title == "Mars")
        #expect(
            passage.text.hasSuffix(
                "\n\nMission teams count sols from the landing, so that each rover has a calendar of its own."
            )
        )
    }

    @Test("has an id of its own for every passage, the same for ever")
    func ids() throws {
        let passages = TextbookChunker.passages(of: try Textbook.pages())
        #expect(Set(passages.map(\.id)).count == passages.count)
        let first = try #require(passages.first { $0.path == "02-solar-system/mars.mdx" })
        #expect(first.id.description == "c001649a-76c1-5491-a758-6c14ca4f610a")
    }

    @Test("has the sections that its questions name, before and after the edits")
    func sources() throws {
        for pages in [try Textbook.pages(), try Textbook.changedPages()] {
            let sections = Set(TextbookChunker.passages(of: pages).map(\.source))
            for question in try Textbook.questions() {
                #expect(question.sources.isSubset(of: sections), "\(question.id)")
            }
        }
    }

    @Test("differs after the edits in one passage less and two others")
    func changes() throws {
        let before = TextbookChunker.passages(of: try Textbook.pages())
        let after = TextbookChunker.passages(of: try Textbook.changedPages())
        #expect(after.count == 505)
        let texts = Dictionary(uniqueKeysWithValues: before.map { ($0.id, $0.text) })
        #expect(
            after.filter { texts[$0.id] != $0.text }.map(\.heading).sorted() == [
                "Choosing a first telescope", "Thin air",
            ]
        )
        #expect(Set(before.map(\.id)).subtracting(after.map(\.id)).count == 1)
    }
}
