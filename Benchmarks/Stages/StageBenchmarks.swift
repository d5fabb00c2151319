import ArgumentParser

/// The parts of a backup by themselves, and a repository of many blobs: see `Benchmarks/README.md`.
@main
struct StageBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "StageBenchmarks",
        abstract: "Measures each stage of Holdfast by itself.",
        subcommands: [StagesCommand.self, FillCommand.self],
        defaultSubcommand: StagesCommand.self
    )
}
