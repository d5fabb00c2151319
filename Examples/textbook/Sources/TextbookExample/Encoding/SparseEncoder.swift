public import QdrantClient

/// Sparse vectors whose dot product is the BM25 score of a passage for a question.
///
/// BM25 (S. Robertson, H. Zaragoza, "The probabilistic relevance framework: BM25 and beyond", 2009) is a sum over the words of
/// the question: a weight that grows with the word's rarity, times a share that grows with its frequency in the passage.
/// The share is the passage's component, 1 is the question's, and the rarity is the server's to multiply, as it alone knows
/// all passages: the collection's sparse vector has the modifier `idf`.
public enum SparseEncoder {
    /// How slowly further occurrences of a word stop to count.
    static let saturation = 1.2
    /// How much long passages are held against their length: 0 not at all, 1 in full.
    static let lengthNormalisation = 0.75
    /// The usual number of words in a passage, stop words not counted. A constant, so that a passage's vector depends on
    /// nothing but the passage.
    static let usualWordCount = 50.0

    /// The vector of a passage: a share between 0 and 2.2 for each of its words.
    public static func passageVector(of text: String) -> SparseVector {
        let stems = Words.stems(of: text)
        let length = 1 - lengthNormalisation + lengthNormalisation * Double(stems.count) / usualWordCount
        var counts: [String: Int] = [:]
        for stem in stems { counts[stem, default: 0] += 1 }
        return vector(
            counts.mapValues { count in
                let count = Double(count)
                return count * (saturation + 1) / (count + saturation * length)
            }
        )
    }

    /// The vector of a question: 1 for each of its words. Empty when it has no word but stop words.
    public static func questionVector(of text: String) -> SparseVector {
        vector(Dictionary(Words.stems(of: text).map { ($0, 1) }) { first, _ in first })
    }

    /// Rising indices without repetition; words of the same index, of which there are hardly ever any, are added up.
    private static func vector(_ weights: [String: Double]) -> SparseVector {
        var components: [UInt32: Double] = [:]
        for (stem, weight) in weights { components[index(of: stem), default: 0] += weight }
        let sorted = components.sorted { $0.key < $1.key }
        return SparseVector(indices: sorted.map(\.key), values: sorted.map { Float($0.value) })
    }

    /// The dimension of a word: the first 4 bytes of its SHA-256.
    static func index(of stem: String) -> UInt32 {
        UInt32(truncatingIfNeeded: FeatureHash.hash(of: stem) >> 32)
    }
}
