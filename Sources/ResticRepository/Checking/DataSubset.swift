internal import ResticFormat

/// Which packs a check reads. The notation is restic's (`check --read-data-subset`).
public enum DataSubset: Sendable, Hashable {
    /// Every pack.
    case all
    /// So many per cent of the packs, drawn at random; at least one pack.
    case percent(Double)
    /// Packs drawn at random that hold so many bytes together, or a little more.
    case bytes(Int64)
    /// The packs whose first byte, modulo `groups`, is `number - 1`: reading all groups in turn reads everything.
    case group(_ number: Int, of: Int)

    /// Reads `5%`, `2.5%`, a size (`500M`, `2G`; K, M, G and T are powers of 1024, as in restic) or `n/t`, with t up to 256.
    ///
    /// - Returns: `nil` for anything else.
    public init?(_ text: String) {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else { return nil }
            self = .percent(percent)
        } else if text.contains("/") {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
            // More groups than values of a byte would leave some of them empty for ever.
            guard parts.count == 2, let number = parts[0], let groups = parts[1], number > 0, number <= groups,
                groups <= 256
            else { return nil }
            self = .group(number, of: groups)
        } else {
            guard let size = Self.size(text), size > 0 else { return nil }
            self = .bytes(size)
        }
    }

    private static func size(_ text: String) -> Int64? {
        var digits = text[...]
        var factor: Int64 = 1
        if let last = text.uppercased().last, let power = ["B": 0, "K": 1, "M": 2, "G": 3, "T": 4][last] {
            digits = digits.dropLast()
            factor = 1 << (10 * Int64(power))
        }
        guard digits.allSatisfy(\.isNumber), let number = Int64(digits) else { return nil }
        let (size, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : size
    }

    /// Chooses among packs.
    ///
    /// - Parameter packs: their lengths in bytes.
    /// - Returns: the chosen ones, in the order in which they are to be read.
    func choose(from packs: [ResticID: Int64], using generator: inout some RandomNumberGenerator) -> [ResticID] {
        // Sorted first: the draw then depends on the generator alone.
        let sorted = packs.keys.sorted()
        switch self {
        case .all: return sorted
        case .percent(let percent):
            let count = max(1, Int(Double(sorted.count) * percent / 100))
            return sorted.shuffled(using: &generator).prefix(count).sorted()
        case .bytes(let limit):
            var sum: Int64 = 0
            return sorted.shuffled(using: &generator).prefix { id in
                guard sum < limit else { return false }
                sum += packs[id] ?? 0
                return true
            }.sorted()
        case .group(let number, let groups):
            return sorted.filter { $0.withBytes { Int($0[0]) } % groups == number - 1 }
        }
    }
}
