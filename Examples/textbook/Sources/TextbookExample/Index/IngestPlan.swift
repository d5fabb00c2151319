internal import QdrantClient

/// What an ingestion would change. Pure: a page whose points are all there and were made of the text it has now costs
/// nothing.
struct IngestPlan: Sendable {
    /// The passages to be encoded and written: all those of new and changed pages.
    var passages: [Passage] = []
    /// The points to be deleted afterwards.
    var stalePoints: [PointID] = []
    /// The counts, as they will be when the plan has been carried out.
    var summary: IngestSummary

    /// Compares pages with what a collection holds.
    ///
    /// - Parameter isWhole: whether the pages are all there are. Points of other pages are stale then; points that name no
    ///   page are somebody else's and stay.
    /// - Parameter removed: paths of pages that are known to be gone; those that are among the pages are not.
    init(_ pages: [MDXPage], _ indexed: IndexedPages, isWhole: Bool, removed: [String] = []) {
        summary = IngestSummary(pageCount: pages.count, passageCount: 0)
        for page in pages {
            let expected = TextbookChunker.passages(of: page)
            let points = indexed.pages[page.path] ?? [:]
            summary.passageCount += expected.count
            if page.isIndexed(as: points, expected) {
                summary.unchangedPages += 1
                continue
            }
            if points.isEmpty { summary.addedPages += 1 } else { summary.changedPages += 1 }
            passages += expected
            let ids = Set(expected.map(\.id))
            stalePoints += points.keys.filter { !ids.contains($0) }
        }
        let paths = Set(pages.map(\.path))
        let gone = isWhole ? Set(indexed.pages.keys) : Set(removed)
        for path in gone.subtracting(paths) {
            guard let points = indexed.pages[path] else { continue }
            summary.removedPages += 1
            stalePoints += points.keys
        }
        stalePoints.sort()
        summary.writtenPassages = passages.count
        summary.deletedPassages = stalePoints.count
    }
}

/// What an ingestion read and changed.
public struct IngestSummary: Sendable, Hashable {
    /// How many pages were read.
    public var pageCount: Int
    /// How many passages these have.
    public var passageCount: Int
    /// How many of the pages had no point before.
    public var addedPages = 0
    /// How many had other points than they should.
    public var changedPages = 0
    /// How many were left as they are.
    public var unchangedPages = 0
    /// How many pages that are no longer there lost their points.
    public var removedPages = 0
    /// How many passages were encoded and written.
    public var writtenPassages = 0
    /// How many points were deleted.
    public var deletedPassages = 0

    /// Makes a summary.
    public init(pageCount: Int, passageCount: Int) {
        self.pageCount = pageCount
        self.passageCount = passageCount
    }
}
