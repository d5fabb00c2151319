internal import ArgumentParser
internal import Logging
internal import Recovery

/// The options that every command has.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: ArgumentHelp("The configuration file.", valueName: "file")
    )
    var configurationPath = HoldfastConfiguration.defaultFileName

    @Option(
        name: .customLong("repository"),
        help: ArgumentHelp("The one of several repositories to use; otherwise the first.", valueName: "name")
    )
    var repositoryName: String?

    @Flag(name: .long, help: "Print the result as JSON (docs/reference/json.md).")
    var json = false

    @Flag(name: .shortAndLong, help: "Print no progress and no remarks.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Log what is done to standard error.")
    var verbose = false

    @Flag(name: .long, help: "Keep no local copy of the repository's index, and use none.")
    var noCache = false

    /// Makes the place where a run tells how far it is: one for all of a command, since it owns the terminal's line.
    func makeProgress() -> any ProgressSink {
        !quiet && !json && Console.isTerminal ? TerminalProgress() : SilentProgress()
    }

    /// The log: remarks only, unless more is asked for.
    var logger: Logger {
        let level: Logger.Level = verbose ? .debug : quiet ? .error : .notice
        return Logger(label: "holdfast") { _ in ConsoleLogHandler(logLevel: level) }
    }

    /// Says something to whoever sits there.
    func remark(_ text: String) {
        if !quiet { Console.note(text) }
    }
}

/// Writes log lines to standard error as a person reads them: level, message, details.
struct ConsoleLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        let details = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        Console.note("\(event.level): \(event.message)\(details.isEmpty ? "" : " (\(details))")")
    }
}
