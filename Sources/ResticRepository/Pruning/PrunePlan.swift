public import ResticFormat

/// What a prune does with every pack, and why: printed by a dry run, then executed.
public struct PrunePlan: Sendable {
    /// What happens to a pack.
    public enum Action: String, Sendable, Hashable, CaseIterable, Codable {
        /// It stays as it is.
        case keep
        /// What is needed of it is copied into new packs; then it is marked.
        case repack
        /// It is marked: removed by a later run, when it is still unneeded then.
        case mark
        /// It was marked and is needed again: the mark is taken away.
        case unmark
        /// It is marked and stays for now.
        case wait
        /// It is removed.
        case remove
    }

    /// Why.
    public enum Reason: Sendable, Hashable, CustomStringConvertible {
        /// All of it is needed.
        case needed
        /// Some of it is not needed, within the limit.
        case tolerated
        /// It would be repacked, but the budget is used up.
        case overBudget
        /// It is needed again.
        case neededAgain
        /// No snapshot needs it, or all that is needed of it is stored elsewhere too.
        case unreferenced
        /// No index names it.
        case unindexed
        /// The index names it, no snapshot needs it, and the file is not there.
        case fileMissing
        /// Too much of it is not needed.
        case partlyUnneeded
        /// It holds data and trees.
        case mixed
        /// It is small, and so are many others.
        case tiny
        /// It was marked at this time; the grace period is not over.
        case grace(since: GoTime)
        /// The store retains it until this time (object lock).
        case retention(until: GoTime)
        /// A process that may still be going to index it is at work.
        case holder(PackMark.Holder)
        /// The clock cannot be trusted.
        case clock

        /// A few words.
        public var description: String {
            switch self {
            case .needed: "all of it is needed"
            case .tolerated: "what is unneeded in it is within the limit"
            case .overBudget: "the budget for repacking is used up"
            case .neededAgain: "it is needed again"
            case .unreferenced: "no snapshot needs it"
            case .unindexed: "no index names it"
            case .fileMissing: "its file is missing and no snapshot needs it"
            case .partlyUnneeded: "too much of it is unneeded"
            case .mixed: "it holds data and trees"
            case .tiny: "it is small, and so are many others"
            case .grace(let time): "marked at \(time), the grace period is not over"
            case .retention(let time): "the store retains it until \(time)"
            case .holder(let holder): "process \(holder.pid) on \(holder.hostname) may still be going to index it"
            case .clock: "the clock stands before what the repository shows"
            }
        }
    }

    /// What happens to one pack.
    public struct Pack: Sendable, Hashable {
        /// The pack.
        public var id: ResticID
        /// What happens.
        public var action: Action
        /// Why.
        public var reason: Reason
        /// The length of its file in bytes; 0 when it is missing.
        public var byteCount: Int64
        /// Bytes of blobs in it that are needed, and taken from here.
        public var neededBytes: Int64
        /// Bytes of blobs in it that are not needed.
        public var unneededBytes: Int64
        /// Whether an index names it.
        public var isIndexed: Bool
        /// Until when the store retains its file, when nobody needs it and that time is to come.
        public var retainedUntil: GoTime?
    }

    /// Every pack in the repository, in the order of their names.
    public var packs: [Pack]
    /// Why nothing may be removed now, if that is so.
    public var sweepRefusal: String?

    /// How many packs an action concerns, and how long their files are together.
    public func total(_ action: Action) -> (packs: Int, byteCount: Int64) {
        packs.reduce(into: (0, 0)) { total, pack in
            guard pack.action == action else { return }
            total.packs += 1
            total.byteCount += pack.byteCount
        }
    }

    /// The packs that nobody needs and the store retains: how many, how long they are together, and when the last retention ends.
    public var retained: (packs: Int, byteCount: Int64, until: GoTime)? {
        let times = packs.compactMap(\.retainedUntil)
        guard let until = times.max() else { return nil }
        return (times.count, packs.reduce(0) { $0 + ($1.retainedUntil == nil ? 0 : $1.byteCount) }, until)
    }

    /// The ids of the packs that an action concerns.
    func ids(_ action: Action, where isWanted: (Pack) -> Bool = { _ in true }) -> Set<ResticID> {
        var ids: Set<ResticID> = []
        for pack in packs where pack.action == action && isWanted(pack) { ids.insert(pack.id) }
        return ids
    }
}
