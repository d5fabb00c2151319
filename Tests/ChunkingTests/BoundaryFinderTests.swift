import TestSupport
import Testing

@testable import Chunking

@Suite("The end of a chunk")
struct BoundaryFinderTests {
    private static let parameters = ChunkParameters(minimum: 256, normal: 2048, maximum: 8192)

    /// The rule as decision 0004 states it, one byte at a time.
    private func plainBoundary(_ bytes: ArraySlice<UInt8>, _ words: [UInt64]) -> Int? {
        let parameters = Self.parameters
        var hash: UInt64 = 0
        for (offset, byte) in bytes.enumerated().dropFirst(parameters.minimum - GearTable.window) {
            hash = (hash &<< 1) &+ words[Int(byte)]
            let length = offset + 1
            guard length > parameters.minimum else { continue }
            let mask = length > parameters.normal ? parameters.relaxedMask : parameters.strictMask
            if hash & mask == 0 || length == parameters.maximum { return length }
        }
        return nil
    }

    @Test("is where the plain rule puts it, in whatever portions the bytes arrive", arguments: UInt64(0)..<30)
    func plainRule(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let words = (0..<256).map { _ in UInt64.random(in: .min ... .max, using: &generator) }
        let content = generator.bytes(100_000)
        var finder = BoundaryFinder(parameters: Self.parameters, table: GearTable(words: words))
        var start = 0
        var cuts = 0
        while let expected = plainBoundary(content[start...], words) {
            var arrived = 0
            var found: Int?
            while found == nil, start + arrived < content.count {
                arrived = min(content.count - start, arrived + Int.random(in: 1...700, using: &generator))
                found = content[start..<(start + arrived)].withUnsafeBytes { finder.scan($0) }
            }
            #expect(found == expected, "seed \(seed), chunk from \(start)")
            finder.reset()
            start += expected
            cuts += 1
        }
        #expect(cuts > 10)
    }
}
