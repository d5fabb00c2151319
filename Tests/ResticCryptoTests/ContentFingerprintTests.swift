import TestSupport
import Testing

@testable import ResticCrypto

@Suite("A fingerprint of content")
struct ContentFingerprintTests {
    private func fingerprint(_ pieces: [ArraySlice<UInt8>], _ fingerprinter: ContentFingerprinter) throws
        -> ContentFingerprint
    {
        for piece in pieces { try piece.withUnsafeBytes { try fingerprinter.update($0) } }
        return try fingerprinter.finalize()
    }

    @Test("is the same however the content is cut, and for every worker with the key", arguments: [0, 1, 16, 17, 5000])
    func pieces(length: Int) throws {
        var generator = SeededGenerator(seed: UInt64(length))
        let content = generator.bytes(length)
        let key = try ContentFingerprint.Key()
        let one = try fingerprint([content[...]], ContentFingerprinter(key: key))
        let other = try ContentFingerprinter(key: key)
        for _ in 0..<5 {
            let cut = Int.random(in: 0...length, using: &generator)
            #expect(try fingerprint([content[..<cut], content[cut...]], other) == one)
        }
    }

    @Test("differs when any byte or the length does")
    func difference() throws {
        var generator = SeededGenerator(seed: 1)
        let content = generator.bytes(1000)
        let fingerprinter = try ContentFingerprinter(key: ContentFingerprint.Key())
        let original = try fingerprint([content[...]], fingerprinter)
        for index in content.indices {
            var changed = content
            changed[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
            #expect(try fingerprint([changed[...]], fingerprinter) != original)
        }
        #expect(try fingerprint([content.dropLast()], fingerprinter) != original)
        #expect(try fingerprint([content[...], [0]], fingerprinter) != original)
    }

    @Test("is another one under every key, and forgets what was given up")
    func keys() throws {
        let content: [UInt8] = [1, 2, 3]
        let fingerprinter = try ContentFingerprinter(key: ContentFingerprint.Key())
        let one = try fingerprint([content[...]], fingerprinter)
        #expect(try fingerprint([content[...]], ContentFingerprinter(key: ContentFingerprint.Key())) != one)
        try content.withUnsafeBytes { try fingerprinter.update($0) }
        fingerprinter.reset()
        #expect(try fingerprint([content[...]], fingerprinter) == one)
    }
}
