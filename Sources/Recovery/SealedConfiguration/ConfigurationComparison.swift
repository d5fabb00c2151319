internal import ResticFormat
public import ResticRepository
internal import SystemPackage

/// Compares the live configuration with a restore point, by digests: nothing is opened, no identity is needed, nothing written.
public struct ConfigurationComparison: Sendable {
    private let point: RestorePoint
    private let repository: IndexedRepository
    private let folders: [String: String]

    /// - Parameter folders: where sets are, by name, when that is not where they were captured.
    public init(_ point: RestorePoint, from repository: IndexedRepository, folders: [String: String] = [:]) {
        self.point = point
        self.repository = repository
        self.folders = folders
    }

    /// One finding for each file that is in the restore point, or matches the patterns of its set now.
    ///
    /// - Throws: ``RecoveryError/Code/damagedRestorePoint``; ``/ResticRepository/RepositoryError``.
    public func run() async throws -> [LiveFinding] {
        let stored = try await StoredConfiguration(point, in: repository)
        var findings: [LiveFinding] = []
        for set in stored.sets {
            let index = try await stored.index(of: set.name)
            let root = folders[set.name] ?? index.path
            let reader = ConfigurationReader(set: index.set, root: root, key: stored.key)
            for file in index.files { findings.append(try await compare(file, reader, root)) }
            findings += try await extra(index, root)
        }
        return findings
    }

    private func compare(_ file: SealedIndex.File, _ reader: ConfigurationReader, _ root: String) async throws
        -> LiveFinding
    {
        let name = "\(reader.set)/\(file.path)"
        do {
            let path = root + "/" + file.path
            guard let status = try await blocking({ try PlainStatus(at: path) }) else {
                return .init(
                    .configuration,
                    name,
                    .missing,
                    "the file is missing",
                    missing: file.keys.isEmpty ? nil : file.keys.count
                )
            }
            guard status.kind == .file else {
                return .init(.configuration, name, .different, "it is no regular file any more")
            }
            let now = try await reader.read(file.path).file
            guard let change = SealedFileChange.between(file, now, set: reader.set) else {
                return .init(.configuration, name, .same, "as captured")
            }
            return .init(
                .configuration,
                name,
                .different,
                change.detail,
                missing: change.removedKeys.count,
                different: change.changedKeys.count,
                extra: change.addedKeys.count
            )
        } catch let error as Errno {
            return .init(.configuration, name, .unreadable, "it cannot be read: \(error.description)")
        }
    }

    /// Files that the patterns choose now and that are not in the restore point.
    private func extra(_ index: SealedIndex, _ root: String) async throws -> [LiveFinding] {
        guard let include = try? index.patterns.map({ try PathPattern($0) }),
            let exclude = try? index.excluded.map({ try PathPattern($0) })
        else { return [] }
        let folder = ConfigurationFolder(root: root, selection: PathSelection(include: include, exclude: exclude))
        // A folder that is gone is told by each of its files.
        guard let listing = try? await blocking({ try folder.list() }) else { return [] }
        let known = Set(index.files.map(\.path))
        return listing.files.filter { !known.contains($0.path) }.map {
            .init(.configuration, "\(index.set)/\($0.path)", .larger, "the file is not in the restore point")
        }
    }
}
