/// A random generator whose seed reproduces a failing test: SplitMix64.
///
/// Its description, which Swift Testing prints with a failed expectation about it, is the seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable, CustomStringConvertible {
    /// What the sequence began with.
    public let seed: UInt64
    private var state: UInt64

    /// Begins the sequence of `seed`.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// Begins a sequence never seen before; print ``seed`` when the test fails.
    public init() {
        self.init(seed: .random(in: .min ... .max))
    }

    public var description: String { "seed \(seed)" }

    // Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Makes `count` random bytes, eight at a time.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            while initialized < count {
                withUnsafeBytes(of: next().littleEndian) { word in
                    for byte in word.prefix(count - initialized) {
                        buffer.initializeElement(at: initialized, to: byte)
                        initialized += 1
                    }
                }
            }
        }
    }
}
