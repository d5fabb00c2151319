internal import ObjectStorage
internal import ResticFormat

/// Takes packs out of the index: new files first, then the old ones go. Only files that name such packs are touched.
///
/// Runs under an exclusive lock.
struct IndexRewriter {
    let repository: Repository
    /// The packs that are taken out.
    let removed: Set<ResticID>
    /// Frees some room by removing one of these packs from the store; returns whether there was one left.
    let makeRoom: () async throws -> Bool

    /// - Parameter indexFiles: all index files and the packs that each names.
    /// - Returns: the files that are gone, and those that are new.
    func run(_ indexFiles: [ResticID: [ResticID]]) async throws -> (gone: [ResticID], new: [ResticID: [IndexPack]]) {
        var whole: [ResticID] = []
        var mixed: [ResticID] = []
        for (file, packs) in indexFiles where packs.contains(where: removed.contains) {
            if packs.allSatisfy(removed.contains) { whole.append(file) } else { mixed.append(file) }
        }
        // These need no successor, and their going may be what makes room for the others.
        for file in whole { try await repository.remove(.index, file) }
        var new: [ResticID: [IndexPack]] = [:]
        let builder = IndexBuilder(maximumPacks: .max)
        for file in mixed.sorted() {
            for pack in try await repository.loadIndexFile(file).packs where !removed.contains(pack.id) {
                guard let full = builder.add(pack) else { continue }
                new[try await save(full)] = full
            }
        }
        if let rest = builder.takeRest() { new[try await save(rest)] = rest }
        for file in mixed { try await repository.remove(.index, file) }
        return (whole + mixed, new)
    }

    private func save(_ packs: [IndexPack]) async throws -> ResticID {
        let bytes = IndexFile(packs: packs).encode()
        while true {
            do {
                return try await repository.save(.index, bytes)
            } catch let error as ObjectStoreError where error.code == .insufficientSpace {
                guard try await makeRoom() else { throw error }
            }
        }
    }
}
