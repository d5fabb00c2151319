internal import Foundation
internal import QdrantClient
internal import ResticRepository

/// A Qdrant that a drill may fill, restart and take down.
struct ScratchServer: Sendable {
    /// The base of its REST API.
    let url: String
    /// The process, when this drill started it.
    let process: ScratchProcess?
    /// What restarts a server that this drill did not start.
    let restartCommand: ConfiguredCommand?
    /// Marks the collections of this drill on a server that is not its own.
    let suffix: String

    /// The name that a collection gets there.
    func name(for collection: String) -> String {
        process == nil ? "\(collection)__drill_\(suffix)" : collection
    }

    /// Whether the server is this drill's own, so that nothing on it needs to be deleted.
    var isOwn: Bool { process != nil }

    /// Whether it can be restarted.
    var canRestart: Bool { process != nil || restartCommand != nil }

    /// Restarts it and waits until it answers.
    func restart() async throws {
        if let process { return try await process.restart() }
        guard let restartCommand else { return }
        let limit = Duration.seconds(120)
        let ending = try await restartCommand.run(
            environment: ProcessInfo.processInfo.environment,
            timeout: limit
        )
        if let failure = ending.failure(within: limit) {
            throw RecoveryError(
                .refused,
                "the command that restarts the scratch server \(failure)",
                hint: "Run '\(restartCommand.program)' by hand to see why."
            )
        }
    }
}

/// A Qdrant, or an application, as a child of this process.
///
/// Its input, output and errors go nowhere and to a file; it is asked to end with SIGTERM and made to with SIGKILL.
actor ScratchProcess {
    /// How it is started.
    struct Launch: Sendable {
        /// For people: `the embedded Qdrant`.
        var title: String
        var program: String
        var arguments: [String]
        var environment: [String: String] = [:]
        var folder: String
        var log: String
    }

    private let launch: Launch
    private let isReady: @Sendable () async -> Bool
    private let patience: Duration
    private var process: Process?

    /// - Parameters:
    ///   - patience: how long it may take until it is ready.
    ///   - isReady: asks whether it is.
    init(_ launch: Launch, patience: Duration = .seconds(60), isReady: @escaping @Sendable () async -> Bool) {
        self.launch = launch
        self.patience = patience
        self.isReady = isReady
    }

    /// Starts it and waits until it is ready.
    ///
    /// - Throws: ``RecoveryError/Code/notConfigured`` with the end of what it printed.
    func start() async throws {
        let process = Process()
        process.executableURL = URL(filePath: launch.program)
        process.arguments = launch.arguments
        process.environment = ProcessInfo.processInfo.environment.merging(launch.environment) { _, new in new }
        process.currentDirectoryURL = URL(filePath: launch.folder, directoryHint: .isDirectory)
        if !FileManager.default.fileExists(atPath: launch.log) {
            _ = FileManager.default.createFile(
                atPath: launch.log,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            )
        }
        let output = try FileHandle(forWritingTo: URL(filePath: launch.log))
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        do {
            try process.runWithAllSignals()
        } catch {
            throw failure("cannot be started", hint: "Is '\(launch.program)' there, and may it be run?")
        }
        self.process = process
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if await isReady() { return }
            guard process.isRunning else { break }
            try await Task.sleep(for: .milliseconds(100))
        }
        let ended = !process.isRunning
        await stop()
        let tail = (try? String(contentsOfFile: launch.log, encoding: .utf8))?.suffix(600) ?? ""
        throw failure(
            ended ? "ended at once: \(tail)" : "did not answer within \(patience.components.seconds) s",
            hint: "Its output is in \(launch.log) ('--keep' leaves it there)."
        )
    }

    /// Ends it, starts it on the same data, and waits until it is ready.
    func restart() async throws {
        await stop()
        try await start()
    }

    /// Asks it to end, then makes it, and waits. Not by `waitUntilExit`, which would hold a thread of the cooperative pool.
    func stop() async {
        guard let process else { return }
        self.process = nil
        guard process.isRunning else { return }
        process.terminate()
        for round in 0..<200 where process.isRunning {
            if round == 150 { kill(process.processIdentifier, SIGKILL) }
            // A cancelled task does not sleep; then it is ended at once.
            if (try? await Task.sleep(for: .milliseconds(50))) == nil {
                kill(process.processIdentifier, SIGKILL)
                await shielded { try? await Task.sleep(for: .milliseconds(200)) }
            }
        }
    }

    private func failure(_ what: String, hint: String) -> RecoveryError {
        RecoveryError(.notConfigured, "\(launch.title) \(what)", hint: hint)
    }
}
