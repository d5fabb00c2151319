internal import ResticCrypto
public import ResticFormat

/// How sizes are counted, in the words of restic's `stats --mode`.
public enum SizeMode: String, Sendable, Hashable, CaseIterable {
    /// What restoring each of the snapshots would write.
    case restoreSize = "restore-size"
    /// Files of equal content once, whatever their names and however many snapshots have them.
    case filesByContents = "files-by-contents"
    /// The blobs that are needed, as they are stored.
    case rawData = "raw-data"
    /// The blobs of files of different content, each once a path.
    case blobsPerFile = "blobs-per-file"
}

/// What counting in one mode gives.
public struct SizeCount: Sendable, Hashable {
    /// The sum in bytes.
    public var bytes: Int64 = 0
    /// Files; for ``SizeMode/blobsPerFile`` the paths that contributed; `nil` where files are not counted.
    public var files: Int?
    /// Everything with a name, for ``SizeMode/restoreSize``: what restic calls the number of files.
    public var entries: Int?
    /// Blobs, or references to blobs for ``SizeMode/blobsPerFile``; `nil` where blobs are not counted.
    public var blobs: Int?
    /// Content in bytes, for ``SizeMode/rawData``: what the blobs are before compression.
    public var contentBytes: Int64?
    /// Trees that could not be read, a line each: with any, the sum is too small.
    public var problems: [String] = []
}

/// Counts sizes of chosen snapshots in one of restic's ways.
///
/// Memory is bits a blob for ``SizeMode/rawData``, 32 bytes more for each file of several blobs for
/// ``SizeMode/filesByContents``; ``SizeMode/blobsPerFile`` remembers 32 bytes for each blob of each path, as its meaning demands.
public struct SizeCounter: Sendable {
    private let repository: IndexedRepository

    /// Makes a counter.
    public init(_ repository: IndexedRepository) {
        self.repository = repository
    }

    /// Counts.
    ///
    /// - Parameter groups: the trees of each restore point or snapshot.
    public func count(_ mode: SizeMode, of groups: [[ResticID]]) async throws -> SizeCount {
        switch mode {
        case .restoreSize: try await restoreSize(groups)
        case .filesByContents: try await filesByContents(groups)
        case .rawData: try await rawData(groups)
        case .blobsPerFile: try await blobsPerFile(groups)
        }
    }

    private func restoreSize(_ groups: [[ResticID]]) async throws -> SizeCount {
        var count = SizeCount()
        var sizes = RestoreSizes(repository)
        var sum = RestoreSize()
        for roots in groups { sum = sum + (try await sizes.measure(roots)) }
        (count.bytes, count.files, count.entries) = (sum.bytes, sum.files, sum.entries)
        // The sizes are silent about what cannot be read.
        count.problems = try await sweep(groups) { _, _ in }
        return count
    }

    private func filesByContents(_ groups: [[ResticID]]) async throws -> SizeCount {
        var contents = SeenContents(repository)
        var (bytes, files) = (Int64(0), 0)
        var count = SizeCount()
        count.problems = try await sweep(groups) { _, tree in
            for node in tree.nodes where node.type == .file && contents.insert(node.content ?? []) {
                files += 1
                bytes += Int64(clamping: node.size)
            }
        }
        (count.bytes, count.files) = (bytes, files)
        return count
    }

    private func rawData(_ groups: [[ResticID]]) async throws -> SizeCount {
        var seen = repository.makeMarks()
        var totals = BlobTotals()
        var count = SizeCount()
        count.problems = try await sweep(groups) { id, tree in
            if let location = repository.location(of: id, .tree) { totals.add(location) }
            for blob in tree.nodes.lazy.compactMap(\.content).joined() where seen.insert(blob, .data) == true {
                if let location = repository.location(of: blob, .data) { totals.add(location) }
            }
        }
        (count.bytes, count.blobs, count.contentBytes) = (totals.storedBytes, totals.count, totals.contentBytes)
        return count
    }

    private func blobsPerFile(_ groups: [[ResticID]]) async throws -> SizeCount {
        var contents = SeenContents(repository)
        var paths: Set<ResticID> = []
        var references: Set<ResticID> = []
        var trees = repository.makeMarks()
        var count = SizeCount()
        var bytes: Int64 = 0
        for root in groups.joined() where trees.insert(root, .tree) == true {
            do {
                try await repository.walk(root) { entry in
                    if let subtree = entry.node.subtree { return trees.insert(subtree, .tree) == true }
                    guard entry.node.type == .file, let content = entry.node.content, contents.insert(content) else {
                        return false
                    }
                    for blob in content {
                        paths.insert(ContentHash.id(of: entry.path.bytes))
                        guard references.insert(ContentHash.id(of: entry.path.bytes + [0] + blob.bytes)).inserted else {
                            continue
                        }
                        bytes += Int64(repository.location(of: blob, .data)?.contentLength ?? 0)
                    }
                    return false
                }
            } catch let error as RepositoryError {
                count.problems.append(error.message)
            }
        }
        (count.bytes, count.files, count.blobs) = (bytes, paths.count, references.count)
        return count
    }

    /// Visits every tree once.
    ///
    /// - Returns: what could not be read.
    private func sweep(_ groups: [[ResticID]], _ visit: (ResticID, Tree) -> Void) async throws -> [String] {
        var marks = repository.makeMarks()
        var problems: [String] = []
        try await TreeSweep(repository).run(from: groups.joined(), marks: &marks) { id, finding in
            switch finding {
            case .tree(let tree): visit(id, tree)
            case .failure(let error): problems.append(describeFailure(error))
            }
        }
        return problems
    }
}

/// Knows which contents of files were seen: a bit for a file of one blob, a hash for one of several.
private struct SeenContents {
    private var single: BlobMarks
    private var several: Set<ResticID> = []

    init(_ repository: IndexedRepository) {
        single = repository.makeMarks()
    }

    /// - Returns: whether the content was not seen before.
    mutating func insert(_ content: [ResticID]) -> Bool {
        if content.count == 1, let isNew = single.insert(content[0], .data) { return isNew }
        return several.insert(ContentHash.id(of: content.flatMap(\.bytes))).inserted
    }
}
