public import QdrantClient

/// What an ingestion wrote.
public struct IngestSummary: Sendable, Hashable {
    /// How many pages were read.
    public var pageCount: Int
    /// How many passages were written.
    public var passageCount: Int

    /// Makes a summary.
    public init(pageCount: Int, passageCount: Int) {
        self.pageCount = pageCount
        self.passageCount = passageCount
    }
}

extension TextbookIndex {
    /// Brings the collection in step with a folder: afterwards it holds the passages of the folder's pages and no others.
    ///
    /// Doing it again changes nothing, so an ingestion that was broken off is simply repeated.
    ///
    /// - Throws: ``TextbookError`` when the folder or a page cannot be read, in which case nothing was changed;
    ///   `QdrantError`.
    @discardableResult
    public func ingest(folder: String) async throws -> IngestSummary {
        let pages = try MDXPage.pages(in: folder)
        let passages = TextbookChunker.passages(of: pages)
        guard !passages.isEmpty else {
            // An empty textbook is more likely a mistake than a wish to empty the collection.
            throw TextbookError(
                .noPages,
                "the pages in '\(folder)' hold no text",
                hint: "Check that this is the textbook's folder."
            )
        }
        let summary = try await ingest(pages)
        try await client.deletePoints(.filter(Self.filter(otherThanPages: pages.map(\.path))), in: collection)
        return summary
    }

    /// Writes the passages of new or changed pages; passages that these pages no longer have are deleted.
    ///
    /// What is new is written before the old is deleted, so that at no time a page is missing.
    @discardableResult
    public func ingest(_ pages: [MDXPage]) async throws -> IngestSummary {
        var summary = IngestSummary(pageCount: pages.count, passageCount: 0)
        var batch: [Point] = []
        for passage in TextbookChunker.passages(of: pages) {
            try Task.checkCancellation()
            batch.append(passage.point)
            summary.passageCount += 1
            if batch.count == Self.batchSize {
                try await client.upsert(batch, in: collection)
                batch.removeAll(keepingCapacity: true)
            }
        }
        if !batch.isEmpty { try await client.upsert(batch, in: collection) }
        for page in pages {
            let ids = TextbookChunker.passages(of: page).map(\.id)
            try await client.deletePoints(.filter(Self.filter(page: page.path, without: ids)), in: collection)
        }
        return summary
    }

    /// Deletes all passages of pages that are gone; pages that are not there are ignored.
    public func removePages(_ paths: [String]) async throws {
        for path in paths {
            try await client.deletePoints(.filter(Self.filter(page: path, without: [])), in: collection)
        }
    }

    // MARK: Filters

    static func filter(page path: String, without ids: [PointID]) -> JSONValue {
        var filter: JSONObject = ["must": [["key": "path", "match": ["value": .string(path)]]]]
        if !ids.isEmpty { filter["must_not"] = [["has_id": .array(ids.map(\.json))]] }
        return .object(filter)
    }

    static func filter(otherThanPages paths: [String]) -> JSONValue {
        ["must_not": [["key": "path", "match": ["any": .array(paths.map { .string($0) })]]]]
    }
}
