/// A dense vector made of the letters and words of a text: a stand-in for an embedding model.
///
/// It needs no model, no download and no accelerator, so that a demonstration starts at once and gives the same vectors
/// everywhere. It knows nothing of meaning: texts are near when they share words, neighbouring words or parts of words.
/// "Sun" and "star" are as far apart as any two words. A real chatbot puts its model here.
///
/// Words, pairs of neighbouring words and runs of 3 to 5 letters are hashed to ``dimensionCount`` dimensions with a sign each
/// (feature hashing: K. Weinberger et al., "Feature hashing for large scale multitask learning", 2009), weighted with the
/// square root of how often they occur, and the sum is scaled to length 1. Only additions, multiplications and square
/// roots are used, which IEEE 754 defines exactly: equal texts have equal bits on every machine.
public enum LocalEmbedding {
    /// What this embedding is called; kept with the collection.
    public static let name = "holdfast-lexical-hash-384"
    /// Changes whenever a text would get another vector than before; kept with the collection.
    public static let revision = 1
    /// How many components a vector has.
    public static let dimensionCount = 384

    /// The vector of a text: of length 1, or all zeros when the text has no word but stop words.
    ///
    /// Lengths differ from 1 by far less than 10^−6, so Qdrant, which normalises for Cosine, stores these very bits.
    public static func vector(of text: String) -> [Float] {
        var sums = [Double](repeating: 0, count: dimensionCount)
        for feature in features(of: Words.stems(of: text)) {
            let hash = FeatureHash.hash(of: feature.name)
            let dimension = Int((hash >> 32) * UInt64(dimensionCount) >> 32)
            sums[dimension] += hash & 1 == 0 ? feature.weight : -feature.weight
        }
        let length = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return sums.map { Float(length > 0 ? $0 / length : 0) }
    }

    private enum Weight {
        static let word = 1.0
        static let pair = 0.5
        static let letters = 0.2
    }

    private struct Feature {
        var name: String
        var weight: Double
    }

    /// All features in the order of their first occurrence: sums of floating-point numbers depend on the order.
    private static func features(of stems: [String]) -> [Feature] {
        var counts: [String: Int] = [:]
        var features: [Feature] = []
        func add(_ name: String, _ weight: Double) {
            let count = counts[name, default: 0]
            counts[name] = count + 1
            if count == 0 { features.append(Feature(name: name, weight: weight)) }
        }
        for stem in stems {
            add("word \(stem)", Weight.word)
            for letters in letterRuns(of: stem) { add("letters \(letters)", Weight.letters) }
        }
        for (left, right) in zip(stems, stems.dropFirst()) { add("pair \(left) \(right)", Weight.pair) }
        for position in features.indices {
            features[position].weight *= Double(counts[features[position].name] ?? 0).squareRoot()
        }
        return features
    }

    /// All runs of 3 to 5 letters of a word between two bars, which mark its beginning and its end.
    private static func letterRuns(of word: String) -> [String] {
        let letters = Array("|\(word)|")
        return (3...5).flatMap { length in
            letters.count < length ? [] : (0...(letters.count - length)).map { String(letters[$0..<($0 + length)]) }
        }
    }
}
