/// How far apart two words are, for "did you mean".
enum EditDistance {
    /// The fewest insertions, deletions, replacements and swaps of neighbours that make one word of the other
    /// (Damerau-Levenshtein, optimal string alignment).
    static func between(_ first: String, _ second: String) -> Int {
        let a = Array(first.unicodeScalars)
        let b = Array(second.unicodeScalars)
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var best = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, beforePrevious[j - 1] + 1) }
                row.append(best)
            }
            beforePrevious = previous
            previous = row
        }
        return previous[b.count]
    }

    /// The candidate nearest to a word, if it is near enough to have been meant: at most a third of the longer word
    /// differs, or one is the beginning of the other.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        // Longer words are never one of ours, and the cost is quadratic.
        guard !word.isEmpty, word.unicodeScalars.count <= 64 else { return nil }
        let folded = word.lowercased().replacing("-", with: "_")
        let ranked = candidates.map { (candidate: $0, distance: between(folded, $0)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        if best.distance <= max(1, max(folded.count, best.candidate.count) / 3) { return best.candidate }
        return candidates.first { folded.count >= 3 && ($0.hasPrefix(folded) || folded.hasPrefix($0)) }
    }
}
