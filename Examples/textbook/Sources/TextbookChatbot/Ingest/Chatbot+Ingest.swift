internal import QdrantClient
internal import TextbookExample

extension Chatbot {
    /// How many paths a list in an answer holds at most; the counts beside it are always whole.
    static let pathListLimit = 1000

    /// Ingests the whole folder or some of its pages.
    func ingest(_ scope: IngestDesk.Scope) async throws(ChatbotError) -> JSONObject {
        let outcome = try await desk.run(scope) { [index, settings] in
            switch scope {
            case .folder(let allowsMassRemoval):
                // Before anything is made: a folder that is not there must not leave an empty collection behind.
                _ = try MDXPage.paths(in: settings.docsFolder)
                try await index.prepare()
                return try await index.ingest(folder: settings.docsFolder, allowsMassRemoval: allowsMassRemoval)
            case .files(let files, let removed):
                let gone = try PagePath.removed(removed, in: settings.docsFolder)
                var pages: [MDXPage] = []
                for path in try PagePath.pages(files, in: settings.docsFolder) {
                    pages.append(try MDXPage.page(at: path, in: settings.docsFolder))
                }
                try await index.prepare()
                return try await index.ingest(pages, removed: gone)
            }
        }
        return outcome.json
    }

    /// What runs, how the last ingestion went, and how documents and points stand to each other, as counts.
    func ingestStatus() async -> JSONObject {
        var json = desk.json
        do {
            let lineage = try await lineage()
            json["documents"] = .number(lineage.documentCount)
            json["documents_with_points"] = .number(lineage.documentsWithPoints)
            json["documents_without_points"] = .number(lineage.documentsWithoutPoints.count)
            json["documents_outdated"] = .number(lineage.outdatedDocuments.count)
            json["points_without_document"] = .number(lineage.pointsWithoutDocument)
            json["up_to_date"] = .bool(lineage.isComplete)
        } catch {
            json["up_to_date"] = false
            json["error"] = .object(ChatbotError(error).json)
        }
        return json
    }

    /// Which documents have points and which points have a document, as counts and lists.
    func lineageReport() async throws -> JSONObject {
        let lineage = try await lineage()
        func list(_ paths: [String]) -> JSONValue {
            [
                "count": .number(paths.count),
                "paths": .array(paths.prefix(Self.pathListLimit).map { .string($0) }),
            ]
        }
        return [
            "documents": .number(lineage.documentCount),
            "documents_with_points": .number(lineage.documentsWithPoints),
            "documents_without_points": list(lineage.documentsWithoutPoints),
            "documents_outdated": list(lineage.outdatedDocuments),
            "paths_without_document": list(lineage.pathsWithoutDocument),
            "points_without_document": .number(lineage.pointsWithoutDocument),
            "up_to_date": .bool(lineage.isComplete),
        ]
    }

    private func lineage() async throws -> PageLineage {
        let indexed = try await index.indexedPages()
        return PageLineage(pages: try MDXPage.pages(in: settings.docsFolder), indexed: indexed)
    }
}

extension PageLineage {
    /// Whether every document has its points and every point its document.
    var isComplete: Bool {
        documentsWithoutPoints.isEmpty && outdatedDocuments.isEmpty && pointsWithoutDocument == 0
    }
}
