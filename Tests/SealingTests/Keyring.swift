import Foundation
import NIOCore
import TestSupport
import Testing

@testable import Sealing

/// A GNUPGHOME of its own for one test: the agent that gpg starts in it is ended with it.
struct Keyring: Sendable {
    let home: String

    static func with<Answer>(_ body: (Keyring) async throws -> Answer) async throws -> Answer {
        // Short, for the socket of the agent.
        try await TemporaryDirectory.with("hfg") { folder in
            let keyring = Keyring(home: folder.path)
            let result: Result<Answer, any Error>
            do { result = .success(try await body(keyring)) } catch { result = .failure(error) }
            _ = try? await Program.gpgconf?.run(["--homedir", keyring.home, "--kill", "all"])
            return try result.get()
        }
    }

    var program: GnuPG { GnuPG(home: home) }

    @discardableResult
    func gpg(_ arguments: [String], input: [UInt8] = []) async throws -> Program.Outcome {
        let gpg = try #require(Program.gpg)
        return try await gpg.run(["--homedir", home, "--batch", "--no-tty", "--quiet"] + arguments, input: input)
    }

    /// Makes the agent forget what unlocked its keys. It goes on running: one that is ended and one that is started would
    /// fight over the socket.
    func forgetPassphrases() async throws {
        let gpgconf = try #require(Program.gpgconf)
        let outcome = try await gpgconf.run(["--homedir", home, "--reload", "gpg-agent"])
        try #require(outcome.succeeded, "\(outcome)")
    }

    /// Makes a key without any question.
    ///
    /// - Returns: its fingerprint.
    func makeKey(
        _ address: String,
        passphrase: String = "",
        expires: String = "never",
        more: [String] = []
    ) async throws -> OpenPGPRecipient {
        let made = try await gpg(
            more + [
                "--pinentry-mode", "loopback", "--passphrase", passphrase, "--quick-generate-key", address,
                "future-default",
            ]
                + ["default", expires]
        )
        try #require(made.succeeded, "\(made)")
        return try await fingerprint(of: address)
    }

    func fingerprint(of address: String) async throws -> OpenPGPRecipient {
        let listed = try await gpg(["--with-colons", "--list-keys", "=\(address)"])
        let line = try #require(listed.text.split(separator: "\n").first { $0.hasPrefix("fpr:") }, "\(listed)")
        return try OpenPGPRecipient(String(line.split(separator: ":", omittingEmptySubsequences: false)[9]))
    }

    func seal(_ plain: [UInt8], to recipients: [OpenPGPRecipient], armored: Bool = false) async throws -> [UInt8] {
        try await SealingTests.seal(plain, to: .openPGP(recipients, through: program), armored: armored)
    }

    func open(_ sealed: [UInt8], passphrase: Passphrase? = nil) async throws -> [UInt8] {
        let program = GnuPG(home: home, passphrase: passphrase)
        return try await SealingTests.open(sealed, with: SealingIdentities(openPGP: program))
    }

    /// What opening says.
    func code(_ sealed: [UInt8], passphrase: Passphrase? = nil) async -> SealingError.Code? {
        await SealingTests.code { _ = try await open(sealed, passphrase: passphrase) }
    }
}
