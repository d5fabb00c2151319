/// The 256 random words of a gear hash: what makes chunk boundaries depend on a secret.
///
/// The hash of a position is `h = (h << 1) + table[byte]`: after 64 bytes the oldest one has been shifted out, so the hash
/// depends on exactly the last 64 bytes.
public struct GearTable: Sendable {
    /// How many bytes before a position its hash depends on.
    public static let window = 64

    let words: [UInt64]

    /// Makes a table from 256 words, which should be uniformly random.
    public init(words: [UInt64]) {
        precondition(words.count == 256)
        self.words = words
    }
}
