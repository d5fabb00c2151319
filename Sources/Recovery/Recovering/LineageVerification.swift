internal import QdrantClient
internal import ResticFormat
internal import ResticRepository

/// Compares what the points of restored collections were made from with the documents: as captured after the restore, and with those
/// that were handed over after a re-ingestion.
struct LineageVerification {
    let context: RecoveryContext
    let client: QdrantClient

    /// The collections of the restore point whose points name their documents, as configured.
    private var collections: [(summary: RestorePointManifest.CollectionSummary, source: LineageSource)] {
        (context.point.manifest[.qdrant]?.collections ?? []).compactMap { summary in
            context.configuration.lineage(of: summary).map { (summary, $0) }
        }
    }

    /// Whether every captured document that had points has points now.
    func checkRestored() async throws -> [CheckResult] {
        var results: [CheckResult] = []
        for (summary, source) in collections {
            guard let captured = summary.lineage, captured.documents == source.documents,
                captured.field == source.field
            else { continue }
            let paths = try await context.point.paths(ofDocuments: source.documents, in: context.repository)
            let now = try await check(summary.name, source).run(paths: paths)
            let lacking = now.withoutPoints.total - captured.withoutPoints.total
            results.append(
                CheckResult(
                    "lineage of \(summary.name)",
                    kind: Component.qdrant.rawValue,
                    lacking > 0 ? .failed : .verified,
                    lacking > 0
                        ? "\(lacking) documents that had points have none"
                        : "\(now.withPoints.total) of \(paths.count) documents have points, as captured"
                )
            )
        }
        return results
    }

    /// Whether documents that were handed over have points now, and removed ones have none.
    func checkIngested(_ changes: [DocumentChange]) async throws -> [CheckResult] {
        var results: [CheckResult] = []
        for (summary, source) in collections {
            let own = changes.filter { $0.documents == source.documents }
            let hadNone = Set(summary.lineage?.withoutPoints.entries.map(\.name) ?? [])
            let wanted = Set(own.filter { $0.change != .removed && !hadNone.contains($0.path) }.map(\.path))
            let removed = Set(own.filter { $0.change == .removed }.map(\.path))
            guard !wanted.isEmpty || !removed.isEmpty else { continue }
            let now = try await check(summary.name, source).run(paths: wanted.union(removed))
            let lacking = now.withoutPoints.entries.map(\.name).filter { wanted.contains($0) }
            let left = now.withPoints.entries.map(\.name).filter { removed.contains($0) }
            var problems: [String] = []
            if let first = lacking.first { problems.append("\(lacking.count) documents have no points: \(first)") }
            if let first = left.first { problems.append("\(left.count) removed documents still have points: \(first)") }
            results.append(
                CheckResult(
                    "lineage of \(summary.name) after re-ingestion",
                    kind: Component.qdrant.rawValue,
                    problems.isEmpty ? .verified : .failed,
                    problems.isEmpty
                        ? "all of \(own.count) changed documents are known" : problems.joined(separator: "; ")
                )
            )
        }
        return results
    }

    private func check(_ collection: String, _ source: LineageSource) -> LineageCheck {
        LineageCheck(client: client, collection: collection, source: source)
    }
}
