internal import Foundation
internal import Logging
internal import QdrantClient
internal import ResticRepository

#if canImport(Glibc)
    internal import Glibc
#endif

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
        let port = try freePort()
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

    /// A port of 127.0.0.1 that nobody listens on now.
    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw noPort() }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isBound else { throw noPort() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func noPort() -> RecoveryError {
        RecoveryError(.refused, "there is no free port on 127.0.0.1 for the scratch Qdrant")
    }
}
