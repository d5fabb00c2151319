/// Finds what an answer cites: numbers in square brackets, `[2]`, `[1, 3]`, `[1-3]`.
enum Citations {
    /// What an answer's brackets hold.
    struct Found: Sendable, Hashable {
        /// The numbers, rising, without repetition.
        var numbers: [Int] = []
        /// Texts in brackets that name a page.
        var paths: [String] = []
    }

    static func find(in answer: String) -> Found {
        var numbers: Set<Int> = []
        var found = Found()
        for bracket in answer.split(separator: "[").dropFirst(answer.hasPrefix("[") ? 0 : 1) {
            guard let end = bracket.firstIndex(of: "]") else { continue }
            let inside = bracket[..<end]
            if let cited = list(inside) {
                numbers.formUnion(cited)
            } else if inside.contains(".mdx") {
                found.paths.append(String(inside))
            }
        }
        found.numbers = numbers.sorted()
        return found
    }

    /// The numbers of `1`, `1, 2` or `1-3`; `nil` when it is something else.
    private static func list(_ text: Substring) -> [Int]? {
        var numbers: [Int] = []
        for part in text.split(whereSeparator: { ",;".contains($0) }) {
            let bounds = part.split(whereSeparator: { "-–".contains($0) }).map { number($0) }
            switch bounds.count {
            case 1:
                guard let single = bounds[0] else { return nil }
                numbers.append(single)
            case 2:
                guard let first = bounds[0], let last = bounds[1], first <= last else { return nil }
                numbers += first...last
            default: return nil
            }
        }
        return numbers.isEmpty ? nil : numbers
    }

    private static func number(_ text: Substring) -> Int? {
        let digits = text.filter { !$0.isWhitespace }
        // Three digits: a year is no citation, and a range stays small.
        guard (1...3).contains(digits.count), digits.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
        return Int(digits)
    }
}
