internal import Foundation
internal import Locks

/// A running object server of `Tests/ObjectServers`: the child process, its port and its folder.
final class ObjectServerProcess: Sendable {
    private struct State {
        var child: ChildProcess
        var port: Int
    }

    /// What is started: the script and what only it needs.
    struct Launch: Sendable {
        var script: String
        /// Arguments before the scratch folder's.
        var arguments: [String]
        /// Arguments after all others.
        var furtherArguments: [String] = []
        var environment: [String: String]
    }

    private let launch: Launch
    /// The folder that is the server's alone.
    let scratch: String
    private let state: Mutex<State>

    /// Starts a server and waits until it listens.
    init(_ launch: Launch, scratch: String) async throws {
        self.launch = launch
        self.scratch = scratch
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
        let (child, port) = try await Self.start(launch, scratch: scratch, port: 0)
        state = Mutex(State(child: child, port: port))
    }

    var port: Int { state.withLock { $0.port } }
    var isRunning: Bool { state.withLock { $0.child }.isRunning }
    /// What it has printed since its last start.
    var log: String { state.withLock { $0.child }.errorText }

    /// Asks it to end and waits until it has; one that does not in time is killed.
    func stop() async {
        let child = state.withLock { $0.child }
        child.terminate()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await Task.sleep(for: .seconds(10))
                child.kill()
            }
            _ = await child.finish()
            group.cancelAll()
        }
    }

    /// Starts it again on the same port; stops it first if it runs.
    func restart() async throws {
        if isRunning { await stop() }
        let (child, port) = try await Self.start(launch, scratch: scratch, port: port)
        state.withLock { $0 = State(child: child, port: port) }
    }

    private static func start(_ launch: Launch, scratch: String, port: Int) async throws -> (ChildProcess, Int) {
        if let reason = ObjectServers.reasonForAbsence { throw Program.Failure(description: reason) }
        let portFile = "\(scratch)/port"
        try? FileManager.default.removeItem(atPath: portFile)
        let parent = "\(ProcessInfo.processInfo.processIdentifier)"
        let child = ChildProcess(
            path: ObjectServers.python,
            arguments: ["\(ObjectServers.home)/\(launch.script)"] + launch.arguments
                + [scratch, "\(port)", portFile, parent] + launch.furtherArguments,
            environment: launch.environment.merging(["PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        )
        try child.start()
        do {
            return (child, try await awaitPort(of: child, in: portFile))
        } catch {
            child.kill()
            throw error
        }
    }

    private static func awaitPort(of child: ChildProcess, in file: String) async throws -> Int {
        struct Ready: Decodable { var port: Int }
        let limit = Duration.seconds(60)
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline, child.isRunning {
            if let data = FileManager.default.contents(atPath: file) {
                return try JSONDecoder().decode(Ready.self, from: data).port
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        let how = child.isRunning ? "did not listen within \(limit)" : "ended while it started"
        child.kill()
        let outcome = await child.finish()
        throw Program.Failure(description: "the object server \(how): \(outcome)")
    }
}

/// The object servers that tests talk to, and whether they can run here.
public enum ObjectServers {
    /// Why they cannot run here; `nil` when they can. A suite says so in its `.enabled(if:)`.
    public static var reasonForAbsence: String? {
        let hint =
            "run scripts/setup --test, or set HOLDFAST_PYTHON to a Python that has Tests/ObjectServers/requirements.txt"
        if !FileManager.default.isExecutableFile(atPath: python) { return "no Python at \(python): \(hint)" }
        if !FileManager.default.isExecutableFile(atPath: rclone) { return "no rclone at \(rclone): \(hint)" }
        if !FileManager.default.isExecutableFile(atPath: moto) { return "no moto_server at \(moto): \(hint)" }
        return nil
    }

    /// The `rclone` program that belongs to the tests' Python.
    public static var rclone: String { "\(binaries)/rclone" }

    static var moto: String { "\(binaries)/moto_server" }

    static var python: String {
        ProcessInfo.processInfo.environment["HOLDFAST_PYTHON"] ?? "\(PackageRoot.path)/.venv/bin/python"
    }

    /// The folder of the scripts.
    static var home: String { "\(PackageRoot.path)/Tests/ObjectServers" }

    private static var binaries: String {
        python.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
}

/// With what a client introduces itself to an object server.
public struct ObjectServerKeys: Sendable, Hashable {
    /// The access key ID: `AKIA` and 16 characters, as those of people and machines begin.
    public let id: String
    /// The secret access key.
    public let secret: String

    /// Makes new keys.
    public static func random() -> ObjectServerKeys {
        func text(_ count: Int, of characters: String) -> String {
            let characters = Array(characters)
            return String((0..<count).map { _ in characters[Int.random(in: characters.indices)] })
        }
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return ObjectServerKeys(
            id: "AKIA" + text(16, of: letters + "234567"),
            secret: text(40, of: letters + letters.lowercased() + "0123456789")
        )
    }
}
