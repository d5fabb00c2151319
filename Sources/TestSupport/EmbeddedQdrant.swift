internal import Foundation
internal import Locks

/// A running embedded Qdrant: the real storage engine behind Qdrant's REST API, as a child process of the test.
///
/// Use ``withEmbeddedQdrant(_:_:)``, which stops it. Should the test itself be killed, the server notices that its parent is
/// gone and ends.
public final class EmbeddedQdrant: Sendable {
    /// How the server is started.
    public struct Options: Sendable {
        /// The folder of its data; `nil` is a temporary one, removed afterwards.
        public var storage: String?
        /// The key that every request must carry; `nil` asks for none.
        public var apiKey: String?
        /// Whether tests may order faults over its API.
        public var enablesFaults = false
        /// Further arguments for its command line.
        public var arguments: [String] = []
        /// How long it may take until it answers.
        public var startLimit: Duration = .seconds(60)
        /// How long it may take to end when asked to, before it is killed.
        public var stopLimit: Duration = .seconds(10)
        /// What is run in place of the real program, for tests of the launcher itself.
        package var command: [String]?

        /// Makes options; see the properties.
        public init(
            storage: String? = nil,
            apiKey: String? = nil,
            enablesFaults: Bool = false,
            arguments: [String] = []
        ) {
            self.storage = storage
            self.apiKey = apiKey
            self.enablesFaults = enablesFaults
            self.arguments = arguments
        }
    }

    private struct State {
        var child: ChildProcess
        var port: Int
        var earlierLog = ""
    }

    private let options: Options
    private let storage: String
    private let portFile: String
    private let state: Mutex<State>

    private init(options: Options, storage: String, portFile: String, child: ChildProcess, port: Int) {
        self.options = options
        self.storage = storage
        self.portFile = portFile
        state = Mutex(State(child: child, port: port))
    }

    /// The port on 127.0.0.1 where it listens.
    public var port: Int { state.withLock { $0.port } }
    /// Where it listens: `http://127.0.0.1:<port>`.
    public var baseURL: String { "http://127.0.0.1:\(port)" }
    /// The folder of its data.
    public var storagePath: String { storage }
    /// Whether the process runs.
    public var isRunning: Bool { state.withLock { $0.child }.isRunning }
    /// All that it has printed, over restarts: what a failing test shows.
    public var log: String {
        state.withLock { $0.earlierLog + $0.child.text + $0.child.errorText }
    }

    /// Starts a server and waits until it listens.
    ///
    /// - Parameters:
    ///   - scratch: a folder for the port file and, unless the options name another, the data.
    static func start(_ options: Options, scratch: TemporaryDirectory) async throws -> EmbeddedQdrant {
        let storage = options.storage ?? scratch.path("storage")
        let portFile = scratch.path("port")
        try FileManager.default.createDirectory(atPath: storage, withIntermediateDirectories: true)
        let child = try launch(options, storage: storage, portFile: portFile, port: 0)
        let port = try await awaitPort(of: child, in: portFile, options.startLimit)
        return EmbeddedQdrant(options: options, storage: storage, portFile: portFile, child: child, port: port)
    }

    /// Asks it to end and waits until it has; one that does not in time is killed.
    public func stop() async {
        let child = state.withLock { $0.child }
        child.terminate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [options] in
                // Cut short when the server has ended, and when the test is cancelled, with whose patience ours ends too.
                try? await Task.sleep(for: options.stopLimit)
                child.kill()
            }
            _ = await child.finish()
            group.cancelAll()
        }
    }

    /// Ends it as a power cut would, and waits until it is gone.
    public func kill() async {
        killNow()
        _ = await state.withLock { $0.child }.finish()
    }

    /// Sends SIGKILL and does not wait: for callbacks that cannot.
    public func killNow() {
        state.withLock { $0.child }.kill()
    }

    /// Starts it again on the same data and, so that clients need not be told, the same port; stops it first if it runs.
    public func restart() async throws {
        if isRunning { await stop() }
        let child = try Self.launch(options, storage: storage, portFile: portFile, port: port)
        state.withLock { state in
            state.earlierLog += state.child.text + state.child.errorText
            state.child = child
        }
        let port = try await Self.awaitPort(of: child, in: portFile, options.startLimit)
        state.withLock { $0.port = port }
    }
}

// Starting the process.
extension EmbeddedQdrant {
    /// Why the embedded Qdrant cannot run here; `nil` when it can.
    public static var reasonForAbsence: String? {
        if !FileManager.default.isExecutableFile(atPath: python) {
            return "no Python at \(python): run scripts/setup, or set HOLDFAST_PYTHON"
        }
        if !FileManager.default.fileExists(atPath: home) { return "no program at \(home)" }
        return nil
    }

    /// The folder of the Python program.
    private static var home: String { "\(PackageRoot.path)/Embedded/qdrant-edge" }

    /// The Python that has the program's dependencies.
    private static var python: String {
        ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? "\(PackageRoot.path)/.venv/bin/python"
    }

    private static func launch(_ options: Options, storage: String, portFile: String, port: Int) throws -> ChildProcess
    {
        try? FileManager.default.removeItem(atPath: portFile)
        if options.command == nil, let reasonForAbsence { throw Program.Failure(description: reasonForAbsence) }
        let command = options.command ?? [python, "-m", "qdrant_edge_server"]
        var arguments = Array(command.dropFirst())
        arguments += ["--storage", storage, "--host", "127.0.0.1", "--port", "\(port)", "--port-file", portFile]
        if let apiKey = options.apiKey { arguments += ["--api-key", apiKey] }
        if options.enablesFaults { arguments.append("--enable-faults") }
        arguments += ["--parent-pid", "\(ProcessInfo.processInfo.processIdentifier)"] + options.arguments
        let child = ChildProcess(
            path: command[0],
            arguments: arguments,
            environment: ["PYTHONPATH": home, "PYTHONUNBUFFERED": "1"],
            folder: options.command == nil ? home : nil
        )
        try child.start()
        return child
    }

    /// Waits until the server has written its port, and ends it when it does not in time.
    private static func awaitPort(of child: ChildProcess, in file: String, _ limit: Duration) async throws -> Int {
        let deadline = ContinuousClock.now + limit
        do {
            while ContinuousClock.now < deadline, child.isRunning {
                if let text = try? String(contentsOfFile: file, encoding: .utf8),
                    let port = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
                {
                    return port
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        } catch {
            child.kill()
            throw error
        }
        let how = child.isRunning ? "did not listen within \(limit)" : "ended while it started"
        child.kill()
        let outcome = await child.finish()
        throw Program.Failure(description: "the embedded Qdrant \(how): \(outcome)")
    }
}

/// Runs `body` with an embedded Qdrant of its own, and stops it, whatever happens; when `body` throws, the end of the
/// server's log goes to the standard error.
@discardableResult
public func withEmbeddedQdrant<Answer>(
    _ options: EmbeddedQdrant.Options = EmbeddedQdrant.Options(),
    _ body: (EmbeddedQdrant) async throws -> Answer
) async throws -> Answer {
    try await TemporaryDirectory.with("holdfast-qdrant") { scratch in
        let server = try await EmbeddedQdrant.start(options, scratch: scratch)
        do {
            let answer = try await body(server)
            await server.stop()
            return answer
        } catch {
            await server.stop()
            FileHandle.standardError.write(Data("the embedded Qdrant's log ends:\n\(server.log.suffix(4000))\n".utf8))
            throw error
        }
    }
}
