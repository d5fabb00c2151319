internal import AsyncHTTPClient
public import Logging
internal import NIOCore
internal import QdrantClient
internal import TextbookExample

/// The chatbot: what its endpoints do.
public struct Chatbot: Sendable {
    /// The version that `/health` tells.
    public static let version = "1.0.0"

    let settings: ChatbotSettings
    /// Where the settings came from; `nil` when a program gave them.
    let settingsFile: String?
    let index: TextbookIndex
    /// The same index for questions that must be answered at once or not at all: no second attempts, short limits.
    let quickIndex: TextbookIndex
    let model: ChatModel?
    let desk = IngestDesk()
    let logger: Logger

    /// Runs `body` with a chatbot, and closes its connections whatever happens.
    ///
    /// - Parameter settingsFile: where the settings came from, for `/health` to look at; `nil` when there is no file.
    public static func with<Result>(
        _ settings: ChatbotSettings,
        settingsFile: String? = nil,
        logger: Logger,
        _ body: (Chatbot) async throws -> Result
    ) async throws -> Result {
        var quick = settings.qdrant
        quick.timeouts = QdrantTimeouts(connect: .seconds(2), request: .seconds(5), readIdle: .seconds(5))
        var qdrantLogger = logger
        qdrantLogger.logLevel = max(logger.logLevel, .warning)
        // Somebody waits for the answer: two more attempts, then the truth.
        let options = QdrantClientOptions(retryPolicy: RetryPolicy(attempts: 3))
        return try await withQdrantClient(endpoint: settings.qdrant, options: options, logger: qdrantLogger) { client in
            try await withQdrantClient(
                endpoint: quick,
                options: QdrantClientOptions(retryPolicy: .none),
                logger: qdrantLogger
            ) { quickClient in
                try await withModelClient(settings.model) { model in
                    try await body(
                        Chatbot(
                            settings: settings,
                            settingsFile: settingsFile,
                            index: TextbookIndex(client: client, collection: settings.collection),
                            quickIndex: TextbookIndex(client: quickClient, collection: settings.collection),
                            model: model,
                            logger: logger
                        )
                    )
                }
            }
        }
    }

    private static func withModelClient<Result>(
        _ settings: ModelSettings?,
        _ body: (ChatModel?) async throws -> Result
    ) async throws -> Result {
        guard let settings else { return try await body(nil) }
        // A redirect would send the key and the passages elsewhere.
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.httpVersion = .http1Only
        let http = HTTPClient(configuration: configuration)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(ChatModel(settings: settings, http: http)))
        } catch {
            result = .failure(error)
        }
        try? await http.shutdown()
        return try result.get()
    }
}
