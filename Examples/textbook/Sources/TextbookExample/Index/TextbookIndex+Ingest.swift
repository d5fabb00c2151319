internal import QdrantClient

extension TextbookIndex {
    /// Brings the collection in step with a folder: afterwards it holds the passages of the folder's pages, and no others
    /// that name a page.
    ///
    /// Pages that are indexed as they are now are neither encoded nor written again, so doing it twice changes nothing, and an
    /// ingestion that was broken off is simply repeated.
    ///
    /// - Parameter allowsMassRemoval: whether more than half of the indexed pages may go. They usually do not: the folder
    ///   is then the wrong one, or a part of it was lost.
    /// - Throws: ``TextbookError`` when the folder or a page cannot be read or too many pages are gone, in which case
    ///   nothing was changed; `QdrantError`.
    @discardableResult
    public func ingest(folder: String, allowsMassRemoval: Bool = false) async throws -> IngestSummary {
        let pages = try MDXPage.pages(in: folder)
        guard pages.contains(where: { !TextbookChunker.passages(of: $0).isEmpty }) else {
            // An empty textbook is more likely a mistake than a wish to empty the collection.
            throw TextbookError(
                .noPages,
                "the pages in '\(folder)' hold no text",
                hint: "Check that this is the textbook's folder."
            )
        }
        let indexed = try await indexedPages()
        let plan = IngestPlan(pages, indexed, isWhole: true)
        guard allowsMassRemoval || plan.summary.removedPages * 2 <= indexed.pages.count else {
            throw TextbookError(
                .tooManyRemoved,
                "\(plan.summary.removedPages) of \(indexed.pages.count) indexed pages are not in the textbook's folder",
                hint: "Is this the right folder, and is all of it there? If so, allow the mass removal."
            )
        }
        try await run(plan)
        return plan.summary
    }

    /// Writes the passages of new or changed pages; passages that these pages no longer have are deleted, and those of removed
    /// pages.
    @discardableResult
    public func ingest(_ pages: [MDXPage], removed: [String] = []) async throws -> IngestSummary {
        let indexed = try await indexedPages(pages.map(\.path) + removed)
        let plan = IngestPlan(pages, indexed, isWhole: false, removed: removed)
        try await run(plan)
        return plan.summary
    }

    /// Deletes all passages of pages that are gone; pages that are not there are ignored.
    public func removePages(_ paths: [String]) async throws {
        try await client.deletePoints(.filter(Self.filter(pages: paths)), in: collection)
    }

    /// What is new is written before the old is deleted, so that at no time a page is missing.
    private func run(_ plan: IngestPlan) async throws {
        for start in stride(from: 0, to: plan.passages.count, by: Self.batchSize) {
            try Task.checkCancellation()
            let batch = plan.passages[start..<min(start + Self.batchSize, plan.passages.count)]
            try await client.upsert(batch.map(\.point), in: collection)
        }
        for start in stride(from: 0, to: plan.stalePoints.count, by: Self.deletionBatchSize) {
            let ids = plan.stalePoints[start..<min(start + Self.deletionBatchSize, plan.stalePoints.count)]
            try await client.deletePoints(.ids(Array(ids)), in: collection)
        }
    }

    static func filter(pages paths: [String]) -> JSONValue {
        ["must": [["key": "path", "match": ["any": .array(paths.map { .string($0) })]]]]
    }
}
