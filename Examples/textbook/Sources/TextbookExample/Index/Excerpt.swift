/// Picks the part of a passage that speaks most of a question.
enum Excerpt {
    /// How many characters an excerpt has at most.
    static let characterLimit = 280

    /// The sentence with the most different words of the question, the earliest of equals, with as many of the following
    /// ones as there is room for.
    static func excerpt(of markdown: String, for question: String) -> String {
        let sentences = sentences(of: MarkdownText.plain(markdown))
        let wanted = Set(Words.stems(of: question))
        var best = 0
        var bestCount = 0
        for (position, sentence) in sentences.enumerated() {
            let count = wanted.intersection(Words.stems(of: String(sentence))).count
            if count > bestCount { (best, bestCount) = (position, count) }
        }
        guard best < sentences.count else { return "" }
        var excerpt = shortened(sentences[best])
        for sentence in sentences[(best + 1)...] {
            guard excerpt.count + 1 + sentence.count <= characterLimit else { break }
            excerpt += " " + sentence
        }
        return excerpt
    }

    private static func sentences(of text: String) -> [Substring] {
        var sentences: [Substring] = []
        var start = text.startIndex
        var position = start
        while position < text.endIndex {
            let next = text.index(after: position)
            if ".?!".contains(text[position]), next < text.endIndex, text[next] == " " {
                sentences.append(text[start..<next])
                start = text.index(after: next)
            }
            position = next
        }
        if start < text.endIndex { sentences.append(text[start...]) }
        return sentences
    }

    private static func shortened(_ sentence: Substring) -> String {
        guard sentence.count > characterLimit else { return String(sentence) }
        let head = sentence.prefix(characterLimit - 1)
        return String(head[..<(head.lastIndex(of: " ") ?? head.endIndex)]) + "…"
    }
}
