internal import ArgumentParser

/// `holdfast repo`: what concerns the repository as a whole rather than one restore point.
struct RepoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo",
        abstract: "Look into the repository, prove it, copy it, mend it.",
        subcommands: [
            RepoCopyCommand.self, RepoRotateCommand.self,
            RepoStatsCommand.self, RepoListCommand.self, RepoCatCommand.self, RepoLsCommand.self, RepoFindCommand.self,
            RepoDumpCommand.self, RepoUnlockCommand.self,
            RepoCheckCommand.self, RepoRepairCommand.self,
        ]
    )
}
