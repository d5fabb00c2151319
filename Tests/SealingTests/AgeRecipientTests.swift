import NIOCore
import TestSupport
import Testing

@testable import Sealing

@Suite("Whom an age file is sealed to")
struct AgeRecipientTests {
    private let plain = Array("a secret".utf8)

    @Test("each of several recipients opens it, nobody else does")
    func several() async throws {
        let identities = (0..<4).map { _ in AgeIdentity() }
        let recipients = try identities.map { try $0.recipient }
        let sealed = try await seal(plain, to: .age(.keys(recipients)))
        for identity in identities { #expect(try await open(sealed, with: identity) == plain) }
        let strangers = AgeIdentities(keys: [AgeIdentity(), AgeIdentity()])
        #expect(openPiecewise(sealed, with: strangers).code == .noIdentityMatches)
        #expect(openPiecewise(sealed, with: AgeIdentities()).code == .noIdentityMatches)
        let all = AgeIdentities(keys: strangers.keys + [identities[3]], passphrases: [try Passphrase("x")])
        #expect(openPiecewise(sealed, with: all).plain == plain)
    }

    @Test("there is at least one")
    func none() async {
        #expect(await code { _ = try await seal(plain, to: .age(.keys([]))) } == .invalidRecipient)
        #expect(await code { _ = try await seal(plain, to: .openPGP([])) } == .invalidRecipient)
    }

    @Test("a passphrase opens what it sealed, another does not, a key does not")
    func passphrase() async throws {
        let right = try Passphrase("correct horse battery staple")
        let sealed = try await seal(plain, to: .age(.passphrase(right, workFactor: 4)))
        #expect(
            openPiecewise(sealed, with: AgeIdentities(passphrases: [try Passphrase("wrong"), right])).plain == plain
        )
        let wrong = AgeIdentities(keys: [AgeIdentity()], passphrases: [try Passphrase("correct horse battery staple ")])
        #expect(openPiecewise(sealed, with: wrong).code == .wrongPassphrase)
        #expect(openPiecewise(sealed, with: AgeIdentities(keys: [AgeIdentity()])).code == .noIdentityMatches)
    }

    @Test("a passphrase costs what age asks for, unless told otherwise")
    func defaultWork() async throws {
        let sealed = try await seal(plain, to: .age(.passphrase(Passphrase("p"))))
        #expect(try AgeHeader.decode(sealed).header.stanzas.map { $0.arguments[2] } == ["18"])
        #expect(openPiecewise(sealed, with: AgeIdentities(passphrases: [try Passphrase("p")])).plain == plain)
    }

    @Test(
        "a work factor above the limit is refused before any work is done",
        arguments: [
            "21", "22", "23", "64", "100", "18446744073709551616", String(repeating: "9", count: 1000),
        ]
    )
    func tooMuchWork(factor: String) throws {
        #expect(try verdict(workFactor: factor) == .limitExceeded)
    }

    @Test(
        "a work factor is a decimal number in its shortest form",
        arguments: [
            "0", "010", "+10", "-1", "0xA", "10.", "1e1", "٣", "", "10 ", "ten",
        ]
    )
    func workFactorForm(factor: String) throws {
        #expect(try verdict(workFactor: factor) == .damaged)
    }

    @Test("the limit of work can be lowered, and raised to that of age and no further")
    func limit() async throws {
        let passphrase = try Passphrase("p")
        let sealed = try await seal(plain, to: .age(.passphrase(passphrase, workFactor: 6)))
        let identities = AgeIdentities(passphrases: [passphrase])
        #expect(openPiecewise(sealed, with: identities, limits: AgeLimits(scryptWorkFactor: 5)).code == .limitExceeded)
        #expect(openPiecewise(sealed, with: identities, limits: AgeLimits(scryptWorkFactor: 6)).code == nil)
        #expect(AgeLimits(scryptWorkFactor: 40).scryptWorkFactor == 22)
        for factor in [0, -1, 23, Int.max] {
            let recipients = SealingRecipients.age(.passphrase(passphrase, workFactor: factor))
            #expect(await code { _ = try await seal(plain, to: recipients) } == .limitExceeded)
        }
    }

    private func verdict(workFactor: String) throws -> SealingError.Code? {
        let crafted = CraftedFile()
        let lines = [
            CraftedFile.version, "-> scrypt \(AgeHeaderTests.salt) \(workFactor)", String(repeating: "A", count: 43),
        ]
        let file = try crafted.file(header: crafted.header(lines))
        return openPiecewise(file, with: AgeIdentities(passphrases: [try Passphrase("p")])).code
    }

    @Test(
        "the stanza of a passphrase has one form",
        arguments: [
            "-> scrypt", "-> scrypt AAAAAAAAAAAAAAAAAAAAAA", "-> scrypt AAAAAAAAAAAAAAAAAAAAAA 4 a", "-> scrypt 4",
            "-> scrypt AAAAAAAAAAAAAAAAAAAAA 4", "-> scrypt AAAAAAAAAAAAAAAAAAAAAAA 4",
            "-> scrypt AAAAAAAAAAAAAAAAAAAAAB 4",
            "-> scrypt AAAAAAAAAAAAAAAAAAAAAA== 4",
        ]
    )
    func scryptForm(line: String) throws {
        let crafted = CraftedFile()
        for body in [43, 44, 42] {
            let lines = [CraftedFile.version, line, String(repeating: "A", count: body)]
            let file = try crafted.file(header: crafted.header(lines))
            #expect(openPiecewise(file, with: AgeIdentities(passphrases: [try Passphrase("p")])).code == .damaged)
        }
    }

    @Test("two passphrases, or one twice, are refused")
    func twoPassphrases() throws {
        let crafted = CraftedFile()
        let passphrase = try Passphrase("p")
        let stanza = try AgeScrypt.stanza(wrapping: crafted.fileKey, for: passphrase, workFactor: 2)
        let one = crafted.lines(of: stanza)
        let identities = AgeIdentities(passphrases: [passphrase])
        let right = try crafted.file(header: crafted.header([CraftedFile.version] + one))
        #expect(openPiecewise(right, with: identities).code == nil)
        let twice = try crafted.file(header: crafted.header([CraftedFile.version] + one + one))
        #expect(openPiecewise(twice, with: identities).code == .damaged)
    }

    @Test("a header whose MAC is wrong is refused though its key opens")
    func wrongMAC() throws {
        let crafted = CraftedFile()
        var header = try AgeHeader.decode(crafted.header()).header
        header.mac[31] ^= 1
        #expect(crafted.code(try crafted.file(header: header.encode())) == .damaged)
        // A stanza of another's added by somebody who cannot open it.
        header.mac[31] ^= 1
        header.authenticatedBytes = AgeHeader.authenticatedBytes(
            of: header.stanzas + [AgeStanza(arguments: ["a"], body: [])]
        )
        #expect(crafted.code(try crafted.file(header: header.encode())) == .damaged)
    }
}
