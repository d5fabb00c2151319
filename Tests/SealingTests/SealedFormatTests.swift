import Testing

@testable import Sealing

@Suite("The format of a sealed file")
struct SealedFormatTests {
    @Test(
        "is told by its beginning",
        arguments: [
            ("age-encryption.org/v1\n", SealedFormat.Recognition.format(.age)), ("age-encryption.org/", .format(.age)),
            ("age-encryption.org", .undecided), ("a", .undecided), ("", .undecided), ("age-encryptiom", .unknown),
            (" age-encryption.org/v1\n", .unknown), ("-----BEGIN ", .undecided), ("\n\r -----BEGIN ", .undecided),
            ("-----BEGIN AGE ENCRYPTED FILE-----", .format(.ageText)), ("  \n", .undecided),
            ("\n-----BEGIN AGE ENCRYPTED FILE-----\n", .format(.ageText)),
            ("-----BEGIN PGP MESSAGE-----\n", .format(.openPGPText)), ("-----BEGIN PGP PUBLIC KEY", .unknown),
            ("-----BEGIN OPENSSH", .unknown), ("{\"a\":1}", .unknown), ("\u{0}", .unknown),
            (String(repeating: " ", count: 1024), .undecided), (String(repeating: " ", count: 1025), .unknown),
            (String(repeating: " ", count: 1024) + "-----BEGIN AGE ENCRYPTED FILE-----", .format(.ageText)),
        ] as [(String, SealedFormat.Recognition)]
    )
    func recognition(beginning: String, expected: SealedFormat.Recognition) {
        #expect(SealedFormat.recognize(Array(beginning.utf8)) == expected)
    }

    @Test("is OpenPGP for the packets that an encrypted message begins with, and for no other")
    func packets() {
        let formats = (UInt8.min...UInt8.max).filter { SealedFormat.recognize([$0]) == .format(.openPGP) }
        #expect(
            formats == [
                0x84, 0x85, 0x86, 0x87, 0x8C, 0x8D, 0x8E, 0x8F, 0xA4, 0xA5, 0xA6, 0xA7, 0xC1, 0xC3, 0xC9, 0xD2, 0xD4,
            ]
        )
    }

    @Test("is always decided after the stated number of bytes")
    func decided() {
        for byte in UInt8.min...UInt8.max {
            let bytes = [UInt8](repeating: byte, count: SealedFormat.longestBeginning)
            #expect(SealedFormat.recognize(bytes) != .undecided)
        }
    }

    @Test("does not matter to who opens it, in pieces of any size", arguments: [1, 3, 20_000])
    func unsealer(size: Int) async throws {
        let identity = AgeIdentity()
        for armored in [false, true] {
            let sealed = try await seal(
                Array("hello".utf8),
                to: .age(.keys([identity.recipient])),
                armored: armored,
                by: size
            )
            #expect(try await open(sealed, with: identity, by: size) == Array("hello".utf8))
        }
        #expect(await code { _ = try await open(Array("hello, world".utf8), with: identity, by: size) } == .notSealed)
        #expect(await code { _ = try await open(Array("age".utf8), with: identity, by: size) } == .notSealed)
        #expect(await code { _ = try await open([], with: identity, by: size) } == .truncated)
        #expect(await code { _ = try await open([0x85, 1, 2], with: identity, by: size) } == .noIdentityMatches)
    }
}
