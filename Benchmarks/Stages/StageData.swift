import Glibc
import ResticFormat
import TestSupport

/// What the stages work on: the same for the same seed. Each is 16 MiB.
struct StageData {
    static let byteCount = 16 << 20
    /// The size of most chunks.
    static let chunkLength = 1 << 20

    /// Vectors of 384 32-bit floats and length 1: what a segment file holds.
    let embeddings: [UInt8]
    /// Words of an invented language, the frequent ones far more frequent.
    let text: [UInt8]
    /// What cannot be compressed.
    let noise: [UInt8]
    /// Zeros.
    let zeros = [UInt8](repeating: 0, count: byteCount)

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        embeddings = Self.makeEmbeddings(&random)
        text = Self.makeText(&random)
        noise = random.bytes(Self.byteCount)
    }

    /// So many identifiers, none twice.
    static func identifiers(_ count: Int, seed: UInt64 = 2) -> [ResticID] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            random.bytes(ResticID.byteCount).withUnsafeBytes { ResticID(bytes: $0) }
        }
    }

    /// Calls `body` with each whole chunk of `bytes`.
    static func forEachChunk(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { all in
            for start in stride(from: 0, to: all.count, by: chunkLength) {
                try body(UnsafeRawBufferPointer(rebasing: all[start..<min(all.count, start + chunkLength)]))
            }
        }
    }

    private static func makeEmbeddings(_ random: inout SeededGenerator) -> [UInt8] {
        let dimensions = 384
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        while bytes.count < byteCount {
            var vector = (0..<dimensions).map { _ in gaussian(&random) }
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for index in vector.indices { vector[index] /= length }
            vector.withUnsafeBytes { bytes.append(contentsOf: $0.prefix(byteCount - bytes.count)) }
        }
        return bytes
    }

    /// Box and Muller's method.
    private static func gaussian(_ random: inout SeededGenerator) -> Float {
        let radius = (-2 * log(Double.random(in: .leastNonzeroMagnitude..<1, using: &random))).squareRoot()
        return Float(radius * cos(2 * .pi * Double.random(in: 0..<1, using: &random)))
    }

    private static func makeText(_ random: inout SeededGenerator) -> [UInt8] {
        let syllables = ["ba", "kor", "li", "men", "nu", "ost", "pra", "sil", "ta", "ver", "wen", "zo"]
        let words = (0..<20_000).map { _ in
            (0..<Int.random(in: 1...4, using: &random)).map { _ in syllables.randomElement(using: &random) ?? "" }
                .joined()
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount + 64)
        while bytes.count < byteCount {
            // Zipf's law, near enough: the logarithm of a word's rank is uniform.
            let rank = Int(exp(Double.random(in: 0..<log(Double(words.count)), using: &random)))
            bytes.append(contentsOf: words[rank - 1].utf8)
            bytes.append(UInt8(ascii: Int.random(in: 0..<12, using: &random) == 0 ? "\n" : " "))
        }
        return Array(bytes[..<byteCount])
    }
}
