internal import ArgumentParser
internal import Recovery
internal import ResticRepository

/// `holdfast repo ls`
struct RepoLsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the files in a restore point or snapshot.",
        discussion: """
            The top folders of a restore point are its components: /qdrant, /documents, /holdfast.

              holdfast repo ls
              holdfast repo ls latest /documents/docs --long
              holdfast repo ls 4f2a9c01 /qdrant/textbook_knowledge --recursive
            """
    )

    @OptionGroup var common: CommonOptions

    @Argument(help: PointArgument.help)
    var point = "latest"

    @Argument(help: ArgumentHelp("A folder or file in it.", valueName: "path"))
    var path = "/"

    @Flag(name: .shortAndLong, help: "Also what is in folders below.")
    var recursive = false

    @Flag(name: .shortAndLong, help: "With mode, owner, size and time.")
    var long = false

    func run() async throws {
        let session = try Session(common)
        let command = self
        try await ResultStream.with { stream in
            try await session.withRepositoryForReading { repository in
                let found = try await session.find(command.point, in: repository)
                let browser = PointBrowser(found, in: repository)
                guard command.common.json else {
                    return try await browser.list(at: command.path, isRecursive: command.recursive) { entry in
                        try await stream.line(
                            command.long ? EntryRendering.long(entry) : EntryRendering.path(entry.path)
                        )
                    }
                }
                try await JSONList.write(to: stream) { list in
                    try await browser.list(at: command.path, isRecursive: command.recursive) { entry in
                        try await list.add(EntryOutput(entry))
                    }
                }
            }
        }
    }
}

/// What commands that look into the repository say about the argument that names a restore point or a snapshot.
enum PointArgument {
    static let help = ArgumentHelp(
        "A restore point's or snapshot's id, a beginning of it, or 'latest'.",
        valueName: "point"
    )
}

extension Session {
    /// Finds the restore point or snapshot that an argument names.
    func find(_ reference: String, in repository: IndexedRepository) async throws -> PointInTime {
        try await PointsInTime(repository.repository).find(reference, system: configuration.system)
    }
}
