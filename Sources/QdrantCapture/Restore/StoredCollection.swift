internal import QdrantClient
public import ResticFormat
public import ResticRepository
internal import TarArchive

/// A collection in a snapshot, its manifest read.
public struct StoredCollection: Sendable {
    /// What `collection.json` says.
    public let manifest: CollectionManifest
    let tree: ResticID
    let repository: IndexedRepository

    /// Reads the manifest of a collection from a snapshot's tree.
    ///
    /// - Throws: ``CaptureError/Code/manifest`` when there is none.
    public init(_ name: String, in tree: ResticID, of repository: IndexedRepository) async throws {
        let path = CollectionManifest.path(of: name)
        guard let bytes = try await repository.readFile(at: path, in: tree, limit: CollectionManifest.maximumByteCount)
        else {
            throw CaptureError(
                .manifest,
                "the snapshot holds no collection '\(name)' (no \(path))",
                hint: "Run 'holdfast show' to see what the restore point holds."
            )
        }
        manifest = try CollectionManifest(reading: bytes)
        self.tree = tree
        self.repository = repository
    }

    /// The names of the collections in a snapshot's tree.
    public static func names(in tree: ResticID, of repository: IndexedRepository) async throws -> [String] {
        guard let folder = try await repository.node(at: "qdrant", in: tree), let id = folder.subtree else { return [] }
        return try await repository.loadTree(id).nodes.map(\.nameString)
    }

    /// Reads, decrypts and hashes all of the collection's data.
    ///
    /// - Throws: `RepositoryError` with `damaged`, naming the first problem and the files it hits.
    func checkContent() async throws {
        guard let id = try await repository.node(at: "qdrant/\(manifest.name)", in: tree)?.subtree else {
            throw CaptureError(.manifest, "the snapshot lacks the tree of collection '\(manifest.name)'")
        }
        let report = try await TreeVerifier(depth: .content).verify(id, in: repository)
        guard let problem = report.problems.first else { return }
        let files = problem.paths.prefix(3).joined(separator: ", ")
        throw RepositoryError(
            .damaged,
            "the stored data of collection '\(manifest.name)' is damaged: \(problem.message) (\(files)); \(report.problems.count) problem(s) in all",
            hint: "The server was not touched. Run 'holdfast verify --all' to find a restore point that is whole."
        )
    }

    /// Plans the archives of all shards.
    ///
    /// - Throws: when a tree, a blob or a file that every shard has is missing: nothing was sent then.
    func archives() async throws -> [UInt32: ShardArchive] {
        var archives: [UInt32: ShardArchive] = [:]
        for shard in manifest.shards {
            let path = CollectionManifest.path(ofShard: shard.id, of: manifest.name)
            guard let id = try await repository.node(at: path, in: tree)?.subtree else {
                throw CaptureError(.manifest, "the snapshot lacks the tree of shard \(shard.id) (\(path))")
            }
            let archive = try await ShardArchive(of: id, in: repository)
            guard archive.items.count(where: { $0.member.content != .directory }) == shard.files else {
                throw CaptureError(
                    .foreignArchive,
                    "shard \(shard.id) of '\(manifest.name)' has \(archive.items.count) files, its manifest says \(shard.files)"
                )
            }
            archives[shard.id] = archive
        }
        return archives
    }
}
