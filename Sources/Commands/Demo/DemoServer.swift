internal import Foundation
internal import Recovery

/// The embedded Qdrant while the demo runs. It also stops by itself when this process is gone.
actor DemoServer {
    /// The base of its REST API: the same over restarts.
    nonisolated let url: String
    /// The folder of its data.
    nonisolated let storage: String
    private let places: DemoPlaces
    private let apiKey: String
    private let port: Int
    private let portFile: String
    private let log: String
    private var process: Process?

    /// - Parameter folder: where its storage and log go.
    init(_ places: DemoPlaces, in folder: String, apiKey: String) throws {
        self.places = places
        self.apiKey = apiKey
        port = try FreePort.find()
        url = "http://127.0.0.1:\(port)"
        storage = folder + "/qdrant"
        portFile = folder + "/run/qdrant.port"
        log = folder + "/run/qdrant.log"
    }

    /// Starts the server over what lies in its storage, and waits until it answers.
    func start() async throws {
        try? FileManager.default.removeItem(atPath: portFile)
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let process = Process()
        process.executableURL = URL(filePath: places.python)
        process.arguments = [
            "-m", "qdrant_edge_server", "--storage", storage, "--host", "127.0.0.1", "--port", "\(port)",
            "--port-file", portFile, "--parent-pid", "\(ProcessInfo.processInfo.processIdentifier)",
        ]
        // The key by the environment: everybody on the machine may read a command line.
        process.environment = ProcessInfo.processInfo.environment.merging([
            "PYTHONPATH": places.embeddedQdrant, "QDRANT__SERVICE__API_KEY": apiKey,
        ]) { _, new in new }
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.runWithAllSignals()
        self.process = process
        for _ in 0..<600 {
            if FileManager.default.fileExists(atPath: portFile) { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        await stop()
        let tail = (try? String(contentsOfFile: log, encoding: .utf8))?.suffix(600) ?? ""
        throw RecoveryError(
            .notConfigured,
            "the embedded Qdrant did not start: \(tail)",
            hint: "Run 'scripts/setup' to install its packages."
        )
    }

    /// Ends it as a power cut would, and deletes all that it had.
    func destroy() async throws {
        if let process {
            kill(process.processIdentifier, SIGKILL)
            await stop()
        }
        try FileManager.default.removeItem(atPath: storage)
    }

    /// Stops it and waits for its end: asked first, then made to. Not by `waitUntilExit`, which would hold a thread of the
    /// cooperative pool, of which there may be two.
    func stop() async {
        guard let process else { return }
        self.process = nil
        if process.isRunning { process.terminate() }
        for round in 0..<100 where process.isRunning {
            if round == 60 { kill(process.processIdentifier, SIGKILL) }
            // A cancelled task does not sleep; then the server is ended at once.
            if (try? await Task.sleep(for: .milliseconds(50))) == nil { kill(process.processIdentifier, SIGKILL) }
        }
    }
}
