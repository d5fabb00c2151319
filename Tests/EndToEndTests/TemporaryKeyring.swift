import Foundation
import TestSupport
import Testing

/// A GNUPGHOME for one test, the folder `g` of its own folder; the agent that `gpg` starts in it is ended with it.
struct TemporaryKeyring {
    private let home: String

    static func with(_ body: (TemporaryKeyring, TemporaryDirectory) async throws -> Void) async throws {
        // Short, for the socket of the agent.
        try await TemporaryDirectory.with("hfg") { folder in
            let keyring = TemporaryKeyring(home: folder.path("g"))
            try FileManager.default.createDirectory(
                atPath: keyring.home,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
            let result: Result<Void, any Error>
            do { result = .success(try await body(keyring, folder)) } catch { result = .failure(error) }
            _ = try? await Program.find("gpgconf")?.run(["--homedir", keyring.home, "--kill", "all"])
            try result.get()
        }
    }

    @discardableResult
    func gpg(_ arguments: String..., input: [UInt8] = []) async throws -> Program.Outcome {
        let outcome = try await #require(Program.find("gpg")).run(
            ["--homedir", home, "--batch", "--no-tty", "--quiet"] + arguments,
            input: input
        )
        try #require(outcome.succeeded, "\(outcome)")
        return outcome
    }

    /// Makes a key without any question.
    ///
    /// - Returns: its fingerprint.
    func makeKey(_ address: String = "a@b.example") async throws -> String {
        try await gpg(
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--quick-generate-key",
            address,
            "future-default",
            "default",
            "never"
        )
        let listed = try await gpg("--with-colons", "--list-keys", "=\(address)").text
        let line = try #require(listed.split(separator: "\n").first { $0.hasPrefix("fpr:") }, "\(listed)")
        return String(line.split(separator: ":", omittingEmptySubsequences: false)[9])
    }
}
