internal import Foundation
internal import Recovery

/// The embedded Qdrant while the demo runs. It also stops by itself when this process is gone.
struct DemoServer {
    let url: String
    private let process: Process

    /// Starts the server on a free loopback port and waits until it answers.
    ///
    /// - Parameter folder: where its storage and log go.
    static func start(_ places: DemoPlaces, in folder: String) async throws -> DemoServer {
        let portFile = folder + "/port"
        let log = folder + "/server.log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        let process = Process()
        process.executableURL = URL(filePath: places.python)
        process.arguments = [
            "-m", "qdrant_edge_server", "--storage", folder + "/storage", "--host", "127.0.0.1", "--port", "0",
            "--port-file", portFile, "--parent-pid", "\(ProcessInfo.processInfo.processIdentifier)",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(["PYTHONPATH": places.embeddedQdrant]) {
            _,
            new in new
        }
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        for _ in 0..<600 {
            if let text = try? String(contentsOfFile: portFile, encoding: .utf8),
                let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
            {
                return DemoServer(url: "http://127.0.0.1:\(port)", process: process)
            }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        process.terminate()
        let tail = (try? String(contentsOfFile: log, encoding: .utf8))?.suffix(600) ?? ""
        throw RecoveryError(
            .notConfigured,
            "the embedded Qdrant did not start: \(tail)",
            hint: "Run 'scripts/setup' to install its packages."
        )
    }

    /// Stops it and waits for its end: asked first, then made to. Not by `waitUntilExit`, which would hold a thread of the
    /// cooperative pool, of which there may be two.
    func stop() async {
        process.terminate()
        for round in 0..<100 where process.isRunning {
            if round == 60 { kill(process.processIdentifier, SIGKILL) }
            // A cancelled task does not sleep; then the server is ended at once.
            if (try? await Task.sleep(for: .milliseconds(50))) == nil { kill(process.processIdentifier, SIGKILL) }
        }
    }
}
