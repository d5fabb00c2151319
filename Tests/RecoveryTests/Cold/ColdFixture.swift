import Foundation
import LocalStorage
import Logging
import NIOCore
import QdrantClient
import ResticCrypto
import ResticFormat
import ResticRepository
import TestSupport
import Testing

@testable import Recovery

/// A storage folder as a stopped Qdrant leaves it, mostly holes, and a repository.
struct ColdFixture {
    let folder: TemporaryDirectory
    let repository: Repository
    /// The engine, when a container is configured.
    let engine: FakeContainerEngine?
    var configuration: HoldfastConfiguration
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    var storage: String { folder.path("volume/_data") }
    var stopped: StoppedContainers { StoppedContainers(folder: folder.path("state")) }
    var cold: HoldfastConfiguration.Qdrant {
        get throws { try #require(configuration.qdrant) }
    }

    /// A port of 127.0.0.1 on which nobody listens: those below 1024 are given out to nobody.
    static let deadURL = "http://127.0.0.1:9"

    /// - Parameter cold: what stands in `qdrant.cold` beside the storage.
    static func with(
        url: String = deadURL,
        _ cold: String = "",
        engine state: FakeContainerEngine.State? = nil,
        _ body: (inout ColdFixture) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            guard let state else { return try await make(folder, url, cold, nil, body) }
            try await FakeContainerEngine.with(in: folder, state) { engine in
                try await make(folder, url, cold, engine, body)
            }
        }
    }

    /// A container `qdrant` on the volume `data`, and what says so in the configuration.
    static func withContainer(
        url: String = deadURL,
        _ change: (inout FakeContainerEngine.State, TemporaryDirectory) -> Void = { _, _ in },
        _ body: (inout ColdFixture, FakeContainerEngine) async throws -> Void
    ) async throws {
        try await TemporaryDirectory.with { folder in
            var state = FakeContainerEngine.State()
            var container = FakeContainerEngine.Container()
            container.mounts = [("data", folder.path("volume/_data"))]
            state.containers["qdrant"] = container
            state.volumes["data"] = folder.path("volume/_data")
            change(&state, folder)
            try await FakeContainerEngine.with(in: folder, state) { engine in
                let cold =
                    "volume: data, stop_container: qdrant, container_socket: \(engine.socket), start_within: 300ms"
                try await make(folder, url, cold, engine) { try await body(&$0, engine) }
            }
        }
    }

    private static func make(
        _ folder: TemporaryDirectory,
        _ url: String,
        _ cold: String,
        _ engine: FakeContainerEngine?,
        _ body: (inout ColdFixture) async throws -> Void
    ) async throws {
        let repository = try await Repository.create(
            in: LocalStore(path: folder.path("repo")),
            password: Array("pw".utf8),
            createdAt: SystemWallClock().now,
            scrypt: try ScryptParameters(n: 2, r: 1, p: 1)
        )
        let place = cold.contains("volume:") ? cold : "storage: \(folder.path("volume/_data"))\(cold)"
        let text = """
            version: 1
            repository: {location: \(folder.path("repo")), password: env:HOLDFAST_PASSWORD}
            system: test
            qdrant:
              url: \(url)
              cold: {\(place)}
            """
        let configuration = try HoldfastConfiguration.parse(
            Array(text.utf8),
            file: "holdfast.yaml",
            folder: folder.path
        )
        var fixture = ColdFixture(
            folder: folder,
            repository: repository,
            engine: engine,
            configuration: configuration
        )
        try fixture.fill()
        try await body(&fixture)
    }

    // MARK: The storage

    static let walLength = 32 << 20

    private func fill() throws {
        try write("{\"params\":{}}", to: "collections/book/config.json")
        try write("0.4.2", to: "collections/book/version.info")
        try write("{\"live\":\"book\"}", to: "aliases/data.json")
        try write("{\"this_peer_id\":1}", to: "raft_state.json")
        var generator = SeededGenerator(seed: 11)
        try write(generator.bytes(100_000), to: "collections/book/0/segments/s/vector_storage/matrix.dat")
        // As Qdrant's logs are: 32 MiB, of which some in the middle are on the disk.
        try write(generator.bytes(70_000), to: "collections/book/0/wal/open-1", at: 9_000_000, of: Self.walLength)
        chmod(path("collections/book/config.json"), 0o640)
        chmod(storage, 0o750)
    }

    func path(_ name: String) -> String { "\(storage)/\(name)" }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String, at offset: UInt64 = 0, of length: Int? = nil) throws {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        _ = FileManager.default.createFile(atPath: url.path, contents: nil)
        let handle = try FileHandle(forWritingTo: url)
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        if let length { try handle.truncate(atOffset: UInt64(length)) }
        try handle.close()
    }

    func entries(_ name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path(name)).sorted()
    }

    // MARK: Runs

    func backUp(
        _ progress: any ProgressSink = SilentProgress(),
        client: QdrantClient? = nil,
        documents: [HoldfastConfiguration.Documents] = []
    ) async throws -> BackupReport {
        var plan = BackupPlan(system: "test", selecting: nil, folders: documents, configuration: configuration)
        plan.cold = configuration.qdrant
        plan.leavingOut = [folder.path("repo")]
        return try await BackupRun(
            plan,
            into: repository.loadIndex(),
            client: client,
            logger: logger,
            progress: progress,
            toolVersion: "holdfast test",
            environment: [:],
            stopped: stopped
        ).run()
    }

    func latest() async throws -> RestorePoint {
        try await RestorePointCatalog(repository.loadIndex()).find("latest", system: "test")
    }

    func restore(
        _ destination: ColdRestore.Destination,
        _ progress: any ProgressSink = SilentProgress()
    ) async throws -> ColdRestore {
        ColdRestore(
            try await latest(),
            from: try await repository.loadIndex(),
            to: destination,
            configured: configuration.qdrant,
            environment: [:],
            stopped: stopped,
            logger: logger,
            progress: progress
        )
    }

    @discardableResult
    func restored(_ destination: ColdRestore.Destination) async throws -> ColdRestore.Outcome {
        let restore = try await restore(destination)
        let step = try #require(try await restore.plan())
        try await restore.check(step)
        return try await restore.run(step)
    }

    /// Bytes of a file on the disk.
    static func allocated(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_blocks) * 512 : -1
    }
}

/// Does something when a phase of a run begins.
struct ProgressHook: ProgressSink {
    let phase: String
    let action: @Sendable () -> Void

    func begin(_ name: String, totalBytes: Int64?) { if name == phase { action() } }
    func advance(_ byteCount: Int64) {}
    func end() {}
}
