internal import Foundation
internal import Hummingbird
internal import Locks
public import Logging
internal import NIOCore
internal import ServiceLifecycle
internal import UnixSignals

/// Runs a chatbot until it is told to stop.
public struct ChatbotServer: Sendable {
    /// How a chatbot is run.
    public struct Options: Sendable {
        /// Where the settings came from; `nil` when a program gave them.
        public var settingsFile: String?
        /// A file to write the port into, once requests are answered; it is removed at the end.
        public var portFile: String?
        /// A process at whose end the chatbot stops, too.
        public var parentProcessID: Int32?
        /// How long requests that are under way may take when the chatbot is asked to stop.
        public var stopLimit: Duration
        /// Whether SIGTERM and SIGINT stop it in order: a program's choice, not a library's.
        public var handlesSignals: Bool

        /// Makes options; see the properties.
        public init(
            settingsFile: String? = nil,
            portFile: String? = nil,
            parentProcessID: Int32? = nil,
            stopLimit: Duration = .seconds(10),
            handlesSignals: Bool = true
        ) {
            self.settingsFile = settingsFile
            self.portFile = portFile
            self.parentProcessID = parentProcessID
            self.stopLimit = stopLimit
            self.handlesSignals = handlesSignals
        }
    }

    /// A server that could not begin or go on.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// One sentence, lower case, no full stop.
        public var message: String
        /// What to do now, a full sentence.
        public var hint: String
        /// The failure below.
        public var cause: any Error

        /// Message and hint.
        public var description: String { "\(message)\nhint: \(hint)" }
    }

    /// Serves until a signal, the parent's end or cancellation.
    ///
    /// - Parameter onListening: told the server's URL once requests are answered.
    /// - Throws: ``Failure`` when it cannot listen or the port file cannot be written; `CancellationError` when the task was
    ///   cancelled.
    public static func run(
        _ settings: ChatbotSettings,
        options: Options = Options(),
        logger: Logger,
        onListening: @escaping @Sendable (String) async -> Void = { _ in }
    ) async throws {
        defer { if let file = options.portFile { try? FileManager.default.removeItem(atPath: file) } }
        try await Chatbot.with(settings, settingsFile: options.settingsFile, logger: logger) { chatbot in
            let portFile = PortFile(path: options.portFile)
            let application = chatbot.application { port in
                portFile.write(port)
                let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
                await onListening("http://\(host):\(port)")
            }
            var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
                .init(service: application, serviceName: "server"),
                .init(service: portFile, serviceName: "port file"),
            ]
            if let processID = options.parentProcessID {
                services.append(
                    .init(
                        service: ParentWatch(processID: processID),
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        serviceName: "parent watch"
                    )
                )
            }
            var configuration = ServiceGroupConfiguration(
                services: services,
                gracefulShutdownSignals: options.handlesSignals ? [.sigterm, .sigint] : [],
                logger: logger
            )
            configuration.maximumGracefulShutdownDuration = options.stopLimit
            configuration.maximumCancellationDuration = .seconds(5)
            do {
                try await ServiceGroup(configuration: configuration).run()
            } catch let error as IOError {
                throw Failure(
                    message: "cannot listen on \(settings.host), port \(settings.port)",
                    hint: "Is the port taken, or the address not one of this machine? Choose others by HOST and PORT; "
                        + "port 0 takes a free one.",
                    cause: error
                )
            }
        }
    }
}

/// Writes the port for whoever waits for it, whole or not at all, and fails the server when it cannot.
private final class PortFile: Service {
    private let path: String?
    private let failure: AsyncStream<any Error>
    private let report: AsyncStream<any Error>.Continuation

    init(path: String?) {
        self.path = path
        (failure, report) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func write(_ port: Int) {
        guard let path else { return }
        do {
            try Data("\(port)\n".utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            report.yield(error)
        }
    }

    func run() async throws {
        for await error in failure.cancelOnGracefulShutdown() {
            throw ChatbotServer.Failure(
                message: "cannot write the port file '\(path ?? "")'",
                hint: "Check that its folder exists and that you may write into it.",
                cause: error
            )
        }
    }
}
