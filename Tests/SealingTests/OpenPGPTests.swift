import Foundation
import NIOCore
import struct Synchronization.Atomic
import TestSupport
import Testing

@testable import Sealing

@Suite("OpenPGP through gpg", .enabled(if: Program.gpg != nil && Program.gpgconf != nil, "gpg is not installed"))
struct OpenPGPTests {
    private let plain = Array("a secret\n".utf8)

    @Test("gpg opens what we seal, and we what it seals", arguments: [false, true])
    func bothWays(armored: Bool) async throws {
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org")
            var generator = SeededGenerator(seed: 9)
            for count in [0, 1, 65_535, 65_536, 65_537, 3_333_333] {
                let plain = generator.bytes(count)
                let ours = try await keyring.seal(plain, to: [recipient], armored: armored)
                #expect(SealedFormat.recognize(ours) == .format(armored ? .openPGPText : .openPGP))
                let opened = try await keyring.gpg(["--decrypt"], input: ours)
                #expect(opened.succeeded && opened.output == plain, "\(count) bytes: \(opened.errorText)")
                #expect(try await keyring.open(ours) == plain)

                let arguments = ["--encrypt", "--recipient", "\(recipient)"] + (armored ? ["--armor"] : [])
                let theirs = try await keyring.gpg(arguments, input: plain)
                try #require(theirs.succeeded, "\(theirs)")
                #expect(try await keyring.open(theirs.output) == plain)
            }
        }
    }

    @Test("each of several recipients opens it; a keyring without their secret keys does not")
    func several() async throws {
        try await Keyring.with { sender in
            try await Keyring.with { one in
                let ours = try await one.makeKey("one@example.org")
                let theirs = try await Keyring.with { two in
                    let recipient = try await two.makeKey("two@example.org")
                    try await sender.gpg(["--import"], input: two.gpg(["--export", "\(recipient)"]).output)
                    try await sender.gpg(["--import"], input: one.gpg(["--export", "\(ours)"]).output)
                    let sealed = try await sender.seal(plain, to: [ours, recipient])
                    #expect(try await two.open(sealed) == plain)
                    #expect(try await one.open(sealed) == plain)
                    return recipient
                }
                #expect(await sender.code(try await sender.seal(plain, to: [ours])) == .noIdentityMatches)
                #expect(await one.code(try await sender.seal(plain, to: [theirs])) == .noIdentityMatches)
            }
        }
    }

    @Test("a recipient who is not in the keyring, has expired or is revoked stops it, even beside a good one")
    func badRecipients() async throws {
        try await Keyring.with { keyring in
            let good = try await keyring.makeKey("good@example.org")
            let stranger = try OpenPGPRecipient("0123 4567 89AB CDEF 0123  4567 89AB CDEF 0123 4567")
            let expired = try await keyring.makeKey(
                "old@example.org",
                expires: "20200201T000000",
                more: ["--faked-system-time", "20200101T000000"]
            )
            let revoked = try await keyring.makeKey("lost@example.org")
            let certificate = try String(
                contentsOfFile: "\(keyring.home)/openpgp-revocs.d/\(revoked).rev",
                encoding: .utf8
            ).replacing(":-----BEGIN", with: "-----BEGIN")
            try await keyring.gpg(["--import"], input: Array(certificate.utf8))
            for (bad, code) in [
                (stranger, SealingError.Code.recipientNotFound), (expired, .recipientExpired),
                (revoked, .recipientRevoked),
            ] {
                for recipients in [[bad], [good, bad], [bad, good]] {
                    #expect(await SealingTests.code { _ = try await keyring.seal(plain, to: recipients) } == code)
                }
            }
            #expect(try await keyring.open(keyring.seal(plain, to: [good])) == plain)
        }
    }

    @Test("an address counts only when the keyring vouches for the key, a fingerprint always")
    func trust() async throws {
        try await Keyring.with { keyring in
            let (address, theirs) = try await Keyring.with { other in
                let fingerprint = try await other.makeKey("ops@example.org")
                try await keyring.gpg(["--import"], input: other.gpg(["--export", "\(fingerprint)"]).output)
                return (try OpenPGPRecipient("ops@example.org"), fingerprint)
            }
            #expect(await code { _ = try await keyring.seal(plain, to: [address]) } == .recipientNotTrusted)
            #expect(await code { _ = try await keyring.seal(plain, to: [theirs, address]) } == .recipientNotTrusted)
            #expect(try await !keyring.seal(plain, to: [theirs]).isEmpty)
            // Made here: ultimately trusted.
            _ = try await keyring.makeKey("me@example.org")
            #expect(try await keyring.open(keyring.seal(plain, to: [OpenPGPRecipient("me@example.org")])) == plain)
            // The address as a whole, not a part of it.
            #expect(
                await code { _ = try await keyring.seal(plain, to: [OpenPGPRecipient("e@example.org")]) }
                    == .recipientNotFound
            )
        }
    }

    @Test("a locked secret key needs its passphrase: the right one, and no terminal")
    func locked() async throws {
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org", passphrase: "hunter2 ü")
            let sealed = try await keyring.seal(plain, to: [recipient])
            try await keyring.forgetPassphrases()
            #expect(await keyring.code(sealed) == .passphraseNeeded)
            #expect(await keyring.code(sealed, passphrase: try Passphrase("hunter3")) == .wrongPassphrase)
            #expect(try await keyring.open(sealed, passphrase: Passphrase("hunter2 ü")) == plain)
            // The agent remembers it now.
            #expect(try await keyring.open(sealed) == plain)
        }
    }

    @Test("a passphrase is on no command line, in no error and no description")
    func noLeak() async throws {
        let program = GnuPG(home: "/tmp/nowhere", passphrase: try Passphrase("hunter2"))
        #expect(!program.arguments(for: .open).joined(separator: " ").contains("hunter2"))
        #expect(!"\(program)".contains("hunter2") && !String(reflecting: program).contains("hunter2"))
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org", passphrase: "hunter2")
            let sealed = try await keyring.seal(plain, to: [recipient])
            try await keyring.forgetPassphrases()
            let error = await #expect(throws: SealingError.self) {
                try await keyring.open(sealed, passphrase: Passphrase("hunter3"))
            }
            #expect(error.map { String(reflecting: $0).contains("hunter") } == false)
        }
    }

    @Test("a message that is damaged or cut anywhere is refused, and never ends as if it were whole")
    func damage() async throws {
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org")
            var generator = SeededGenerator(seed: 11)
            let sealed = try await keyring.seal(generator.bytes(200_000), to: [recipient])
            for place in [2, 30, 150, 1000, 100_000, sealed.count - 10, sealed.count - 1] {
                var changed = sealed
                changed[place] ^= 4
                #expect(await keyring.code(changed) != nil, "byte \(place)")
                #expect(await keyring.code(Array(sealed[..<place])) != nil, "\(place) bytes")
            }
            var late = sealed
            late[100_000] ^= 4
            #expect(await keyring.code(late) == .damaged)
            #expect(await keyring.code(Array(sealed[..<100_000])) == .damaged)
            #expect(await keyring.code([0x85, 1, 2, 3]) != nil)
            #expect(await keyring.code(Array("-----BEGIN PGP MESSAGE-----\n\nhello\n".utf8)) != nil)
        }
    }

    @Test("a signed text that is not sealed is refused though gpg shows it")
    func notSealed() async throws {
        try await Keyring.with { keyring in
            _ = try await keyring.makeKey("ops@example.org")
            let stored = try await keyring.gpg(["--store", "--armor"], input: plain)
            try #require(stored.succeeded && stored.text.contains("BEGIN PGP MESSAGE"))
            #expect(await keyring.code(stored.output) == .damaged)
        }
    }

    @Test("a program that is missing, is none, or fails is named")
    func programs() async throws {
        let recipient = try OpenPGPRecipient("0123456789ABCDEF0123456789ABCDEF01234567")
        func code(_ program: String, _ size: Int = 10) async -> SealingError.Code? {
            await SealingTests.code {
                let plain = [UInt8](repeating: 1, count: size)
                _ = try await seal(plain, to: .openPGP([recipient], through: GnuPG(program: program)))
            }
        }
        #expect(await code("no-such-gpg") == .programMissing)
        #expect(await code("/nowhere/gpg") == .programMissing)
        #expect(await code("/etc/passwd") == .programMissing)
        // Programs that end at once, with and without success, while we write more than a pipe holds.
        for size in [10, 5_000_000] {
            #expect(await code("/bin/false", size) == .programFailed)
            #expect(await code("/bin/true", size) == .programFailed)
        }
    }

    @Test("a home that cannot be used is an error with a code", arguments: ["/nonexistent/gnupg", "/dev/null"])
    func homes(home: String) async throws {
        let program = GnuPG(home: home)
        let recipient = try OpenPGPRecipient("0123456789ABCDEF0123456789ABCDEF01234567")
        let sealing = await code { _ = try await seal(plain, to: .openPGP([recipient], through: program)) }
        #expect(sealing == .recipientNotFound || sealing == .programFailed)
        let message: [UInt8] = [0x84, 0x0C, 0x03] + [UInt8](repeating: 1, count: 8) + [1, 0, 8, 1]
        #expect(await code { _ = try await open(message, with: SealingIdentities(openPGP: program)) } != nil)
    }

    @Test("an agent that cannot be started is an error of its own")
    func agent() async throws {
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org")
            let sealed = try await keyring.seal(plain, to: [recipient])
            // The same keys in a home where no agent ever ran, and a folder where one would put its socket.
            try await TemporaryDirectory.with("hfg") { folder in
                for name in ["pubring.kbx", "private-keys-v1.d"] {
                    try FileManager.default.copyItem(atPath: "\(keyring.home)/\(name)", toPath: folder.path(name))
                }
                let dirs = try await Program.gpgconf?.run(["--homedir", folder.path, "--list-dirs", "agent-socket"])
                let socket = try #require(dirs?.text.split(separator: "\n").first.map(String.init))
                try FileManager.default.createDirectory(atPath: "\(socket)/x", withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(atPath: socket) }
                #expect(await Keyring(home: folder.path).code(sealed) == .agentUnavailable)
            }
        }
    }

    @Test("a source that fails makes the message fail, not end")
    func failingSource() async throws {
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org")
            let sealer = Sealer(to: .openPGP([recipient], through: keyring.program))
            for pieces in [0, 1, 50] {
                await #expect(throws: SourceFailure.self) {
                    try await sealer.withSealed(CountedSource(pieces: pieces, fails: true)) {
                        _ = try await collect($0)
                    }
                }
            }
        }
    }

    @Test("takes no more from the source than pipes hold, and stops when its reader does")
    func backPressure() async throws {
        try await Keyring.with { keyring in
            let recipient = try await keyring.makeKey("ops@example.org")
            let sealer = Sealer(to: .openPGP([recipient], through: keyring.program))
            let source = CountedSource(pieces: 100_000)
            try await sealer.withSealed(source) { sealed in
                for try await _ in sealed { break }
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(source.counter.asked.load(ordering: .relaxed) < 100)
            await #expect(throws: SourceFailure.self) {
                try await sealer.withSealed(CountedSource(pieces: 1000)) { _ in throw SourceFailure() }
            }
            let task = Task {
                try await sealer.withSealed(CountedSource(pieces: .max)) { for try await _ in $0 {} }
            }
            try await Task.sleep(for: .milliseconds(300))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test(
        "a recipient is a whole fingerprint or an address",
        arguments: [
            "", "0x", "DEADBEEF", "0123456789ABCDEF", "a@b@c", "@b", "a@", "--help", "a b@c", "a@b>", "name", "a@b\n",
        ]
    )
    func recipients(text: String) {
        let error = #expect(throws: SealingError.self) { try OpenPGPRecipient(text) }
        #expect(error?.code == .invalidRecipient)
    }
}

@Suite("What gpg says")
struct GnuPGStatusTests {
    @Test("is bounded, whatever comes")
    func bounded() {
        var status = GnuPGStatus()
        for number in 0..<1000 {
            status.take(Array("[GNUPG:] NO_SECKEY \(number)\n[GNUPG:] INV_RECP 1 \(number)\n".utf8))
        }
        status.take([UInt8](repeating: 0x41, count: 10_000_000))
        #expect(status.missingKeys.count == 32 && status.invalidRecipients.count == 32)
    }

    @Test("is not taken from other lines, and does not bring control characters into errors")
    func foreign() {
        var status = GnuPGStatus()
        status.take(Array("gpg: END_ENCRYPTION\nDECRYPTION_OKAY\n x[GNUPG:] DECRYPTION_OKAY\n".utf8))
        #expect(status == GnuPGStatus())
        status.take(Array("[GNUPG:] INV_RECP 1 <a\u{1B}[2J@example.org>\n".utf8))
        #expect(status.sealingFailure?.message == "the OpenPGP recipient <a?[2J@example.org> is not in the keyring")
    }

    @Test(
        "has a code for each kind of failure",
        arguments: [
            ("INV_RECP 1 a", SealingError.Code.recipientNotFound), ("INV_RECP 4 a", .recipientRevoked),
            ("INV_RECP 5 a", .recipientExpired),
            ("KEYEXPIRED 1\n[GNUPG:] KEY_CONSIDERED A 3\n[GNUPG:] INV_RECP 0 A", .recipientExpired),
            ("KEY_CONSIDERED A 3\n[GNUPG:] INV_RECP 0 A", .recipientRevoked), ("INV_RECP 0 A", .recipientNotFound),
            (
                "KEYEXPIRED 1\n[GNUPG:] KEY_CONSIDERED B 0\n[GNUPG:] KEY_CONSIDERED A 3\n[GNUPG:] INV_RECP 0 A",
                .recipientRevoked
            ),
            ("INV_RECP 10 a", .recipientNotTrusted), ("INV_RECP 13 a", .recipientUnusable),
            ("INV_RECP 2 a", .recipientUnusable), ("INV_RECP 3 a", .recipientUnusable),
            ("FAILURE encrypt 9", .programFailed),
        ]
    )
    func sealing(line: String, code: SealingError.Code) {
        var status = GnuPGStatus()
        status.take(Array("[GNUPG:] \(line)\n".utf8))
        #expect(status.sealingFailure?.code == code)
    }

    @Test(
        "opening is done only when gpg says so and says nothing against it",
        arguments: [
            (["BEGIN_DECRYPTION", "PLAINTEXT 62 0", "DECRYPTION_OKAY", "GOODMDC", "END_DECRYPTION"], nil),
            (["BEGIN_DECRYPTION", "PLAINTEXT 62 0"], .damaged),
            (["BEGIN_DECRYPTION", "BADMDC", "DECRYPTION_OKAY"], .damaged),
            (["PLAINTEXT 62 0", "BEGIN_DECRYPTION", "DECRYPTION_OKAY"], .damaged), (["NODATA 1"], .notSealed),
            (["NO_SECKEY A", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .noIdentityMatches), ([], .programFailed),
            (["NO_SECKEY A", "BEGIN_DECRYPTION", "DECRYPTION_OKAY"], nil),
            (["ERROR pkdecrypt_failed 67108949", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .passphraseNeeded),
            (["ERROR pkdecrypt_failed 67108875", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .wrongPassphrase),
            (["ERROR pkdecrypt_failed 67108941", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .agentUnavailable),
            (["ERROR pkdecrypt_failed 67125247", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .agentUnavailable),
            (["ERROR pkdecrypt_failed 67141713", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .agentUnavailable),
            (["ERROR pkdecrypt_failed 33554450", "BEGIN_DECRYPTION", "DECRYPTION_FAILED"], .damaged),
        ] as [([String], SealingError.Code?)]
    )
    func opening(lines: [String], code: SealingError.Code?) {
        var status = GnuPGStatus()
        for line in lines { status.take(Array("[GNUPG:] \(line)\n".utf8)) }
        #expect(status.openingFailure?.code == code)
    }
}
