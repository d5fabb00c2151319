internal import Foundation
internal import Logging
internal import QdrantClient
internal import ResticRepository

/// The configured storage of a server that has to be stopped while its files are read or written.
struct ColdStorage: Sendable {
    let settings: HoldfastConfiguration.Cold
    /// Where the server answers when it runs.
    let url: URL
    /// Asks the server, when it runs; `nil` when nobody may.
    let client: QdrantClient?
    let environment: [String: String]
    let notes: StoppedContainers
    let clock: any WallClock
    let logger: Logger

    /// The storage as it was found.
    struct Site: Sendable {
        /// The folder's path on this machine.
        var path: String
        /// The volume that it belongs to.
        var volume: String?
        /// The container that is stopped for it.
        var container: ContainerState?
        /// What is noted about it: paths that do not fit together, for example.
        var warnings: [String] = []

        /// For people.
        var description: String { volume.map { "the volume '\($0)' (\(path))" } ?? "the folder '\(path)'" }
    }

    /// Finds the storage, and the container, and changes nothing.
    ///
    /// - Throws: ``RecoveryError/Code/containerUnusable`` and ``RecoveryError/Code/notConfigured``.
    func find() async throws -> Site {
        try await withEngine { try await find($0) }
    }

    /// Runs `body` while the server is stopped: by stopping its container where one is configured, else by making sure that it is.
    ///
    /// - Parameter mark: the path of a file that says, as long as it is there, that no server may be started on the storage.
    /// - Throws: ``RecoveryError/Code/sourceInUse`` when it runs all the same; what `body` throws.
    func withStopped<Value: Sendable>(
        _ purpose: String,
        mark: String? = nil,
        _ body: (Site) async throws -> Value
    ) async throws -> ContainerPause.Ending<Value> {
        try await withEngine { engine in
            let site = try await find(engine)
            guard let engine, let container = site.container else {
                try await ensureUnused(site)
                return ContainerPause.Ending(value: try await body(site), warnings: site.warnings)
            }
            let pulse = ServerPulse(url: url)
            let pause = ContainerPause(
                engine: engine,
                notes: notes,
                stopLimit: settings.stopLimit,
                startLimit: settings.startLimit,
                purpose: purpose,
                mark: mark,
                clock: clock,
                logger: logger,
                isAnswering: { await pulse.isAnswering() }
            )
            var ending = try await pause.run(container) {
                try await ensureUnused(site)
                return try await body(site)
            }
            ending.warnings = site.warnings + ending.warnings
            return ending
        }
    }

    /// Makes sure that no server uses the files.
    func ensureUnused(_ site: Site) async throws {
        if let answer = await ServerPulse(url: url).answer() {
            let hint =
                settings.container == nil
                ? "Stop the server first, or name its container in 'qdrant.cold.stop_container'."
                : "'qdrant.cold.stop_container' names a container in which that server is not, or something starts it again at once."
            throw RecoveryError(
                .sourceInUse,
                "a server answers at \(url.absoluteString) \(answer): its files may change at any time",
                hint: hint
            )
        }
        try await Self.ensureNotOpen(site)
    }

    /// Makes sure that no process has the files locked or open for writing, wherever its server answers.
    static func ensureNotOpen(_ site: Site) async throws {
        let inventory = try await StorageInventory.take(site.path)
        if let evidence = try await StorageUse.evidence(site.path, inventory) {
            throw RecoveryError(
                .sourceInUse,
                "\(site.description) \(evidence)",
                hint: "Stop the server first, or name its container in 'qdrant.cold.stop_container'."
            )
        }
    }

    // MARK: Finding

    private func withEngine<Value>(_ body: (ContainerEngine?) async throws -> Value) async throws -> Value {
        if case .folder = settings.place, settings.container == nil { return try await body(nil) }
        let socket = try ContainerSocket.find(configured: settings.socket, environment)
        return try await ContainerEngine.with(socket: socket) { try await body($0) }
    }

    private func find(_ engine: ContainerEngine?) async throws -> Site {
        var site: Site
        switch settings.place {
        case .folder(let path): site = Site(path: path)
        case .volume(let name):
            guard let engine else { preconditionFailure("a volume is looked up in an engine") }
            site = Site(path: try Self.path(of: try await engine.volume(name), name), volume: name)
        }
        if let name = settings.container, let engine {
            let container = try await engine.container(name)
            try check(container, &site)
            site.container = container
        }
        return site
    }

    private static func path(of volume: VolumeState, _ name: String) throws -> String {
        guard volume.driver == "local", volume.options["device"] == nil else {
            throw RecoveryError(
                .containerUnusable,
                "the volume '\(name)' is not a folder of this machine: it is mounted only while a container uses it",
                hint: "Mount what is behind it yourself, and name the folder in 'qdrant.cold.storage'."
            )
        }
        guard FileManager.default.fileExists(atPath: volume.mountpoint) else {
            throw RecoveryError(
                .containerUnusable,
                "the volume '\(name)' is at '\(volume.mountpoint)', where this user sees nothing",
                hint: "Run as root, and on the machine of the container engine itself."
            )
        }
        return volume.mountpoint
    }

    private func check(_ container: ContainerState, _ site: inout Site) throws {
        guard !container.isRemovedWhenStopped else {
            throw RecoveryError(
                .containerUnusable,
                "the container '\(container.name)' was made with '--rm': stopping it would remove it, and nobody could start it again",
                hint: "Make it without '--rm'."
            )
        }
        guard !container.isPaused else {
            throw RecoveryError(
                .containerUnusable,
                "the container '\(container.name)' is paused, and cannot end while it is",
                hint: "Unpause it first."
            )
        }
        if let volume = site.volume {
            guard container.mounts.contains(where: { $0.name == volume }) else {
                throw RecoveryError(
                    .notConfigured,
                    "the container '\(container.name)' does not use the volume '\(volume)'",
                    hint:
                        "It uses: \(container.mounts.compactMap { $0.name ?? $0.source }.filter { !$0.isEmpty }.joined(separator: ", "))."
                )
            }
            return
        }
        let path = URL(filePath: site.path).resolvingSymlinksInPath().path
        let sources = container.mounts.compactMap(\.source).map { URL(filePath: $0).resolvingSymlinksInPath().path }
        if !sources.contains(where: { path == $0 || path.hasPrefix($0 + "/") || $0.hasPrefix(path + "/") }) {
            site.warnings.append(
                "the container '\(container.name)' does not seem to use '\(site.path)': it sees \(sources.isEmpty ? "no folder" : sources.joined(separator: ", "))"
            )
        }
    }
}
