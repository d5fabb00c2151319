internal import ArgumentParser
internal import Recovery
internal import ResticFormat
internal import ResticRepository

/// `holdfast key passwd`
struct KeyPasswdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd",
        abstract: "Change the password: replace the key in use by one with another password.",
        discussion: """
            Adds a key with the new password, opens it, and only then removes the old one. Whoever knows the old password and
            has a copy of the old key file still reads everything: after a leak, see docs/operating/key-leak.md.

              holdfast key passwd
              holdfast key passwd --new-password file:/run/secrets/new
            """
    )

    @OptionGroup var common: CommonOptions
    @OptionGroup var new: NewKeyOptions

    private struct Output: Encodable {
        let added: String
        let removed: String
    }

    func run() async throws {
        let session = try Session(common)
        let (repository, old) = try await session.openWithPassword()
        let password = try await new.resolve()
        let new = new
        let id = try await repository.withLock(.exclusive, timing: Session.patientTiming) {
            try await repository.changePassword(
                from: old,
                to: password,
                createdAt: SystemWallClock().now,
                userName: new.user,
                hostName: new.host
            )
        }
        if common.json {
            try Console.json(Output(added: id.hex, removed: repository.keyID.hex))
        } else {
            Console.result("changed the password: key \(id.short) in the place of \(repository.keyID.short)")
        }
        common.remark("From now on \(session.configuration.repository.password) has to give the new password.")
    }
}
