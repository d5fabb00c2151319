import ArgumentParser

/// Runs the stages and prints a table.
struct StagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stages",
        abstract: "Run the stages and print a table in Markdown.",
        discussion: """
            Each stage runs on one thread unless its name says otherwise, again and again for some time; the fastest run counts,
            since whatever else the machine does only makes a run slower. Build it in the release configuration.

              scripts/bench --stages
              scripts/bench --stages zstd seal
            """
    )

    @Argument(help: "Only stages whose name contains one of these words.")
    var words: [String] = []

    @Option(help: ArgumentHelp("How long each stage runs.", valueName: "seconds"))
    var seconds = 1.0

    @Option(help: ArgumentHelp("Where the data come from.", valueName: "number"))
    var seed: UInt64 = 1

    @Flag(help: "Print the names of all stages and run none.")
    var list = false

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("'--seconds' has to be more than 0") }
    }

    func run() async throws {
        let stages = Stage.all.filter { stage in words.isEmpty || words.contains { stage.name.contains($0) } }
        guard !stages.isEmpty else {
            throw ValidationError("no stage has a name with \(words.joined(separator: " or ")); see '--list'")
        }
        if list {
            for stage in stages { print(stage.name) }
            return
        }
        let data = StageData(seed: seed)
        print("| stage | MB/s | ticks a byte | µs each | what is counted |")
        print("| --- | ---: | ---: | ---: | --- |")
        for stage in stages {
            print(Row(stage.name, try await stage.measure(data, Stopwatch(seconds: seconds))).markdown)
        }
    }
}

/// A line of the table.
private struct Row {
    let markdown: String

    init(_ name: String, _ result: StageResult) {
        let each = result.seconds / Double(result.count) * 1e6
        let cells =
            if result.bytes > 0 {
                [
                    Self.number(Double(result.bytes) / result.seconds / 1e6, 0),
                    result.ticks == 0 ? "–" : Self.number(Double(result.ticks) / Double(result.bytes), 2),
                ]
            } else {
                ["–", "–"]
            }
        markdown = "| \(([name] + cells + [Self.number(each, 2), result.unit]).joined(separator: " | ")) |"
    }

    private static func number(_ value: Double, _ places: Int) -> String {
        guard places > 0 else { return "\(Int(value.rounded()))" }
        let hundredths = Int((value * 100).rounded())
        let rest = "\(hundredths % 100)"
        return "\(hundredths / 100).\(rest.count == 1 ? "0" : "")\(rest)"
    }
}
