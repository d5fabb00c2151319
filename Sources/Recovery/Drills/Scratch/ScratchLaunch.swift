internal import Foundation

/// How the configured kinds of scratch servers are started.
struct ScratchLaunch {
    /// The drill's folder.
    let folder: String
    /// A free port of 127.0.0.1.
    let port: Int
    /// How the embedded Qdrant is run; `nil` where there is none.
    let embedded: EmbeddedQdrantPlace?

    /// - Returns: `nil` for a server that runs already.
    /// - Throws: ``RecoveryError/Code/notConfigured`` when a program is not there.
    func launch(_ server: DrillSettings.Server) throws -> ScratchProcess.Launch? {
        let storage = folder + "/storage"
        try FileManager.default.createDirectory(atPath: storage, withIntermediateDirectories: true)
        switch server {
        case .running: return nil
        case .program(let name): return try program(name, storage)
        case .container(let image): return try container(image, storage)
        case .command(let command): return try substituted(command, storage)
        case .embedded: return try embeddedLaunch(storage)
        }
    }

    private func program(_ name: String, _ storage: String) throws -> ScratchProcess.Launch {
        make(
            "the scratch Qdrant '\(name)'",
            try Self.find(name, for: "drill.qdrant.program"),
            [],
            // https://qdrant.tech/documentation/guides/configuration: every setting as a variable.
            [
                "QDRANT__SERVICE__HOST": "127.0.0.1", "QDRANT__SERVICE__HTTP_PORT": "\(port)",
                "QDRANT__SERVICE__GRPC_PORT": "null", "QDRANT__STORAGE__STORAGE_PATH": storage,
                "QDRANT__STORAGE__SNAPSHOTS_PATH": folder + "/snapshots", "QDRANT__TELEMETRY_DISABLED": "true",
            ]
        )
    }

    private func container(_ image: String, _ storage: String) throws -> ScratchProcess.Launch {
        let engine = try ["docker", "podman"].lazy.compactMap { try? Self.find($0, for: "") }.first
            .orThrow(
                RecoveryError(
                    .notConfigured,
                    "a scratch Qdrant in a container needs docker or podman, and neither is there",
                    hint: "Install one, or name another kind of server in 'drill.qdrant'."
                )
            )
        let name = "holdfast-drill-\(URL(filePath: folder).lastPathComponent.suffix(8))"
        return make(
            "the scratch Qdrant in a container of '\(image)'",
            engine,
            [
                "run", "--rm", "--name", name, "--publish", "127.0.0.1:\(port):6333", "--volume",
                "\(storage):/qdrant/storage", image,
            ]
        )
    }

    private func substituted(_ command: ConfiguredCommand, _ storage: String) throws -> ScratchProcess.Launch {
        let arguments = command.arguments.map {
            $0.replacing("{storage}", with: storage).replacing("{port}", with: "\(port)")
        }
        var launch = make(
            "the scratch Qdrant '\(command.program)'",
            try Self.path(of: command, for: "drill.qdrant.command"),
            arguments
        )
        launch.folder = command.folder
        return launch
    }

    private func embeddedLaunch(_ storage: String) throws -> ScratchProcess.Launch {
        guard let embedded else {
            throw RecoveryError(
                .notConfigured,
                "the embedded Qdrant is not here: it is part of a checkout of this project",
                hint:
                    "Name another server in 'drill.qdrant': 'program: qdrant', 'container: qdrant/qdrant:v1.19.0' or 'url: …'."
            )
        }
        return make(
            "the embedded Qdrant",
            embedded.python,
            [
                "-m", "qdrant_edge_server", "--storage", storage, "--host", "127.0.0.1", "--port", "\(port)",
                "--parent-pid", "\(ProcessInfo.processInfo.processIdentifier)",
            ],
            ["PYTHONPATH": embedded.folder]
        )
    }

    private func make(
        _ title: String,
        _ program: String,
        _ arguments: [String],
        _ environment: [String: String] = [:]
    ) -> ScratchProcess.Launch {
        ScratchProcess.Launch(
            title: title,
            program: program,
            arguments: arguments,
            environment: environment,
            folder: folder,
            log: folder + "/server.log"
        )
    }

    /// Where a configured command's program is: a path is relative to the configuration's folder.
    static func path(of command: ConfiguredCommand, for key: String) throws -> String {
        guard command.program.contains("/"), !command.program.hasPrefix("/") else {
            return try find(command.program, for: key)
        }
        return command.folder + "/" + command.program
    }

    /// A program by name, in `PATH`, or by its path.
    static func find(_ name: String, for key: String) throws -> String {
        if name.contains("/") { return name }
        for folder in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") {
            let path = "\(folder)/\(name)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw RecoveryError(
            .notConfigured,
            "there is no program '\(name)' in PATH",
            hint: key.isEmpty ? nil : "Give its path in '\(key)'."
        )
    }
}

/// Where the embedded Qdrant is: a Python that has its packages, and the folder of its sources.
public struct EmbeddedQdrantPlace: Sendable, Hashable {
    /// The Python.
    public var python: String
    /// The folder that holds `qdrant_edge_server`.
    public var folder: String

    /// Makes a place; see the properties.
    public init(python: String, folder: String) {
        self.python = python
        self.folder = folder
    }
}

extension Optional {
    fileprivate func orThrow(_ error: any Error) throws -> Wrapped {
        guard let self else { throw error }
        return self
    }
}
