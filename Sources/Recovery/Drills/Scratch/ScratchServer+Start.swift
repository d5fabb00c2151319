internal import Foundation
internal import Logging
internal import QdrantClient
internal import ResticRepository

extension ScratchServer {
    /// Starts the configured server, or connects to it, runs `body`, and takes down what is there then.
    static func with<Value: Sendable>(
        _ options: DrillRun.Options,
        in place: ScratchPlace,
        logger: Logger,
        _ body: @Sendable (ScratchServer, QdrantClient) async throws -> Value
    ) async throws -> Value {
        guard let server = options.settings.server else {
            throw RecoveryError(
                .notConfigured,
                "no scratch Qdrant is configured",
                hint:
                    "Add 'drill.qdrant' with one of 'program', 'container', 'command', 'embedded' and 'url', or use '--qdrant-url'."
            )
        }
        if case .running(let url, let secret, let restart) = server {
            let key = try await secret?.resolve().revealText()
            let suffix = URL(filePath: place.folder).lastPathComponent.suffix(8)
            let scratch = ScratchServer(
                url: url.absoluteString,
                process: nil,
                restartCommand: restart,
                suffix: String(suffix)
            )
            return try await connect(scratch, key, logger) { client in
                try await cleaning(scratch, client, logger) { try await body(scratch, client) }
            }
        }
        return try await own(server, options, in: place, logger: logger, body)
    }

    private static func own<Value: Sendable>(
        _ server: DrillSettings.Server,
        _ options: DrillRun.Options,
        in place: ScratchPlace,
        logger: Logger,
        _ body: @Sendable (ScratchServer, QdrantClient) async throws -> Value
    ) async throws -> Value {
        let port = try FreePort.find()
        let url = "http://127.0.0.1:\(port)"
        guard
            let launch = try ScratchLaunch(folder: place.folder, port: port, embedded: options.embedded).launch(server)
        else { preconditionFailure("a server that runs already is not started") }
        return try await connect(
            ScratchServer(url: url, process: nil, restartCommand: nil, suffix: ""),
            nil,
            logger
        ) { client in
            let process = ScratchProcess(launch) { (try? await client.collections()) != nil }
            let scratch = ScratchServer(url: url, process: process, restartCommand: nil, suffix: "")
            let result: Result<Value, any Error>
            do {
                try await process.start()
                result = .success(try await body(scratch, client))
            } catch {
                result = .failure(error)
            }
            await process.stop()
            return try result.get()
        }
    }

    private static func connect<Value>(
        _ scratch: ScratchServer,
        _ key: String?,
        _ logger: Logger,
        _ body: (QdrantClient) async throws -> Value
    ) async throws -> Value {
        let endpoint = try scratchEndpoint(scratch.url, apiKey: key)
        return try await withQdrantClient(endpoint: endpoint, logger: logger) { try await body($0) }
    }

    /// Deletes the collections of this drill, which its suffix marks, and no others.
    private static func cleaning<Value: Sendable>(
        _ scratch: ScratchServer,
        _ client: QdrantClient,
        _ logger: Logger,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await shielded {
            let mark = scratch.name(for: "")
            for name in (try? await client.collections()) ?? [] where name.hasSuffix(mark) {
                do {
                    try await client.deleteCollection(name)
                } catch {
                    logger.warning(
                        "a drill's collection could not be deleted: delete it by hand",
                        metadata: ["collection": "\(name)", "error": "\(error)"]
                    )
                }
            }
        }
        return try result.get()
    }
}
