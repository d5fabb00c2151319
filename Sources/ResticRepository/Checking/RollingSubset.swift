public import ResticFormat

extension DataSubset {
    /// Chooses packs so that what was read longest ago, or never, comes first: as many runs as there are shares read everything once.
    ///
    /// A share is rounded up to whole packs: 20 runs of 5 % leave nothing out. A group (`3/7`) always holds the same packs.
    ///
    /// - Parameters:
    ///   - packs: their lengths in bytes.
    ///   - lastRead: when each was last read and good; `nil` for never.
    ///   - generator: decides among those that were never read, so that without any memory the draw is as random as restic's.
    /// - Returns: the chosen ones, the most urgent first.
    public func chooseOldest(
        from packs: [ResticID: Int64],
        lastRead: (ResticID) -> Int64?,
        using generator: inout some RandomNumberGenerator
    ) -> [ResticID] {
        // Sorted before it is shuffled: the draw then depends on the generator alone.
        let ordered = packs.keys.sorted().shuffled(using: &generator)
            .map { (id: $0, time: lastRead($0) ?? .min) }
            .sorted { $0.time < $1.time }
            .map(\.id)
        switch self {
        case .all: return ordered
        case .percent(let percent):
            return Array(ordered.prefix(Int((Double(ordered.count) * percent / 100).rounded(.up))))
        case .bytes(let limit):
            var sum: Int64 = 0
            return Array(
                ordered.prefix { id in
                    guard sum < limit else { return false }
                    sum += packs[id] ?? 0
                    return true
                }
            )
        case .group(let number, let groups):
            return ordered.filter { $0.withBytes { Int($0[0]) } % groups == number - 1 }
        }
    }
}
