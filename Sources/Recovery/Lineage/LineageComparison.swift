internal import QdrantClient
internal import ResticFormat
internal import ResticRepository

/// Holds what the points of a restored collection were made from against what the restore point says: a drill's question.
///
/// The documents are those of the restore point. A recovery asks less (``LineageVerification``): there the live system may be newer.
struct LineageComparison {
    let point: RestorePoint
    let repository: IndexedRepository
    let configuration: HoldfastConfiguration
    let client: QdrantClient

    /// Compares a collection that was restored under some name.
    ///
    /// - Returns: `nil` when the restore point has no lineage of it.
    func verdict(of summary: RestorePointManifest.CollectionSummary, as name: String) async throws
        -> CheckList.Verdict?
    {
        guard
            let captured = try await LineageReport.load(of: summary.name, from: point, in: repository)
                ?? summary.lineage
        else { return nil }
        if let stated = summary.lineage, stated != captured.bounded {
            return (.failed, "the lists of its lineage are not those that its manifest states")
        }
        guard let source = configuration.lineage(of: summary), source.documents == captured.documents,
            source.field == captured.field
        else {
            return (
                .untested,
                "its lineage is about field '\(captured.field)' and documents '\(captured.documents)', which the configuration does not say any more"
            )
        }
        guard point.manifest[.documents]?.folders.contains(where: { $0.name == source.documents }) ?? false else {
            return (.untested, "the restore point lacks documents '\(source.documents)'")
        }
        let paths = try await point.paths(ofDocuments: source.documents, in: repository)
        let now = try await LineageCheck(client: client, collection: name, source: source).run(paths: paths)
        return Self.verdict(captured, now, of: paths.count)
    }

    /// What a restored collection's lineage says. What differs proves nothing when the captured lists are not exactly those of the capture.
    static func verdict(_ captured: LineageReport, _ now: LineageReport, of documents: Int) -> CheckList.Verdict {
        let differences = differences(captured, now)
        if captured.changedMeanwhile == true, let first = differences.first {
            return (
                .untested,
                "points were written while they were captured, so that nobody can say whether this is a loss: \(first)"
            )
        }
        return DocumentsDrill.verdict(
            differences,
            "\(now.withPoints.total) of \(documents) documents have points, as captured"
        )
    }

    /// In what a restored collection's lineage differs from the captured one, what is lacking first.
    static func differences(_ captured: LineageReport, _ now: LineageReport) -> [String] {
        var differences: [String] = []
        func note(_ names: Set<String>, _ text: String) {
            guard let first = names.min() else { return }
            differences.append(names.count == 1 ? "\(first) \(text)" : "\(names.count) \(text), such as \(first)")
        }
        func names(_ list: LineageReport.List) -> Set<String> { Set(list.entries.map(\.name)) }
        let lists: [(WritableKeyPath<LineageReport, LineageReport.List>, lost: String, gained: String)] = [
            (\.withPoints, "had points and has none", "has points and had none"),
            (\.withoutPoints, "is no document without points any more", "is a document without points, and was not"),
            (\.withoutDocument, "was a source without a document", "is a source without a document, and was not"),
        ]
        for (list, lost, gained) in lists {
            let (before, after) = (captured[keyPath: list], now[keyPath: list])
            guard before.entries.count == before.total else {
                // Only the beginning of a long list is known.
                if before.total != after.total {
                    differences.append("\(after.total) entries, captured were \(before.total)")
                }
                continue
            }
            note(names(before).subtracting(names(after)), lost)
            note(names(after).subtracting(names(before)), gained)
            let counts = Dictionary(after.entries.map { ($0.name, $0.points) }, uniquingKeysWith: { first, _ in first })
            let changed = before.entries.filter { entry in counts[entry.name].map { $0 != entry.points } ?? false }
            if let first = changed.first {
                differences.append(
                    "\(first.name) has \(counts[first.name] ?? 0) points, captured were \(first.points)"
                        + (changed.count > 1 ? "; and \(changed.count - 1) more like it" : "")
                )
            }
        }
        if captured.unknownPoints != now.unknownPoints {
            differences.append(
                "\(now.unknownPoints) points do not say what they were made from, captured were \(captured.unknownPoints)"
            )
        }
        return differences
    }
}

extension HoldfastConfiguration {
    /// How the points of a collection name their documents, as configured; `nil` when nothing is.
    func lineage(of summary: RestorePointManifest.CollectionSummary) -> LineageSource? {
        qdrant?.entry(for: summary.name, aliases: summary.aliases)?.lineage
    }
}

extension RestorePoint {
    /// The files of a folder of documents, relative to it; empty when it is not there.
    func paths(ofDocuments name: String, in repository: IndexedRepository) async throws -> Set<String> {
        guard manifest[.documents] != nil,
            let tree = try await repository.node(
                at: RestorePointManifest.path(ofFolder: name),
                in: tree(of: .documents)
            )?.subtree
        else { return [] }
        var paths: Set<String> = []
        try await repository.walk(tree) { entry in
            if entry.node.type == .file { paths.insert(entry.path.description) }
            return true
        }
        return paths
    }
}
