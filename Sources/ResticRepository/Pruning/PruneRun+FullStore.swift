internal import Logging
internal import ObjectStorage
internal import ResticFormat

// A store without a free byte: not even a lock can be written. As long as that is so, nobody else can take one either, so what
// needs no writing is removed without, one thing at a time, until a lock fits (decision 0010).

extension PruneRun {
    /// Frees just enough for a lock.
    ///
    /// - Throws: ``RepositoryError/Code/full`` when there is nothing that may be removed.
    func makeRoomForALock() async throws {
        try await refuseCompany()
        var inventory = try await take(nil)
        let usage = try inventory.usage()
        try await inventory.learnRetention(usage)
        let plan = makePlan(inventory, usage)
        let removable = plan.ids(.remove)
        for step in steps(inventory, removable) {
            // Tried again before each step: the proof that nobody else can come is only as good as it is fresh.
            guard try await !lockFits() else { return }
            try await refuseCompany()
            switch step {
            case .pack(let id): try await repository.remove(.pack, id)
            case .index(let id): try await repository.remove(.index, id)
            }
        }
        guard try await !lockFits() else { return }
        let marked = plan.total(.mark).packs + plan.total(.wait).packs
        throw RepositoryError(
            .full,
            "there is no room for a lock in \(repository.store.location), and nothing that may be removed now",
            hint: marked > 0 && options.grace > .zero
                ? "Run 'holdfast prune --grace 0': \(marked) packs are unneeded, but not for long enough."
                : "Run 'holdfast forget' first, or make room in another way."
        )
    }

    /// Something that can be removed without writing anything.
    private enum Step {
        case pack(ResticID)
        case index(ResticID)
    }

    /// In this order: packs that no index names; index files that name nothing else than what may go, then their packs; in the end one
    /// pack that an index still names beside others, whose index is written anew as soon as there is a lock.
    private func steps(_ inventory: PruneInventory, _ removable: Set<ResticID>) -> [Step] {
        var named: [ResticID: Int] = [:]
        for packs in inventory.indexFiles.values { for pack in Set(packs) { named[pack, default: 0] += 1 } }
        var steps = removable.filter { named[$0] == nil && inventory.stored[$0] != nil }.sorted().map(Step.pack)
        for (file, packs) in inventory.indexFiles where packs.allSatisfy(removable.contains) {
            steps.append(.index(file))
            for pack in Set(packs) {
                named[pack, default: 0] -= 1
                if named[pack] == 0, inventory.stored[pack] != nil { steps.append(.pack(pack)) }
            }
        }
        let mixed = removable.filter { named[$0].map { $0 > 0 } ?? false && inventory.stored[$0] != nil }
        if let largest = mixed.max(by: { (inventory.stored[$0] ?? 0, $0) < (inventory.stored[$1] ?? 0, $1) }) {
            steps.append(.pack(largest))
        }
        return steps
    }

    private func lockFits() async throws -> Bool {
        do {
            try await repository.withLock(.exclusive, clock: clock, timing: timing) {}
            return true
        } catch let error as RepositoryError {
            guard error.code == .full else { throw error }
            return false
        }
    }

    private func refuseCompany() async throws {
        guard let other = try await repository.foreignLocks(except: nil, clock: clock, timing: timing).first else {
            return
        }
        throw RepositoryError(
            .locked,
            "the store is full, and process \(other.record.pid) on \(other.record.hostname) uses the repository",
            hint: "Wait until it has finished, then run this again."
        )
    }
}
