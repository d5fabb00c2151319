public import QdrantClient

/// Which pages a collection holds, and from which state of them it was made.
public struct IndexedPages: Sendable, Hashable {
    /// The points of each page by its path, each with the digest of the page it was made of; empty when it has none.
    public var pages: [String: [PointID: String]]
    /// How many points name no page.
    public var pointsWithoutPath: Int

    /// Makes a list.
    public init(pages: [String: [PointID: String]] = [:], pointsWithoutPath: Int = 0) {
        self.pages = pages
        self.pointsWithoutPath = pointsWithoutPath
    }

    mutating func add(_ record: PointRecord) {
        guard let path = record.payload?["path"]?.stringValue else {
            pointsWithoutPath += 1
            return
        }
        pages[path, default: [:]][record.id] = record.payload?["content"]?.stringValue ?? ""
    }
}

extension TextbookIndex {
    /// Reads which pages the collection holds: ids and digests of all points, no text and no vectors.
    ///
    /// - Parameter paths: only these; `nil` is all.
    public func indexedPages(_ paths: [String]? = nil) async throws -> IndexedPages {
        var indexed = IndexedPages()
        let filters: [JSONValue?] =
            if let paths {
                stride(from: 0, to: paths.count, by: Self.pageBatchSize).map {
                    Self.filter(pages: Array(paths[$0..<min($0 + Self.pageBatchSize, paths.count)]))
                }
            } else {
                [nil]
            }
        for filter in filters {
            let scroll = ScrollRequest(limit: 1000, filter: filter, payload: .only(["path", "content"]))
            for try await page in client.scrollPages(scroll, in: collection) {
                for record in page { indexed.add(record) }
            }
        }
        return indexed
    }
}

/// How the pages of a folder and the points of a collection stand to each other.
public struct PageLineage: Sendable, Hashable {
    /// How many pages there are.
    public var documentCount: Int
    /// How many of them have points.
    public var documentsWithPoints: Int
    /// Pages that have no point and should have one, by path.
    public var documentsWithoutPoints: [String]
    /// Pages whose points were made of another text, or of which points are missing or too many, by path.
    public var outdatedDocuments: [String]
    /// Paths that points name and the folder does not have.
    public var pathsWithoutDocument: [String]
    /// How many points name such a path, or none.
    public var pointsWithoutDocument: Int

    /// Compares. Pages without text need no point and count as those that have some.
    public init(pages: [MDXPage], indexed: IndexedPages) {
        documentCount = pages.count
        documentsWithoutPoints = []
        outdatedDocuments = []
        for page in pages {
            let expected = TextbookChunker.passages(of: page)
            let points = indexed.pages[page.path] ?? [:]
            if points.isEmpty, !expected.isEmpty {
                documentsWithoutPoints.append(page.path)
            } else if !page.isIndexed(as: points, expected) {
                outdatedDocuments.append(page.path)
            }
        }
        documentsWithPoints = documentCount - documentsWithoutPoints.count
        let paths = Set(pages.map(\.path))
        pathsWithoutDocument = indexed.pages.keys.filter { !paths.contains($0) }.sorted()
        pointsWithoutDocument = pathsWithoutDocument.reduce(indexed.pointsWithoutPath) {
            $0 + (indexed.pages[$1]?.count ?? 0)
        }
    }
}

extension MDXPage {
    /// Whether the collection holds exactly this page's passages, made of the text that it has now.
    func isIndexed(as points: [PointID: String], _ passages: [Passage]) -> Bool {
        points.count == passages.count && passages.allSatisfy { points[$0.id] == content }
    }
}
