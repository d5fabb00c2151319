import Logging
import TestSupport

@testable import QdrantClient

/// Clients of the embedded Qdrant that `TestSupport` starts.
enum EmbeddedServer {
    /// The api keys of a server; none lets everybody do everything.
    struct Keys {
        var full: String?
        var readOnly: String?
    }

    /// Runs `body` with the URL of a fresh server, and stops and removes it whatever happens.
    static func run(
        keys: Keys = Keys(),
        enablesFaults: Bool = false,
        _ body: (String) async throws -> Void
    ) async throws {
        let options = EmbeddedQdrant.Options(
            apiKey: keys.full,
            enablesFaults: enablesFaults,
            arguments: keys.readOnly.map { ["--read-only-api-key", $0] } ?? []
        )
        try await withEmbeddedQdrant(options) { server in try await body(server.baseURL) }
    }

    /// Runs `body` with a client of the server at `url`.
    static func withClient(
        url: String,
        key: String? = nil,
        _ body: (QdrantClient) async throws -> Void
    ) async throws {
        let endpoint = try QdrantEndpoint(url: url, apiKey: key.map(Secret.init))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        try await withQdrantClient(endpoint: endpoint, logger: logger) { try await body($0) }
    }

    /// Runs `body` with a client of a fresh server.
    static func withClient(enablesFaults: Bool = false, _ body: (QdrantClient) async throws -> Void) async throws {
        try await run(enablesFaults: enablesFaults) { url in try await withClient(url: url, body) }
    }
}
