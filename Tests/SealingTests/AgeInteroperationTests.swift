import Foundation
import TestSupport
import Testing

@testable import Sealing

@Suite("The age program", .enabled(if: Program.age != nil && Program.ageKeygen != nil, "age is not installed"))
struct AgeInteroperationTests {
    @Test("opens what we seal, and we what it seals", arguments: interestingSizes, [false, true])
    func bothWays(count: Int, armored: Bool) async throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let plain = generator.bytes(count)
        try await TemporaryDirectory.with { folder in
            let age = try #require(Program.age)
            let identity = AgeIdentity()
            let text = try AgeKeyFile.exposedText(of: identity, comment: "made in a test")
            try Data(text.utf8).write(to: URL(fileURLWithPath: folder.path("key.txt")))

            let ours = try await seal(plain, to: .age(.keys([identity.recipient])), armored: armored)
            let opened = try await age.run(["--decrypt", "--identity", "key.txt"], folder: folder.path, input: ours)
            try #require(opened.succeeded, "\(opened)")
            #expect(opened.output == plain)

            let arguments = ["--recipient", "\(try identity.recipient)"] + (armored ? ["--armor"] : [])
            let theirs = try await age.run(arguments, folder: folder.path, input: plain)
            try #require(theirs.succeeded, "\(theirs)")
            #expect(try SealedFormat.recognize(theirs.output) == .format(armored ? .ageText : .age))
            #expect(try await open(theirs.output, with: identity) == plain)
        }
    }

    @Test("reads our identity files and recipients, and writes ones that we read")
    func keys() async throws {
        let keygen = try #require(Program.ageKeygen)
        let made = try await keygen.run([])
        let theirs = try #require(AgeKeyFile.identities(made.output).first)
        #expect(made.text.contains("# public key: \(try theirs.recipient)\n"))

        let ours = AgeIdentity()
        let text = try AgeKeyFile.exposedText(of: ours, comment: "made in a test")
        let shown = try await keygen.run(["-y"], input: Array(text.utf8))
        #expect(shown.text == "\(try ours.recipient)\n")
    }

    @Test("opens a file for several recipients with each of their identities, and so do we")
    func several() async throws {
        let plain = Array("for several".utf8)
        try await TemporaryDirectory.with { folder in
            let age = try #require(Program.age)
            let identities = (0..<3).map { _ in AgeIdentity() }
            let recipients = try identities.map { try $0.recipient }
            let ours = try await seal(plain, to: .age(.keys(recipients)))
            let list = "# office\n" + recipients.map { "\($0)\n" }.joined(separator: "\n")
            try Data(list.utf8).write(to: URL(fileURLWithPath: folder.path("recipients.txt")))
            #expect(try AgeKeyFile.recipients(Array(list.utf8)) == recipients)
            let theirs = try await age.run(["-R", "recipients.txt"], folder: folder.path, input: plain)
            try #require(theirs.succeeded, "\(theirs)")
            for identity in identities {
                try Data("\(identity.exposed)\n".utf8).write(to: URL(fileURLWithPath: folder.path("key.txt")))
                #expect(try await age.run(["-d", "-i", "key.txt"], folder: folder.path, input: ours).output == plain)
                #expect(try await open(theirs.output, with: identity) == plain)
            }
        }
    }

    /// The program asks for passphrases on a terminal only; util-linux's `script` is one.
    @Test(
        "opens what we seal with a passphrase, and we what it seals",
        .enabled(if: Program.find("script") != nil, "script (util-linux) is not installed"),
        arguments: [1, 70_000]
    )
    func passphrase(count: Int) async throws {
        let passphrase = "correct-horse"
        var generator = SeededGenerator(seed: 3)
        let plain = generator.bytes(count)
        try await TemporaryDirectory.with { folder in
            let ours = try await seal(plain, to: .age(.passphrase(Passphrase(passphrase), workFactor: 10)))
            try Data(ours).write(to: URL(fileURLWithPath: folder.path("ours.age")))
            try Data(plain).write(to: URL(fileURLWithPath: folder.path("plain")))
            let script = try #require(Program.find("script"))
            func onTerminal(_ command: String, answers: Int) async throws {
                let input = Array(String(repeating: passphrase + "\n", count: answers).utf8)
                let outcome = try await script.run(["-qec", command, "/dev/null"], folder: folder.path, input: input)
                try #require(outcome.succeeded, "\(outcome)")
            }
            try await onTerminal("age --decrypt --output opened ours.age", answers: 1)
            #expect(try Array(Data(contentsOf: URL(fileURLWithPath: folder.path("opened")))) == plain)
            try await onTerminal("age --passphrase --output theirs.age plain", answers: 2)
            let theirs = try Array(Data(contentsOf: URL(fileURLWithPath: folder.path("theirs.age"))))
            let identities = SealingIdentities(age: AgeIdentities(passphrases: [try Passphrase(passphrase)]))
            #expect(try await open(theirs, with: identities) == plain)
        }
    }

    @Test("and we agree on what is damaged", arguments: [UInt64.random(in: 0...UInt64.max), 7])
    func damage(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        try await TemporaryDirectory.with { folder in
            let age = try #require(Program.age)
            let identity = AgeIdentity()
            try Data("\(identity.exposed)\n".utf8).write(to: URL(fileURLWithPath: folder.path("key.txt")))
            let sealed = try await seal(generator.bytes(1000), to: .age(.keys([identity.recipient])))
            for _ in 0..<25 {
                var changed = sealed
                let place = Int.random(in: 0..<changed.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: changed[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 1: changed.removeSubrange(place...)
                case 2: changed.insert(UInt8(ascii: "\n"), at: place)
                default: changed.remove(at: place)
                }
                let theirs = try await age.run(["-d", "-i", "key.txt"], folder: folder.path, input: changed + [])
                let ours = openPiecewise(changed, with: AgeIdentities(keys: [identity]))
                #expect(!theirs.succeeded && ours.code != nil, "\(generator), byte \(place): \(theirs)")
            }
        }
    }
}
