import TestSupport
import Testing

@testable import Sealing

@Suite("Keys of age")
struct AgeKeyTests {
    // C2SP age.md, section The X25519 recipient type: the identity of 32 bytes 0x42 and its recipient.
    static let identityText = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
    static let recipientText = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"

    @Test("an identity of the specification has the recipient of the specification")
    func specification() throws {
        let identity = try AgeIdentity(Self.identityText)
        #expect(try identity.recipient.description == Self.recipientText)
        #expect(identity.exposed == Self.identityText)
        #expect(try AgeRecipient(Self.recipientText) == identity.recipient)
    }

    @Test("new identities differ, and are read back from their text")
    func new() throws {
        let identity = AgeIdentity()
        #expect(identity.exposed != AgeIdentity().exposed)
        #expect(try AgeIdentity(identity.exposed).recipient == identity.recipient)
    }

    @Test("show their secret in no description")
    func redacted() throws {
        let identity = try AgeIdentity(Self.identityText)
        let passphrase = try Passphrase("correct horse")
        var dumped = ""
        dump(identity, to: &dumped)
        dump(passphrase, to: &dumped)
        dump(GnuPG(passphrase: passphrase), to: &dumped)
        dump(SealingRecipients.age(.passphrase(passphrase)), to: &dumped)
        let texts = [
            "\(identity)", "\(passphrase)", String(reflecting: identity), String(reflecting: passphrase), dumped,
        ]
        for text in texts {
            #expect(!text.contains("GFPYY") && !text.contains("horse") && !text.contains("66"), "\(text)")
        }
    }

    @Test(
        "refuses what is no recipient",
        arguments: [
            ("", SealingError.Code.invalidRecipient), ("age1", .invalidRecipient), ("age1qqqq", .invalidRecipient),
            // One letter wrong, one missing, one in capitals, all in capitals, spaces around.
            ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwz", .invalidRecipient),
            ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujw", .invalidRecipient),
            ("age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwJ", .invalidRecipient),
            (recipientText.uppercased(), .invalidRecipient), (" \(recipientText)", .invalidRecipient),
            (identityText, .invalidRecipient), (identityText.lowercased(), .invalidRecipient),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", .unsupported),
            (Bech32.encode(prefix: "age1yubikey", bytes: [1, 2, 3]), .unsupported),
            (Bech32.encode(prefix: "age1pq", bytes: [UInt8](repeating: 1, count: 1216)), .unsupported),
            (Bech32.encode(prefix: "age", bytes: [UInt8](repeating: 1, count: 31)), .invalidRecipient),
            (Bech32.encode(prefix: "age", bytes: [UInt8](repeating: 1, count: 33)), .invalidRecipient),
            // Points of low order: 0, 1, and one of order 8 (RFC 7748, section 7; cr.yp.to/ecdh.html).
            (Bech32.encode(prefix: "age", bytes: [UInt8](repeating: 0, count: 32)), .invalidRecipient),
            (Bech32.encode(prefix: "age", bytes: [1] + [UInt8](repeating: 0, count: 31)), .invalidRecipient),
            (Bech32.encode(prefix: "age", bytes: lowOrderPoint), .invalidRecipient),
        ] as [(String, SealingError.Code)]
    )
    func invalidRecipients(text: String, code: SealingError.Code) throws {
        let error = try #require(throws: SealingError.self) { try AgeRecipient(text) }
        #expect(error.code == code)
        #expect(!error.description.contains("GFPYY"))
    }

    @Test(
        "refuses what is no identity, without repeating it",
        arguments: [
            ("", SealingError.Code.invalidIdentity), (recipientText, .invalidIdentity),
            (identityText.lowercased(), .invalidIdentity), (identityText + " ", .invalidIdentity),
            (String(identityText.dropLast()), .invalidIdentity),
            (identityText.replacing("GFPYY", with: "GFPYX", maxReplacements: 1), .invalidIdentity),
            (Bech32.encode(prefix: "age-secret-key-", bytes: [1, 2, 3]).uppercased(), .invalidIdentity),
            ("AGE-PLUGIN-YUBIKEY-1GFPYY", .unsupported), ("AGE-SECRET-KEY-PQ-1GFPYY", .unsupported),
        ] as [(String, SealingError.Code)]
    )
    func invalidIdentities(text: String, code: SealingError.Code) throws {
        let error = try #require(throws: SealingError.self) { try AgeIdentity(text) }
        #expect(error.code == code)
        #expect(!error.description.contains("GFPY"))
    }

    @Test("identity files may hold comments, empty lines and the line ends of Windows")
    func identityFile() throws {
        let text = "# made today\r\n\n\(Self.identityText)\r\n#AGE\n\(AgeIdentity().exposed)"
        let identities = try AgeKeyFile.identities(Array(text.utf8))
        #expect(identities.count == 2)
        #expect(try identities[0].recipient.description == Self.recipientText)
        let written = try AgeKeyFile.exposedText(of: identities[0], comment: "two\nlines")
        #expect(try AgeKeyFile.identities(Array(written.utf8)).map(\.exposed) == [Self.identityText])
        #expect(written.contains("# public key: \(Self.recipientText)\n"))
    }

    @Test("recipient files are read the same way")
    func recipientFile() throws {
        let other = try AgeIdentity().recipient
        let text = "\n# the office\n\(Self.recipientText)\n\(other)\n"
        #expect(try AgeKeyFile.recipients(Array(text.utf8)).map(\.description) == [Self.recipientText, "\(other)"])
    }

    @Test(
        "files of keys are refused with the number of the line, not its text",
        arguments: [
            ("# only\n", SealingError.Code.invalidIdentity, ""), ("", .invalidIdentity, ""),
            ("\n\nGFPYY\n", .invalidIdentity, "line 3"), (" \(identityText)\n", .invalidIdentity, "line 1"),
            ("#\nAGE-PLUGIN-X-1GFPYY\n", .unsupported, "line 2"), ("age-encryption.org/v1\n", .unsupported, "sealed"),
            ("-----BEGIN AGE ENCRYPTED FILE-----\n", .unsupported, "sealed"),
            (String(repeating: "#", count: 1 << 20 + 1), .limitExceeded, ""),
        ] as [(String, SealingError.Code, String)]
    )
    func refusedFiles(text: String, code: SealingError.Code, words: String) throws {
        let error = try #require(throws: SealingError.self) { try AgeKeyFile.identities(Array(text.utf8)) }
        #expect(error.code == code)
        #expect(words.isEmpty || error.message.contains(words))
        #expect(!error.description.contains("GFPYY"))
        #expect(throws: SealingError.self) { try AgeKeyFile.recipients(Array(text.utf8)) }
    }

    @Test("a passphrase is not empty and has one line", arguments: ["", "a\nb", "a\r", "a\0"])
    func passphrases(text: String) {
        #expect(throws: SealingError.self) { try Passphrase(text) }
    }

    // Order 8; from the list at cr.yp.to/ecdh.html, section validate.
    static let lowOrderPoint: [UInt8] = [
        0xE0, 0xEB, 0x7A, 0x7C, 0x3B, 0x41, 0xB8, 0xAE, 0x16, 0x56, 0xE3, 0xFA, 0xF1, 0x9F, 0xC4, 0x6A,
        0xDA, 0x09, 0x8D, 0xEB, 0x9C, 0x32, 0xB1, 0xFD, 0x86, 0x62, 0x05, 0x16, 0x5F, 0x49, 0xB8, 0x00,
    ]
}

@Suite("The encodings of age")
struct EncodingTests {
    @Test("base 64 is read back, padded or not", arguments: 0...70)
    func base64(count: Int) {
        var generator = SeededGenerator(seed: UInt64(count))
        let bytes = generator.bytes(count)
        for padded in [false, true] {
            let text = Base64.encode(bytes, padded: padded)
            #expect(Base64.decode(text[...], padded: padded) == bytes)
            #expect(padded ? text.count % 4 == 0 : text.count == Base64.unpaddedLength(of: count))
            if count % 3 != 0 { #expect(Base64.decode(text[...], padded: !padded) == nil) }
        }
    }

    @Test(
        "base 64 of another spelling is refused",
        arguments: ["A", "AB", "AAB", "AA==", "A A", "A\n", "-_AA", "AA=A", "AAA=A", "=", "AAAAA"]
    )
    func base64Refusals(text: String) {
        #expect(Base64.decode(Array(text.utf8)[...]) == nil)
    }

    @Test(
        "padded base 64 of another spelling is refused",
        arguments: ["AA", "AA=", "AA===", "A===", "====", "AB==", "AAB=", "=AAA", "AA=A", "AAAA====", "AA==AAAA"]
    )
    func paddedRefusals(text: String) {
        #expect(Base64.decode(Array(text.utf8)[...], padded: true) == nil)
    }

    @Test(
        "the valid texts of BIP 173 are read",
        arguments: [
            "A12UEL5L", "a12uel5l",
            "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
            "?1ezyfcl",
        ]
    )
    func bech32(text: String) throws {
        let decoded = try #require(Bech32.decode(text))
        #expect(Bech32.encode(prefix: decoded.prefix.lowercased(), bytes: decoded.bytes) == text.lowercased())
    }

    @Test(
        "the invalid texts of BIP 173 are refused",
        arguments: [
            " 1nwldj5", "\u{7F}1axkwrx", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3", "A1G7SGD8",
            "10a06t8",
            "1qzzfhee", "a12UEL5L",
        ]
    )
    func bech32Refusals(text: String) {
        #expect(Bech32.decode(text) == nil)
    }

    @Test("one wrong letter in a key is always noticed")
    func slips() {
        let text = Array(AgeKeyTests.recipientText.utf8)
        for index in text.indices {
            for letter in "qpzry9x8gf2tvdw0s3jn54khce6mua7lbio1".utf8 where letter != text[index] {
                var changed = text
                changed[index] = letter
                #expect(Bech32.decode(String(decoding: changed, as: UTF8.self)) == nil)
            }
        }
    }
}
