import Foundation
import TestSupport
import Testing

/// Podman from the machine's distribution, behind its Docker-compatible API, with storage and settings of its own in a temporary
/// folder and an image made of busybox: no registry is asked.
struct Podman {
    let folder: TemporaryDirectory
    private let podman: Program
    var socket: String { folder.path("podman.sock") }

    /// Runs `body` with the API's socket when containers can run on this machine.
    ///
    /// Otherwise the test is cancelled, and its log says why.
    static func with(_ body: (Podman) async throws -> Void) async throws {
        guard let podman = Program.find("podman") else {
            try Test.cancel("there is no podman: run scripts/setup --test")
        }
        guard let busybox = Program.find("busybox") else {
            try Test.cancel("there is no busybox for an image: run scripts/setup --test")
        }
        // Sockets have short paths.
        try await TemporaryDirectory.with("hf") { folder in
            let engine = Podman(folder: folder, podman: podman)
            try engine.configure()
            let service = try await engine.startService()
            do {
                if let reason = try await engine.prepare(busybox) {
                    await engine.end(service)
                    try Test.cancel("podman cannot run containers here: \(reason)")
                }
                try await body(engine)
            } catch {
                await engine.end(service)
                throw error
            }
            await engine.end(service)
        }
    }

    private var variables: [String: String?] {
        [
            "CONTAINERS_STORAGE_CONF": folder.path("storage.conf"), "CONTAINERS_CONF": folder.path("containers.conf"),
            "XDG_RUNTIME_DIR": folder.path("xdg"),
        ]
    }

    /// Without control groups, networks and filters of its own: what a container in a container may not make.
    private func configure() throws {
        try Data(
            """
            [storage]
            driver = "vfs"
            graphroot = "\(folder.path("graph"))"
            runroot = "\(folder.path("run"))"

            """.utf8
        ).write(to: URL(filePath: folder.path("storage.conf")))
        try Data(
            """
            [containers]
            cgroups = "disabled"
            netns = "host"
            ipcns = "host"
            utsns = "host"
            seccomp_profile = "unconfined"
            default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
            log_driver = "k8s-file"
            [engine]
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            runtime = "crun"

            """.utf8
        ).write(to: URL(filePath: folder.path("containers.conf")))
        try FileManager.default.createDirectory(atPath: folder.path("xdg"), withIntermediateDirectories: true)
    }

    /// In a mount namespace of its own, in which the second hierarchy of control groups is out of sight: crun refuses to work where
    /// there are both.
    private func startService() async throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/unshare")
        let script = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$0\" system service --time=0 \"unix://$1\""
        process.arguments = ["--mount", "sh", "-c", script, podman.path, socket]
        process.environment = ProcessInfo.processInfo.environment.merging(variables.compactMapValues(\.self)) { $1 }
        process.standardInput = FileHandle.nullDevice
        _ = FileManager.default.createFile(atPath: folder.path("service.log"), contents: nil)
        let log = try FileHandle(forWritingTo: URL(filePath: folder.path("service.log")))
        process.standardOutput = log
        process.standardError = log
        try process.run()
        return process
    }

    private func end(_ service: Process) async {
        for name in ["qdrant"] { _ = try? await run("rm", "--force", "--time", "1", name) }
        service.terminate()
        while service.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
    }

    /// Makes an image, and tries whether a container of it runs.
    ///
    /// - Returns: why not.
    private func prepare(_ busybox: Program) async throws -> String? {
        let root = folder.path("root")
        try FileManager.default.createDirectory(atPath: root + "/bin", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: busybox.path, toPath: root + "/bin/busybox")
        for applet in ["sh", "sleep", "httpd"] {
            try FileManager.default.createSymbolicLink(atPath: "\(root)/bin/\(applet)", withDestinationPath: "busybox")
        }
        let tar = try #require(Program.find("tar"))
        _ = try await tar.run(["-C", root, "-cf", folder.path("image.tar"), "."])
        let image = try await run("import", folder.path("image.tar"), "localhost/holdfast-test:1")
        guard image.succeeded else { return Self.reason(image) }
        let deadline = ContinuousClock.now + .seconds(30)
        while !FileManager.default.fileExists(atPath: socket) {
            guard ContinuousClock.now < deadline else { return "its service does not listen" }
            try await Task.sleep(for: .milliseconds(20))
        }
        // Through the service, since only that one has the mount namespace in which containers run.
        let volume = try await remote("volume", "create", "data")
        guard volume.succeeded else { return Self.reason(volume) }
        let trial = try await remote("run", "--rm", "localhost/holdfast-test:1", "/bin/sh", "-c", "exit 7")
        return trial.status == 7 ? nil : Self.reason(trial)
    }

    /// Makes and starts the container `qdrant` on the volume `data`.
    func start(_ script: String) async throws {
        let made = try await remote(
            "run",
            "--detach",
            "--name",
            "qdrant",
            "--volume",
            "data:/qdrant/storage",
            "localhost/holdfast-test:1",
            "/bin/sh",
            "-c",
            script
        )
        try #require(made.succeeded, "\(made)")
    }

    /// The state of the container: `running`, `exited`.
    func state() async throws -> String {
        try await remote("inspect", "--format", "{{.State.Status}}", "qdrant").text
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Ends the container's processes at once.
    func kill() async throws {
        let outcome = try await remote("kill", "qdrant")
        try #require(outcome.succeeded, "\(outcome)")
    }

    /// Where the volume is.
    func volume() async throws -> String {
        try await remote("volume", "inspect", "--format", "{{.Mountpoint}}", "data").text
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func run(_ arguments: String...) async throws -> Program.Outcome {
        try await podman.run(arguments, environment: variables, timeout: .seconds(120))
    }

    private func remote(_ arguments: String...) async throws -> Program.Outcome {
        try await podman.run(
            ["--remote", "--url", "unix://\(socket)"] + arguments,
            environment: variables,
            timeout: .seconds(120)
        )
    }

    private static func reason(_ outcome: Program.Outcome) -> String {
        let lines = "\(outcome)".split(separator: "\n")
        return lines.last { $0.contains("rror") }.map(String.init) ?? "\(outcome)"
    }
}
