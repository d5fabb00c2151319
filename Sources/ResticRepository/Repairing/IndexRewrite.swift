internal import ResticFormat

/// A change of the index as a value: index files that go, each with the reason, and what new ones must list so that nothing
/// else is lost with them.
struct IndexRewrite: Sendable {
    /// Index files to set aside, and why.
    var replaced: [ResticID: String] = [:]
    /// What the new index files list.
    var packs: [IndexPack] = []

    var isEmpty: Bool { replaced.isEmpty && packs.isEmpty }

    /// Plans the change.
    ///
    /// - Parameters:
    ///   - catalog: what the index says now.
    ///   - dropped: packs that no index file may list afterwards.
    ///   - rebuilt: packs whose blobs are known better than the index knows them.
    init(of catalog: PackCatalog, dropping dropped: [ResticID: String], rebuilding rebuilt: [ResticID: [PackedBlob]]) {
        for (id, error) in catalog.failures { replaced[id] = describeFailure(error) }
        for (pack, reason) in dropped {
            for file in catalog.files(listing: pack) where replaced[file] == nil { replaced[file] = reason }
        }
        for (pack, blobs) in rebuilt {
            let known = Set(blobs)
            for file in catalog.files(listing: pack) where replaced[file] == nil {
                guard !known.isSuperset(of: catalog.blobs(of: pack, in: { $0 == file })) else { continue }
                replaced[file] = "it places blobs in pack \(pack.short) that are not there"
            }
        }
        // What a run that died half-way has written already stays, and is not written again.
        let isKept = { [replaced] (file: ResticID) in replaced[file] == nil }
        for (pack, blobs) in rebuilt where !Set(catalog.blobs(of: pack, in: isKept)).isSuperset(of: blobs) {
            packs.append(IndexPack(id: pack, blobs: blobs))
        }
        var seen = Set(rebuilt.keys).union(dropped.keys)
        for file in replaced.keys {
            for pack in catalog.files[file] ?? [] where seen.insert(pack).inserted {
                let all = catalog.contents(of: pack).blobs
                guard !Set(catalog.blobs(of: pack, in: isKept)).isSuperset(of: all) else { continue }
                packs.append(IndexPack(id: pack, blobs: all))
            }
        }
        packs.sort { $0.id < $1.id }
    }

    /// Carries the change out: the new index files first, then each old one is set aside. In every state between, what was
    /// listed is listed still.
    func apply(to repository: Repository) async throws {
        let builder = IndexBuilder()
        for pack in packs { try await Self.save(builder.add(pack), in: repository) }
        try await Self.save(builder.takeRest(), in: repository)
        let files = ReplacedFiles(repository)
        for file in replaced.keys.sorted() { try await files.setAside(FileKind.index.key(file)) }
    }

    private static func save(_ packs: [IndexPack]?, in repository: Repository) async throws {
        guard let packs else { return }
        try await repository.save(.index, IndexFile(packs: packs).encode())
    }
}
