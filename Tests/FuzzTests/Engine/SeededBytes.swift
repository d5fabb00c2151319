import TestSupport

/// The source of chance for one input: the same seed and round give the same input, whatever came before.
struct SeededBytes {
    var generator: SeededGenerator

    init(seed: UInt64, round: Int) {
        // Neighbouring rounds begin far apart: the multiplier is that of the generator's own sequence.
        generator = SeededGenerator(seed: seed &+ UInt64(round) &* 0xD134_2543_DE82_EF95)
    }

    mutating func int(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// True once in `count` times.
    mutating func once(in count: Int) -> Bool { int(0..<count) == 0 }

    mutating func element<Element>(of list: [Element]) -> Element { list[int(0..<list.count)] }

    /// A part of `0..<count`, short more often than long.
    mutating func part(of count: Int) -> Range<Int> {
        let start = int(0..<(count + 1))
        let longest = min(count - start, once(in: 4) ? count : 16)
        return start..<(start + int(0..<(longest + 1)))
    }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: generator.next()) }
}
