/// A second reading of the pattern language, written to be obviously right instead of fast: braces are expanded into a
/// list of texts, paths and patterns are cut into components, and every choice is tried.
enum ReferenceMatcher {
    static func matches(_ pattern: String, _ path: String) -> Bool {
        expand(pattern).contains { components(cut($0), cut(path)) }
    }

    private static func cut(_ text: String) -> [[UInt8]] {
        Array(text.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// Every text that the braces stand for, the innermost right-most pair first.
    static func expand(_ pattern: String) -> [String] {
        guard let opening = pattern.lastIndex(of: "{"), let closing = pattern[opening...].firstIndex(of: "}") else {
            return [pattern]
        }
        let before = String(pattern[..<opening])
        let after = String(pattern[pattern.index(after: closing)...])
        let alternatives = pattern[pattern.index(after: opening)..<closing]
            .split(separator: ",", omittingEmptySubsequences: false)
        return alternatives.flatMap { expand(before + String($0) + after) }
    }

    private static func components(_ pattern: [[UInt8]], _ path: [[UInt8]]) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        let rest = Array(pattern.dropFirst())
        if first == Array("**".utf8) {
            if rest.isEmpty { return !path.isEmpty && path != [[]] }
            return (0...path.count).contains { skipped in
                path.prefix(skipped).allSatisfy { !$0.isEmpty } && components(rest, Array(path.dropFirst(skipped)))
            }
        }
        guard let name = path.first else { return false }
        return matches(first[...], name[...]) && components(rest, Array(path.dropFirst()))
    }

    private static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case UInt8(ascii: "*"): return (0...name.count).contains { matches(rest, name.dropFirst($0)) }
        case UInt8(ascii: "?"): return !name.isEmpty && matches(rest, name.dropFirst())
        case UInt8(ascii: "["):
            guard let end = rest.firstIndex(of: UInt8(ascii: "]")), let character = name.first else { return false }
            let body = rest[..<end]
            let isNegated = body.first == UInt8(ascii: "!")
            return (isNegated ? body.dropFirst() : body).contains(character) != isNegated
                && matches(rest[(end + 1)...], name.dropFirst())
        default: return name.first == first && matches(rest, name.dropFirst())
        }
    }
}
