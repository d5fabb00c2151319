/// The words by which passages and questions are compared: lower case, without stop words, lightly stemmed.
///
/// English only. A question and a passage meet when their stems are equal, so what a stem looks like does not matter.
enum Words {
    /// The stems of a text in their order, repetitions included.
    static func stems(of text: String) -> [String] {
        words(of: MarkdownText.plain(text)).filter { !stopWords.contains($0) }.map(stem)
    }

    /// Runs of letters, marks and digits, in lower case. `6,792` and `1.52` are one word each.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        var word = String.UnicodeScalarView()
        let scalars = Array(text.lowercased().unicodeScalars)
        for (position, scalar) in scalars.enumerated() {
            if isPartOfWord(scalar) {
                word.append(scalar)
            } else if position + 1 < scalars.count, word.last.map(isDigit) ?? false, isDigit(scalars[position + 1]),
                scalar == "," || scalar == "."
            {
                if scalar == "." { word.append(scalar) }
            } else if !word.isEmpty {
                words.append(String(word))
                word = String.UnicodeScalarView()
            }
        }
        if !word.isEmpty { words.append(String(word)) }
        return words
    }

    /// The word without the endings of plural, `-ing`, `-ed` and a last `e`. After the first steps of M. F. Porter,
    /// "An algorithm for suffix stripping", 1980, and no further: what it would also join, shared letters join as well.
    static func stem(_ word: String) -> String {
        guard word.utf8.count > 3, word.utf8.allSatisfy({ (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }) else {
            return word
        }
        var stem = Array(word.utf8)
        if stem.hasSuffix("ies"), stem.count > 4 {
            stem.replaceSubrange((stem.count - 3)..., with: "y".utf8)
        } else if stem.hasSuffix("s"), !["ss", "us", "is"].contains(where: { stem.hasSuffix($0) }) {
            stem.removeLast()
        }
        for ending in ["ing", "ed"] where stem.hasSuffix(ending) {
            let rest = stem.dropLast(ending.utf8.count)
            guard rest.count > 2, rest.contains(where: isVowel), rest.last != UInt8(ascii: "e") else { break }
            stem = Array(rest)
            // "spinning" and "spin", but "falling" and "fall".
            if let last = stem.last, stem[stem.count - 2] == last, !"lsz".utf8.contains(last), !isVowel(last) {
                stem.removeLast()
            }
            break
        }
        if stem.count > 3, stem.last == UInt8(ascii: "e") { stem.removeLast() }
        return String(decoding: stem, as: UTF8.self)
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .uppercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber, .letterNumber, .otherNumber:
            true
        default: false
        }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isVowel(_ letter: UInt8) -> Bool { "aeiouy".utf8.contains(letter) }

    /// Words that say nothing about a subject, the remains of `'s`, `n't` and the like, and what makes a sentence a question.
    private static let stopWords: Set<String> = Set(
        """
        a about above after again all almost also although always am an and any are around as at away be became because \
        become been before being below between both but by came can cannot come could d did do does doing done down \
        during each either else even ever every few first for from further get give go had has have having he help her \
        here him his how however i if in into is it its itself just ll made make many may me might more most much must \
        my near nearly neither never no nor not now of off often on once one only or other our out over own quite rather \
        re s same say shall she should show since so some still such t take tell than that the their them then there \
        these they this those though through thus to together too toward towards two under until up upon us ve very was \
        we well were what when where whether which while who whom whose why will with within without would yet you your
        """.split(separator: " ").map(String.init)
    )
}

extension [UInt8] {
    fileprivate func hasSuffix(_ suffix: String) -> Bool {
        count >= suffix.utf8.count && self[(count - suffix.utf8.count)...].elementsEqual(suffix.utf8)
    }
}
