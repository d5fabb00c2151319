internal import ArgumentParser
internal import ResticFormat
internal import ResticRepository

/// `holdfast key add`
struct KeyAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Add a password that opens the repository.",
        discussion: """
            The new key is opened before the command says that it is there.

              holdfast key add --user anna --host vault
              holdfast key add --new-password file:/run/secrets/second
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var new: NewKeyOptions

    private struct Output: Encodable {
        let added: String
        let user: String
        let host: String
    }

    func run() async throws {
        let session = try Session(common)
        let (repository, current) = try await session.openWithPassword()
        let password = try await new.resolve()
        guard password != current else {
            throw RepositoryError(
                .wrongPassword,
                "the new password opens key \(repository.keyID.short) already",
                hint: "Choose another: two keys with one password are one secret."
            )
        }
        let new = new
        let (id, count) = try await repository.withLock(.shared, timing: Session.patientTiming) {
            let id = try await repository.addKey(
                password: password,
                createdAt: SystemWallClock().now,
                userName: new.user,
                hostName: new.host
            )
            return (id, try await repository.list(.key).count)
        }
        let (user, host) = (new.user ?? repository.host.userName, new.host ?? repository.host.name)
        if common.json {
            try Console.json(Output(added: id.hex, user: user, host: host))
        } else {
            Console.result("added key \(id.short) of \(EntryRendering.printable(Array("\(user)@\(host)".utf8)))")
        }
        if count > Repository.keysTriedByRestic {
            common.remark(
                "There are \(count) keys: restic tries a password on \(Repository.keysTriedByRestic) of them only. Remove some."
            )
        }
    }
}
