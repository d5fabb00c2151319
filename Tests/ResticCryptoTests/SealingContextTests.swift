import TestSupport
import Testing

@testable import ResticCrypto

@Suite("Sealing and opening")
struct SealingContextTests {
    @Test("opens what restic has sealed")
    func opensResticsVector() throws {
        // restic internal/repository/crypto/crypto_int_test.go
        let key = try MasterKey(
            encryption: hex("303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef"),
            k: hex("ef4d8824cb80b2bcc5fbff8a9b12a42c"),
            r: hex("cc8d4b948ee0ebfe1d415de921d10353")
        )
        let sealed = hex(
            "69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a54ea63338a813bcf3f75d8c3cc75dddf8750"
        )
        #expect(try SealingContext(key: key).open(sealed) == Array("Dies ist ein Test!".utf8))
    }

    @Test(
        "opens what it has sealed, whatever the length",
        arguments: [0, 1, 15, 16, 17, 31, 32, 33, 1000, 65_535, 65_536, 65_537, 200_001]
    )
    func roundTrip(length: Int) throws {
        var generator = SeededGenerator(seed: UInt64(length))
        let plaintext = generator.bytes(length)
        let context = try SealingContext(key: .random())
        let sealed = try context.seal(plaintext)
        #expect(try context.open(sealed) == plaintext)
        // A context of its own: nothing may be left in the first one that the second needs.
        #expect(length < 16 || Array(sealed[16..<(16 + length)]) != plaintext)
    }

    @Test("uses another nonce each time")
    func nonces() throws {
        let context = try SealingContext(key: .sample())
        let nonces = try (0..<64).map { _ in Array(try context.seal([1, 2, 3])[0..<16]) }
        #expect(Set(nonces).count == nonces.count)
    }

    @Test("refuses a message with any bit of any byte changed")
    func refusesFlips() throws {
        let context = try SealingContext(key: .sample())
        let sealed = try context.seal(Array("nine bytes".utf8))
        for index in sealed.indices {
            for bit in 0..<8 {
                var damaged = sealed
                damaged[index] ^= 1 << UInt8(bit)
                #expect(code { _ = try context.open(damaged) } == .unauthenticated, "byte \(index), bit \(bit)")
            }
        }
        #expect(try context.open(sealed) == Array("nine bytes".utf8))
    }

    @Test("refuses every shorter and any longer form of a message")
    func refusesOtherLengths() throws {
        let context = try SealingContext(key: .sample())
        let sealed = try context.seal(Array("cut me".utf8))
        for length in 0..<sealed.count {
            let expected: ResticCryptoError.Code = length < 32 ? .truncated : .unauthenticated
            #expect(code { _ = try context.open(Array(sealed[0..<length])) } == expected, "\(length) bytes")
        }
        #expect(code { _ = try context.open(sealed + [0]) } == .unauthenticated)
    }

    @Test("leaves the output alone when the MAC is wrong")
    func doesNotDecryptUnverified() throws {
        let context = try SealingContext(key: .sample())
        var sealed = try context.seal([UInt8](repeating: 7, count: 100))
        sealed[131] ^= 1
        var output = [UInt8](repeating: 0xEE, count: 100)
        #expect(
            code {
                _ = try sealed.withUnsafeBytes { sealed in
                    try output.withUnsafeMutableBytes { try context.open(sealed, into: $0) }
                }
            } == .unauthenticated
        )
        #expect(output.allSatisfy { $0 == 0xEE })
    }

    @Test("refuses another key's message")
    func refusesOtherKey() throws {
        let sealed = try SealingContext(key: .random()).seal([1, 2, 3])
        #expect(code { _ = try SealingContext(key: .random()).open(sealed) } == .unauthenticated)
    }

    @Test("refuses a nonce of zeros, even with the right MAC")
    func refusesZeroNonce() throws {
        let context = try SealingContext(key: .sample())
        var sealed = [UInt8](repeating: 0, count: 36)
        _ = try [UInt8](repeating: 0, count: 16).withUnsafeBytes { nonce in
            try ([1, 2, 3, 4] as [UInt8]).withUnsafeBytes { plaintext in
                try sealed.withUnsafeMutableBytes { try context.seal(plaintext, into: $0, nonce: nonce) }
            }
        }
        #expect(code { _ = try context.open(sealed) } == .unauthenticated)
    }

    @Test("seals in place when the plaintext lies where its ciphertext goes", arguments: [1, 16, 100, 70_000])
    func sealsInPlace(length: Int) throws {
        var generator = SeededGenerator(seed: 3)
        let plaintext = generator.bytes(length)
        var buffer = [UInt8](repeating: 0, count: 16) + plaintext + [UInt8](repeating: 0, count: 16)
        let context = try SealingContext(key: .sample())
        _ = try buffer.withUnsafeMutableBytes { buffer in
            try context.seal(UnsafeRawBufferPointer(rebasing: buffer[16..<(16 + length)]), into: buffer)
        }
        #expect(try context.open(buffer) == plaintext)
    }

    @Test("refuses to seal over a plaintext that lies elsewhere in the output", arguments: [0, 1, 15, 17, 31])
    func refusesOtherOverlap(offset: Int) throws {
        var buffer = [UInt8](repeating: 1, count: 132)
        let context = try SealingContext(key: .sample())
        #expect(
            code {
                _ = try buffer.withUnsafeMutableBytes { buffer in
                    try context.seal(UnsafeRawBufferPointer(rebasing: buffer[offset..<(offset + 100)]), into: buffer)
                }
            } == .invalidBuffer
        )
    }

    @Test(
        "opens in place, to the start of the sealed data, of its ciphertext, or to anywhere before",
        arguments: [0, 5, 24, 40],
        [1, 16, 100, 65_536, 200_000]
    )
    func opensInPlace(outputOffset: Int, length: Int) throws {
        // The sealed data lies at 24, its ciphertext at 40.
        var generator = SeededGenerator(seed: 4)
        let plaintext = generator.bytes(length)
        let context = try SealingContext(key: .sample())
        var buffer = [UInt8](repeating: 0, count: 24) + (try context.seal(plaintext))
        let opened = try buffer.withUnsafeMutableBytes { buffer in
            let output = UnsafeMutableRawBufferPointer(rebasing: buffer[outputOffset..<(outputOffset + length)])
            return try context.open(UnsafeRawBufferPointer(rebasing: buffer[24...]), into: output)
        }
        #expect(opened == length)
        #expect(Array(buffer[outputOffset..<(outputOffset + length)]) == plaintext)
    }

    @Test("refuses to open to within the ciphertext, and into too small a buffer")
    func refusesBadOutput() throws {
        let context = try SealingContext(key: .sample())
        let sealed = try context.seal([UInt8](repeating: 9, count: 64))
        var buffer = sealed
        #expect(
            code {
                _ = try buffer.withUnsafeMutableBytes { buffer in
                    try context.open(
                        UnsafeRawBufferPointer(buffer),
                        into: UnsafeMutableRawBufferPointer(rebasing: buffer[17...])
                    )
                }
            } == .invalidBuffer
        )
        #expect(buffer == sealed)
        var small = [UInt8](repeating: 0, count: 63)
        #expect(
            code {
                _ = try sealed.withUnsafeBytes { sealed in
                    try small.withUnsafeMutableBytes { try context.open(sealed, into: $0) }
                }
            } == .invalidBuffer
        )
        var tiny = [UInt8](repeating: 0, count: 31)
        #expect(
            code {
                _ = try [UInt8]().withUnsafeBytes { empty in
                    try tiny.withUnsafeMutableBytes { try context.seal(empty, into: $0) }
                }
            } == .invalidBuffer
        )
    }

    @Test("opens only sealed bytes among random ones", arguments: [UInt64(1), 2, 3])
    func refusesNoise(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let context = try SealingContext(key: .sample())
        for _ in 0..<200 {
            let noise = generator.bytes(Int.random(in: 0..<200, using: &generator))
            #expect(code { _ = try context.open(noise) } != nil, "seed \(seed)")
        }
    }
}
