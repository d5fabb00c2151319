internal import Logging
internal import ObjectStorage
internal import ResticFormat

// Phase 2: what is still unneeded leaves the index, then the store.

extension PruneRun {
    /// Looks once more, and takes packs out of the index. Runs under an exclusive lock: nobody else is at work.
    ///
    /// - Returns: `nil` when another process has removed things since.
    func sweepIndex(_ before: State) async throws -> State? {
        var state = before
        guard try await state.inventory.catchUp() else { return nil }
        // Not that of the first phase: what backups have stored since counts, and this is the last look before something goes.
        let usage = try state.inventory.usage()
        let needed = state.removable.filter { (usage[$0]?.neededBytes ?? 0) > 0 }
        state.removable.subtract(needed)
        let removable = state.removable
        guard !removable.isEmpty else { return state }
        onPhase("rewrite the index", nil)
        // Should there be no room for the new index, packs go before it names them no more: nobody else is here, and nobody needs
        // them. A crash right there leaves an index that names packs which are gone and that no snapshot needs.
        let freed = Freed()
        let rewriter = IndexRewriter(repository: repository, removed: removable) { [repository] in
            guard let pack = removable.first(where: { !freed.packs.contains($0) }) else { return false }
            try await repository.remove(.pack, pack)
            freed.packs.insert(pack)
            return true
        }
        let (gone, new) = try await rewriter.run(state.inventory.indexFiles)
        for file in gone { state.inventory.removeIndexFile(file) }
        for (file, packs) in new { state.inventory.addIndexFile(file, packs) }
        for pack in freed.packs { Self.count(pack, &state) }
        return state
    }

    /// Packs that went early; used by one task.
    private final class Freed {
        var packs: Set<ResticID> = []
    }

    private static func count(_ pack: ResticID, _ state: inout State) {
        state.report.removedPacks += 1
        state.report.freedBytes += state.inventory.stored[pack] ?? 0
        state.inventory.removePack(pack)
    }

    /// Removes the files of packs that no index names any more. Runs under a shared lock: whoever came since has an index without
    /// them.
    func removeFiles(_ before: State) async throws -> PruneReport {
        var state = before
        let marked = state.removable
        // Between the two locks the index may have been built anew from the packs.
        let known = Set(state.inventory.indexFiles.keys)
        let added = try await repository.list(.index).filter { !known.contains($0) }
        var indexedAgain: Set<ResticID> = []
        try await repository.forEachIndexFile(added) { _, packs in
            for pack in packs where marked.contains(pack.id) { indexedAgain.insert(pack.id) }
        }
        try await removeFiles(marked.subtracting(indexedAgain), &state)
        return state.report
    }

    /// Removes pack files, then their marks.
    func removeFiles(_ packs: Set<ResticID>, _ state: inout State) async throws {
        guard !packs.isEmpty else { return }
        onPhase("remove packs", packs.reduce(0) { $0 + (state.inventory.stored[$1] ?? 0) })
        let repository = self.repository
        let width = min(8, repository.store.capabilities.usefulConcurrency)
        try await forEachConcurrently(packs.sorted(), width: width) { pack in
            try await repository.remove(.pack, pack)
            return pack
        } collect: { (pack: ResticID) in
            guard let length = state.inventory.stored[pack] else { return }
            onAdvance(length)
            Self.count(pack, &state)
        }
        try await repository.unmark(packs, in: &state.inventory.marks)
    }
}
