internal import ArgumentParser
internal import Foundation
internal import Logging
internal import TextbookChatbot

@main
struct TextbookChatbotProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "textbook-chatbot",
        abstract: "Answer questions about a textbook out of a Qdrant collection.",
        discussion: """
            An example of a system that Holdfast backs up and recovers; see Examples/textbook/README.md.

              textbook-chatbot --env-file .env.production
              textbook-chatbot --env-file .env.production --port 0 --port-file port --parent-pid $$

            Exit status: 0 stopped in order, 1 failed, 2 wrong arguments or settings.
            """,
        version: Chatbot.version
    )

    @Option(name: .long, help: ArgumentHelp("The settings.", valueName: "file"))
    var envFile = ".env.production"

    @Option(name: .long, help: ArgumentHelp("Listen here in place of the settings' HOST.", valueName: "address"))
    var host: String?

    @Option(
        name: .long,
        help: ArgumentHelp("Listen here in place of the settings' PORT; 0 takes a free one.", valueName: "port")
    )
    var port: Int?

    @Option(
        name: .long,
        help: ArgumentHelp("Write the port into this file once requests are answered.", valueName: "file")
    )
    var portFile: String?

    @Option(name: .long, help: ArgumentHelp("Stop when this process is gone.", valueName: "pid"))
    var parentPid: Int32?

    @Option(name: .long, help: "How much is logged: debug, info, warning, error.")
    var logLevel = "info"

    @Flag(name: .long, help: "Check the settings and end.")
    var check = false

    func validate() throws {
        if let port, !(0...65535).contains(port) { throw ValidationError("--port is not a number from 0 to 65535") }
        if Logger.Level(rawValue: logLevel) == nil { throw ValidationError("--log-level is no level") }
        if let parentPid, parentPid < 1 { throw ValidationError("--parent-pid is not a process id") }
    }

    func run() async throws {
        var logger = Logger(label: "textbook-chatbot") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: logLevel) ?? .info
        var settings: ChatbotSettings
        do {
            settings = try ChatbotSettings.load(envFile)
        } catch {
            complain("\(error)\nhint: Examples/textbook/README.md describes every setting.")
            throw ExitCode(2)
        }
        for warning in settings.warnings { logger.warning("\(warning)") }
        if check { return print("The settings are complete.") }
        settings.host = host ?? settings.host
        settings.port = port ?? settings.port
        do {
            try await ChatbotServer.run(
                settings,
                options: .init(settingsFile: envFile, portFile: portFile, parentProcessID: parentPid),
                logger: logger
            ) { url in
                FileHandle.standardOutput.write(Data("The textbook chatbot answers on \(url)\n".utf8))
            }
        } catch let failure as ChatbotServer.Failure {
            complain("\(failure)")
            throw ExitCode(1)
        }
    }

    private func complain(_ text: String) {
        FileHandle.standardError.write(Data("error: \(text)\n".utf8))
    }
}
