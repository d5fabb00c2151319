internal import ResticFormat
internal import ResticRepository

/// A document that the restored collections do not know as it is.
public struct DocumentChange: Sendable, Hashable, Codable {
    /// What happened to it since the collections were captured.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// It is new.
        case added
        /// Its content is another one.
        case changed
        /// It is not there any more.
        case removed
    }

    /// What happened.
    public var change: Kind
    /// The name of its folder in restore points.
    public var documents: String
    /// Its path in that folder.
    public var path: String
    /// Its absolute path.
    public var file: String

    /// Makes a change; see the properties.
    public init(_ change: Kind, documents: String, path: String, file: String) {
        self.change = change
        self.documents = documents
        self.path = path
        self.file = file
    }
}

/// Finds the documents that have to be ingested again after collections were restored.
///
/// The documents as they are now are compared with those of the restore point that the collections came from: a file that is only
/// on the disk was added, one with other content was changed, one that is only in the restore point was removed. Files whose time
/// of change in the restore point is later than the beginning of the collections' capture count as changed too: they were
/// written between the two captures, and nobody knows which version has points.
struct DocumentChanges {
    let context: RecoveryContext

    func find() async throws -> [DocumentChange] {
        let point = context.point
        guard point.manifest[.documents] != nil else { return [] }
        let folders = try await DocumentsComparison(
            point,
            from: context.repository,
            documents: context.configuration.documents,
            target: context.options.target
        ).folders()
        var changes: [DocumentChange] = []
        for folder in folders {
            guard let report = folder.report else { continue }
            func change(_ kind: DocumentChange.Kind, _ path: RawPath) -> DocumentChange {
                DocumentChange(
                    kind,
                    documents: folder.summary.name,
                    path: path.description,
                    file: "\(folder.path)/\(path)"
                )
            }
            var found = report.extra.map { change(.added, $0.path) }
            found += report.different.map { change(.changed, $0.path) }
            found += report.missing.map { change(.removed, $0.path) }
            let known = Set(found.map(\.path))
            for path in try await writtenBetweenCaptures(folder) where !known.contains(path.description) {
                found.append(change(.changed, path))
            }
            changes += found.sorted { ($0.path, $0.change.rawValue) < ($1.path, $1.change.rawValue) }
        }
        return changes
    }

    private func writtenBetweenCaptures(_ folder: DocumentsComparison.Folder) async throws -> [RawPath] {
        guard let began = context.captureTime(of: .qdrant) else { return [] }
        let root = try await context.repository.node(
            at: RestorePointManifest.path(ofFolder: folder.summary.name),
            in: context.point.tree(of: .documents)
        )
        guard let tree = root?.subtree else { return [] }
        var paths: [RawPath] = []
        try await context.repository.walk(tree) { entry in
            if entry.node.type == .file, entry.node.mtime > began { paths.append(entry.path) }
            return true
        }
        return paths
    }
}
