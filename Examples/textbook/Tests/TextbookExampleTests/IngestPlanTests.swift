import QdrantClient
import TestSupport
import Testing

@testable import TextbookExample

@Suite("An ingestion's plan")
struct IngestPlanTests {
    private let mars = MDXPage(path: "mars.mdx", source: "## Dust\n\nRed.\n\n## Ice\n\nWhite.\n")
    private let moon = MDXPage(path: "moon.mdx", source: "## Craters\n\nRound.\n")

    @Test("leaves a page alone that is indexed as it is now")
    func unchanged() {
        let plan = IngestPlan([mars, moon], indexed(mars, moon), isWhole: true)
        #expect(plan.passages.isEmpty)
        #expect(plan.stalePoints.isEmpty)
        #expect(plan.summary.unchangedPages == 2)
    }

    @Test("writes a page again that changed, lost a point, or was indexed before digests were kept")
    func changed() throws {
        let edited = MDXPage(path: "mars.mdx", source: "## Dust\n\nVery red.\n\n## Ice\n\nWhite.\n")
        var damaged = indexed(mars, moon)
        damaged.pages["mars.mdx"]?.removeValue(forKey: try #require(TextbookChunker.passages(of: mars).first).id)
        var old = indexed(mars, moon)
        old.pages["mars.mdx"] = old.pages["mars.mdx"]?.mapValues { _ in "" }
        for (page, indexed) in [(edited, indexed(mars, moon)), (mars, damaged), (mars, old)] {
            let plan = IngestPlan([page, moon], indexed, isWhole: true)
            #expect(plan.passages == TextbookChunker.passages(of: page))
            #expect(plan.stalePoints.isEmpty)
            #expect((plan.summary.changedPages, plan.summary.unchangedPages) == (1, 1))
        }
    }

    @Test("deletes what a changed page has no more, and what gone pages had only when it has seen all pages")
    func stale() throws {
        let shorter = MDXPage(path: "mars.mdx", source: "## Dust\n\nRed.\n")
        let ice = try #require(TextbookChunker.passages(of: mars).last).id
        let craters = try #require(TextbookChunker.passages(of: moon).last).id
        let part = IngestPlan([shorter], indexed(mars, moon), isWhole: false)
        #expect(part.stalePoints == [ice])
        #expect(part.summary.removedPages == 0)
        let whole = IngestPlan([shorter], indexed(mars, moon), isWhole: true)
        #expect(whole.stalePoints == [ice, craters].sorted())
        #expect(whole.summary.removedPages == 1)
        #expect(whole.summary.deletedPassages == 2)
    }

    @Test("digests are those of sha256sum")
    func digest() {
        // printf abc | sha256sum
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(MDXPage(path: "a.mdx", source: "abc").content == digest)
    }

    @Test("lineage names what has no counterpart")
    func lineage() throws {
        var indexed = indexed(moon)
        indexed.pages["gone.mdx"] = [7: "d", 8: "d"]
        indexed.pointsWithoutPath = 1
        let edited = MDXPage(path: "moon.mdx", source: "## Craters\n\nOld.\n")
        let empty = MDXPage(path: "empty.mdx", source: "")
        let lineage = PageLineage(pages: [mars, edited, empty], indexed: indexed)
        #expect((lineage.documentCount, lineage.documentsWithPoints) == (3, 2))
        #expect(lineage.documentsWithoutPoints == ["mars.mdx"])
        #expect(lineage.outdatedDocuments == ["moon.mdx"])
        #expect(lineage.pathsWithoutDocument == ["gone.mdx"])
        #expect(lineage.pointsWithoutDocument == 3)
    }

    private func indexed(_ pages: MDXPage...) -> IndexedPages {
        var indexed = IndexedPages()
        for page in pages {
            for passage in TextbookChunker.passages(of: page) {
                indexed.add(PointRecord(id: passage.id, payload: passage.point.payload))
            }
        }
        return indexed
    }
}
