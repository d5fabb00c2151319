/// Which texts may be shown and stored as the names of keys.
///
/// A secret can stand where a name belongs: a token alone on a line, a mapping by tokens. What does not look like an identifier is
/// therefore never taken for a name; then the file, or that mapping, has no keys, and a change of it is a change of the whole. It is better
/// not to know a name than to tell a secret.
enum KeyName {
    /// The longest name of one key, in bytes.
    static let maximumByteCount = 64

    /// How tokens of well-known services begin; an identifier could otherwise hide one.
    private static let tokenBeginnings = [
        "sk-", "sk_live", "sk_test", "rk_live", "pk_live", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
        "glpat-",
        "xoxb-", "xoxp-", "xoxa-", "AKIA", "ASIA", "AIza", "eyJ", "hf_", "AGE-SECRET-KEY", "dop_v1_",
    ]

    /// Whether a text looks like the name of one key: words of letters and digits, joined by `_`, `-` or `.`, that were not rolled with dice.
    static func isPlausible(_ text: String) -> Bool {
        (1...maximumByteCount).contains(text.utf8.count) && isPlausiblePath(text)
    }

    /// The same of the names of nested keys, joined by dots.
    static func isPlausiblePath(_ text: String) -> Bool {
        guard !tokenBeginnings.contains(where: { text.hasPrefix($0) }) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            .allSatisfy { isIdentifier(Array($0)) }
    }

    private static func isIdentifier(_ name: [UInt8]) -> Bool {
        guard let first = name.first, isLetter(first) || first == UInt8(ascii: "_"), name.count <= maximumByteCount,
            name.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }),
            !tokenBeginnings.contains(where: { name.starts(with: $0.utf8) })
        else { return false }
        let words = name.split { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
        let hasHyphens = name.contains(UInt8(ascii: "-"))
        return !words.isEmpty && words.allSatisfy { isWord($0) && (!hasHyphens || isPlainWord($0)) }
    }

    /// Between hyphens (`max-connections`, `X-Forwarded-For`) a word is in small or in capital letters, or begins with a capital one.
    private static func isPlainWord(_ word: ArraySlice<UInt8>) -> Bool {
        let rest = word.dropFirst()
        let isSmall = rest.allSatisfy { isSmallLetter($0) || isDigit($0) }
        let isCapital = word.allSatisfy { isCapitalLetter($0) || isDigit($0) }
        return word.count <= 16 && (isSmall || isCapital)
    }

    /// Letters and digits mixed as nobody names things: long, or going back and forth between them.
    private static func isWord(_ word: ArraySlice<UInt8>) -> Bool {
        let hasDigits = word.contains(where: isDigit)
        let hasBothCases = word.contains(where: isSmallLetter) && word.contains(where: isCapitalLetter)
        guard word.count < 16 || !hasDigits, word.count < 12 || !hasDigits || !hasBothCases else { return false }
        let pairs = zip(word, word.dropFirst())
        let mixings = pairs.count { isDigit($0) != isDigit($1) }
        guard word.count < 8 || mixings < 3 else { return false }
        let switches = pairs.count { isSmallLetter($0) != isSmallLetter($1) }
        return word.count < 12 || switches * 5 < word.count * 2
    }

    private static func isSmallLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isCapitalLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }
    private static func isLetter(_ byte: UInt8) -> Bool { isSmallLetter(byte) || isCapitalLetter(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
