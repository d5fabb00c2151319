import Locks
import Logging
import TestSupport

@testable import QdrantClient

/// A clock that does not wait: it notes how long it was asked to.
final class RecordingClock: Clock, Sendable {
    private let start = ContinuousClock.now
    private let sleeps = Mutex<[Duration]>([])

    var now: ContinuousClock.Instant { start }
    var minimumResolution: Duration { .nanoseconds(1) }
    /// The delays that were asked for.
    var delays: [Duration] { sleeps.withLock { $0 } }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        sleeps.withLock { $0.append(start.duration(to: deadline)) }
    }
}

/// A log handler that keeps every line, to look for what must not be in them.
struct RecordingLog: LogHandler {
    final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    let lines: Lines
    var logLevel = Logger.Level.trace
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.all.withLock { $0.append("\(event.message) \(event.metadata ?? [:])") }
    }
}

/// What tests set about a client.
struct ClientSettings: Sendable {
    var apiKey: Secret?
    var tls = QdrantTLS()
    var timeouts = QdrantTimeouts(
        connect: .seconds(10),
        request: .seconds(30),
        readIdle: .seconds(30),
        writeIdle: .seconds(30),
        longOperation: .seconds(30)
    )
    var options = QdrantClientOptions(retryPolicy: .none, clock: RecordingClock(), randomUnit: { 0.5 })
    var prefix = ""
    var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

extension LoopbackServer {
    /// Runs `body` with a client of a server that follows `script`.
    static func withClient<Result: Sendable>(
        _ settings: ClientSettings = ClientSettings(),
        script: @escaping @Sendable (Exchange) async throws -> Void,
        _ body: (QdrantClient, LoopbackServer) async throws -> Result
    ) async throws -> Result {
        try await run(script: script) { server in
            let endpoint = try QdrantEndpoint(
                url: "http://127.0.0.1:\(server.port)\(settings.prefix)",
                apiKey: settings.apiKey,
                tls: settings.tls,
                timeouts: settings.timeouts
            )
            return try await withQdrantClient(endpoint: endpoint, options: settings.options, logger: settings.logger) {
                try await body($0, server)
            }
        }
    }
}

/// Runs `body` and gives back the ``QdrantError`` it throws.
func qdrantError(_ body: () async throws -> Void) async throws -> QdrantError? {
    do {
        try await body()
        return nil
    } catch let error as QdrantError {
        return error
    }
}
