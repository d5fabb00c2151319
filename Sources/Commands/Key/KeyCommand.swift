internal import ArgumentParser
internal import Foundation
internal import Recovery
internal import ResticRepository

/// `holdfast key`: who can open the repository.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "List, add and remove the passwords that open the repository.",
        discussion: """
            Every key opens the same master key with a password of its own. Removing a key does not lock out somebody who
            has copied it and knows its password: for that, see docs/operating/key-leak.md.
            """,
        subcommands: [KeyListCommand.self, KeyAddCommand.self, KeyRemoveCommand.self, KeyPasswdCommand.self]
    )
}

/// The options of commands that make a key.
struct NewKeyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the new password is kept: env:NAME, file:PATH or command:PROGRAM; else it is asked for, twice.",
            valueName: "reference"
        )
    )
    var newPassword: String?

    @Option(help: ArgumentHelp("For whom the key is; otherwise the user who runs this.", valueName: "name"))
    var user: String?

    @Option(help: ArgumentHelp("For which machine the key is; otherwise this one.", valueName: "name"))
    var host: String?

    func validate() throws {
        if let newPassword {
            do {
                _ = try SecretReference(newPassword, relativeTo: FileManager.default.currentDirectoryPath)
            } catch {
                throw ValidationError("'--new-password': \(error.message). \(error.hint ?? "")")
            }
        }
    }

    /// The new password: from its place, or typed twice.
    func resolve() async throws -> [UInt8] {
        if let newPassword {
            let folder = FileManager.default.currentDirectoryPath
            let secret = try await SecretReference(newPassword, relativeTo: folder).resolve()
            for warning in secret.warnings { Console.note("warning: \(warning)") }
            return secret.reveal()
        }
        guard Console.canAsk else {
            throw RecoveryError(
                .notConfigured,
                "there is no new password, and nobody to ask for it",
                hint: "Give '--new-password env:NAME', 'file:PATH' or 'command:PROGRAM'."
            )
        }
        guard let first = Console.askSecret("new password: "), !first.isEmpty else {
            throw RecoveryError(.notConfigured, "the new password is empty", hint: "Run the command again.")
        }
        guard Console.askSecret("once more: ") == first else {
            throw RecoveryError(.notConfigured, "the two passwords differ", hint: "Run the command again.")
        }
        return first
    }
}

extension Session {
    /// Opens the repository and keeps the password that did it.
    func openWithPassword() async throws -> (repository: Repository, password: [UInt8]) {
        let password = try await password()
        return (try await Repository.open(in: store, password: password, options: repositoryOptions), password)
    }
}
