internal import ResticFormat

/// What is known about a pack before it is decided what happens to it.
struct PackFacts: Sendable {
    var id: ResticID
    /// The length of its file; `nil` when there is none.
    var byteCount: Int64?
    var isIndexed = false
    var neededBytes: Int64 = 0
    var unneededBytes: Int64 = 0
    var holdsData = false
    var holdsTrees = false
    /// Until when the store retains its file; only asked for what nobody needs.
    var retainedUntil: GoTime?
    /// Its mark, if it has one.
    var mark: PackMarks.Entry?

    init(id: ResticID, byteCount: Int64?) {
        self.id = id
        self.byteCount = byteCount
    }

    var blobBytes: Int64 { neededBytes + unneededBytes }
}

/// Decides what happens to every pack. Pure: reads no clock and no store.
struct PrunePlanner: Sendable {
    var options: PruneOptions
    /// The time of day.
    var now: GoTime
    /// Who else holds a lock now.
    var holders: [PackMark.Holder] = []
    /// Why nothing may be removed, if that is so.
    var sweepRefusal: String?

    func plan(_ facts: [PackFacts]) -> PrunePlan {
        let sorted = facts.sorted { $0.id < $1.id }
        let repacks = chooseRepacks(sorted)
        let packs = sorted.map { pack in
            let (action, reason) = verdict(pack, repacks[pack.id])
            return PrunePlan.Pack(
                id: pack.id,
                action: action,
                reason: reason,
                byteCount: pack.byteCount ?? 0,
                neededBytes: pack.neededBytes,
                unneededBytes: pack.unneededBytes,
                isIndexed: pack.isIndexed,
                retainedUntil: pack.retainedUntil.flatMap { $0 > now && pack.neededBytes == 0 ? $0 : nil }
            )
        }
        return PrunePlan(packs: packs, sweepRefusal: sweepRefusal)
    }

    private func verdict(
        _ pack: PackFacts,
        _ repack: (PrunePlan.Action, PrunePlan.Reason)?
    ) -> (PrunePlan.Action, PrunePlan.Reason) {
        if pack.neededBytes > 0 {
            if pack.mark != nil { return (.unmark, .neededAgain) }
            return repack ?? (.keep, pack.unneededBytes > 0 ? .tolerated : .needed)
        }
        let why: PrunePlan.Reason =
            !pack.isIndexed ? .unindexed : pack.byteCount == nil ? .fileMissing : .unreferenced
        let waits = waitingReason(pack)
        if pack.mark == nil, options.grace > .zero || waits != nil { return (.mark, why) }
        if let waits { return (.wait, waits) }
        return (.remove, why)
    }

    /// Why a pack that nobody needs is not removed yet.
    private func waitingReason(_ pack: PackFacts) -> PrunePlan.Reason? {
        if sweepRefusal != nil { return .clock }
        if let mark = pack.mark, now.timeSince(mark.time) < options.grace { return .grace(since: mark.time) }
        if let until = pack.retainedUntil, until > now { return .retention(until: until) }
        // For a pack that an index names the exclusive lock is what makes sure. One that none names may be about to be indexed by
        // a process that was there when the pack was seen.
        guard !pack.isIndexed else { return nil }
        let witnesses = pack.mark?.holders ?? holders
        return witnesses.first { holders.contains($0) }.map { .holder($0) }
    }

    // MARK: Repacking

    /// Which packs are repacked within the budget, and which only for want of it are not.
    private func chooseRepacks(_ facts: [PackFacts]) -> [ResticID: (PrunePlan.Action, PrunePlan.Reason)] {
        let usable = facts.filter { $0.neededBytes > 0 && $0.mark == nil }
        var unneeded = usable.reduce(0) { $0 + $1.unneededBytes }
        let limit = unneededLimit(neededBytes: usable.reduce(0) { $0 + $1.neededBytes })
        var chosen: [ResticID: (PrunePlan.Action, PrunePlan.Reason)] = [:]
        var read: Int64 = 0
        for (pack, reason) in candidates(usable) {
            // Trees are small and read often: those packs are kept clean whatever the limit says (as restic does).
            if reason == .partlyUnneeded, !pack.holdsTrees, unneeded <= limit { continue }
            if let budget = options.maxRepackBytes, read + pack.blobBytes > budget {
                chosen[pack.id] = (.keep, .overBudget)
                continue
            }
            read += pack.blobBytes
            unneeded -= pack.unneededBytes
            chosen[pack.id] = (.repack, reason)
        }
        return chosen
    }

    private func unneededLimit(neededBytes: Int64) -> Int64 {
        switch options.maxUnused {
        case .unlimited: .max
        case .bytes(let count): count
        case .percent(let percent) where percent >= 100: .max
        // Of the whole that remains, needed and unneeded together.
        case .percent(let percent): Int64(Double(neededBytes) * max(0, percent) / (100 - max(0, percent)))
        }
    }

    /// Packs worth repacking, those first that give most for what they cost.
    private func candidates(_ usable: [PackFacts]) -> [(PackFacts, PrunePlan.Reason)] {
        guard options.maxUnused != .unlimited else { return [] }
        let tinyLength = Int64(Double(options.packLength) * PruneOptions.tinyShare)
        func isTiny(_ pack: PackFacts) -> Bool {
            pack.unneededBytes == 0 && pack.holdsData != pack.holdsTrees && (pack.byteCount ?? 0) < tinyLength
        }
        let tiny = usable.filter(isTiny)
        let enoughData = tiny.count { $0.holdsData } >= PruneOptions.tinyPackCount
        let enoughTrees = tiny.count { $0.holdsTrees } >= PruneOptions.tinyPackCount
        var mixed: [(PackFacts, PrunePlan.Reason)] = []
        var partly: [(PackFacts, PrunePlan.Reason)] = []
        var small: [(PackFacts, PrunePlan.Reason)] = []
        for pack in usable {
            if pack.holdsData, pack.holdsTrees {
                mixed.append((pack, .mixed))
            } else if pack.unneededBytes > 0 {
                partly.append((pack, .partlyUnneeded))
            } else if isTiny(pack), pack.holdsData ? enoughData : enoughTrees {
                small.append((pack, .tiny))
            }
        }
        partly.sort { left, right in
            if left.0.holdsTrees != right.0.holdsTrees { return left.0.holdsTrees }
            return left.0.unneededShare > right.0.unneededShare
        }
        return mixed + partly + small
    }
}

extension PackFacts {
    fileprivate var unneededShare: Double { Double(unneededBytes) / Double(max(1, blobBytes)) }
}

extension GoTime {
    /// How long this moment is after another; negative when it is before.
    func timeSince(_ other: GoTime) -> Duration {
        .seconds(seconds - other.seconds) + .nanoseconds(Int64(nanoseconds) - Int64(other.nanoseconds))
    }
}
