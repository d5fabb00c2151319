import Foundation
import Logging
import NIOCore
import NIOPosix

@testable import QdrantClient

/// Starts the embedded Qdrant (`Embedded/qdrant-edge`) for a test, on a free port and in a folder of its own.
enum EmbeddedServer {
    /// The Python to run it with: `HOLDFAST_PYTHON`, or `.venv/bin/python` in the package's folder; `nil` when there is
    /// none that has what the program needs.
    static let python: String? = {
        let configured = ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"]
        let path = configured ?? package.appendingPathComponent(".venv/bin/python").path
        guard FileManager.default.isExecutableFile(atPath: path) else { return nil }
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: path)
        probe.arguments = [
            "-c",
            "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ['qdrant_edge', 'starlette', 'uvicorn'])))",
        ]
        probe.standardOutput = FileHandle.nullDevice
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return nil }
        probe.waitUntilExit()
        return probe.terminationStatus == 0 ? path : nil
    }()

    private static let package = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs `body` with the URL of a fresh server, and stops and removes it whatever happens.
    ///
    /// - Parameter keys: the api keys it knows; none lets everybody do everything.
    static func run(
        keys: Keys = Keys(),
        enablesFaults: Bool = false,
        _ body: (String) async throws -> Void
    ) async throws {
        guard let python else { throw Failure(description: "no Python to run the embedded Qdrant with") }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("embedded-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let portFile = folder.appendingPathComponent("port")
        let log = folder.appendingPathComponent("log")
        try Data().write(to: log)

        let server = Process()
        server.executableURL = URL(fileURLWithPath: python)
        server.currentDirectoryURL = package.appendingPathComponent("Embedded/qdrant-edge")
        server.arguments =
            [
                "-m", "qdrant_edge_server", "--port", "0", "--port-file", portFile.path,
                "--storage", folder.appendingPathComponent("storage").path,
                // Should the test's process be killed, the server follows it.
                "--parent-pid", "\(ProcessInfo.processInfo.processIdentifier)",
            ] + (enablesFaults ? ["--enable-faults"] : [])
        server.environment = ProcessInfo.processInfo.environment.merging(keys.environment) { $1 }
        server.standardOutput = FileHandle.nullDevice
        server.standardError = try FileHandle(forWritingTo: log)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        server.terminationHandler = { _ in end.finish() }
        try server.run()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body("http://127.0.0.1:\(try await port(of: server, in: portFile, log: log))"))
        } catch {
            result = .failure(error)
        }
        // Killed, not asked to end: it inherits the blocked signals of the thread that started it.
        kill(server.processIdentifier, SIGKILL)
        for await _ in ended {}
        try result.get()
    }

    /// The api keys of a server.
    struct Keys {
        var full: String?
        var readOnly: String?

        fileprivate var environment: [String: String] {
            var variables: [String: String] = [:]
            variables["QDRANT__SERVICE__API_KEY"] = full
            variables["QDRANT__SERVICE__READ_ONLY_API_KEY"] = readOnly
            return variables
        }
    }

    /// Waits until the server has written where it listens.
    private static func port(of server: Process, in file: URL, log: URL) async throws -> Int {
        for _ in 0..<600 {
            let text = try? String(contentsOf: file, encoding: .utf8)
            if let port = text.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) { return port }
            guard server.isRunning else {
                let said = try String(contentsOf: log, encoding: .utf8)
                throw Failure(description: "the embedded Qdrant ended: \(said)")
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure(description: "the embedded Qdrant did not say where it listens")
    }

    /// Runs `body` with a client of the server at `url`.
    static func withClient(
        url: String,
        key: String? = nil,
        _ body: (QdrantClient) async throws -> Void
    ) async throws {
        let endpoint = try QdrantEndpoint(url: url, apiKey: key.map(Secret.init))
        try await withQdrantClient(endpoint: endpoint, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        {
            try await body($0)
        }
    }

    /// Runs `body` with a client of a fresh server.
    static func withClient(enablesFaults: Bool = false, _ body: (QdrantClient) async throws -> Void) async throws {
        try await run(enablesFaults: enablesFaults) { url in try await withClient(url: url, body) }
    }
}
