internal import ArgumentParser
internal import ResticFormat
internal import ResticRepository

/// `holdfast key remove`
struct KeyRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a key, so that its password opens the repository no more.",
        discussion: """
            Never the key in use, and so never the last one. A damaged key file is removed by its whole name only.

              holdfast key list
              holdfast key remove 5d3c0f91 --dry-run
              holdfast key remove 5d3c0f91
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: ArgumentHelp("The key's id or a beginning of it.", valueName: "id"))
    var id: String

    @Flag(name: .long, help: "Print what would be done, and do nothing.")
    var dryRun = false

    private struct Output: Encodable {
        let removed: String
        let dryRun: Bool
    }

    func run() async throws {
        let session = try Session(common)
        let (repository, password) = try await session.openWithPassword()
        let (id, dryRun) = (id, dryRun)
        let removed = try await repository.withLock(.exclusive, timing: Session.patientTiming) {
            let key = try await Self.choose(id, in: repository)
            try await repository.removeKey(key.id, password: password, dryRun: dryRun)
            return key
        }
        if common.json { return try Console.json(Output(removed: removed.id.hex, dryRun: dryRun)) }
        let whose = removed.label.map { " of \(EntryRendering.printable(Array("\($0.userName)@\($0.hostName)".utf8)))" }
        Console.result("\(dryRun ? "would remove" : "removed") key \(removed.id.short)\(whose ?? ", which is damaged")")
    }

    private static func choose(_ text: String, in repository: Repository) async throws -> StoredKey {
        let id = try await repository.find(.key, text)
        guard let key = try await repository.keys().first(where: { $0.id == id }) else {
            throw RepositoryError(.missing, "key \(id.short) is not in the repository any more")
        }
        if key.label == nil, text.lowercased() != id.hex {
            throw RepositoryError(
                .damaged,
                "key \(id.short) is damaged: nobody can say whose it is",
                hint: "To remove it, give its whole name: 'holdfast key remove \(id.hex)'."
            )
        }
        return key
    }
}
