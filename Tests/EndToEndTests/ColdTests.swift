import Foundation
import Logging
import QdrantClient
import TestSupport
import Testing

@Suite(
    "The cold route, from the command line",
    .enabled(if: EmbeddedQdrant.reasonForAbsence == nil, "the embedded Qdrant is not installed: run scripts/setup"),
    .timeLimit(.minutes(10))
)
struct ColdTests {
    private static let points = 300

    private func withClient<Value>(_ server: EmbeddedQdrant, _ body: (QdrantClient) async throws -> Value) async throws
        -> Value
    {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        return try await withQdrantClient(endpoint: QdrantEndpoint(url: server.baseURL), logger: logger) {
            try await body($0)
        }
    }

    private func fill(_ client: QdrantClient) async throws {
        var generator = SeededGenerator(seed: 5)
        try await client.createCollection("book", ["vectors": ["size": 16, "distance": "Cosine"]])
        let points = (0..<Self.points).map { index in
            Point(
                id: .number(UInt64(index)),
                vector: (0..<16).map { _ in Float.random(in: -1...1, using: &generator) },
                payload: ["page": .integer(Int64(index))]
            )
        }
        _ = try await client.upsert(points, in: "book")
        try await client.updateAliases([.create(alias: "live", collection: "book")])
    }

    private func count(_ server: EmbeddedQdrant) async throws -> UInt64 {
        try await withClient(server) { try await $0.count(in: "live") }
    }

    @Test(
        "refuses a running server; takes the stopped one's storage, which another server serves; drills and recovers it"
    )
    func realEngine() async throws {
        try await TemporaryDirectory.with { folder in
            let holdfast = try HoldfastProgram(in: folder)
            let storage = folder.path("live/storage")
            var options = EmbeddedQdrant.Options(storage: storage)
            try await withEmbeddedQdrant(options) { server in
                try await withClient(server) { try await fill($0) }
                try holdfast.write(
                    """
                    version: 1
                    repository: {location: repo, password: env:HOLDFAST_PASSWORD}
                    system: test
                    qdrant: {url: "\(server.baseURL)", cold: {storage: live/storage}}
                    drill: {qdrant: embedded, folder: scratch}
                    """,
                    to: "holdfast.yaml"
                )
                try holdfast.write("", to: "scratch/.keep")
                try await holdfast.run("init")
                let refused = try await holdfast.run("backup", expecting: 1)
                #expect(refused.errorText.contains("a server answers at \(server.baseURL)"), "\(refused)")

                // Where it does not answer, its lock still says that it runs.
                let text = try String(contentsOfFile: folder.path("holdfast.yaml"), encoding: .utf8)
                try holdfast.write(text.replacing(server.baseURL, with: "http://127.0.0.1:9"), to: "elsewhere.yaml")
                let locked = try await holdfast.run("backup", "--config", "elsewhere.yaml", expecting: 1)
                #expect(locked.errorText.contains("is in use: a server holds the lock of"), "\(locked)")

                await server.stop()
                try await holdfast.run("backup")
                let shown = try await holdfast.run("show")
                #expect(shown.text.contains("storage of a stopped server") && shown.text.contains("live → book"))
                try await holdfast.run("verify")
                if Program.find("restic") != nil { _ = try await holdfast.restic("check", "--read-data") }

                try await holdfast.run("restore", "--only", "qdrant", "--target", "copy")
                options.storage = folder.path("copy")
                let served = try await withEmbeddedQdrant(options) { copy in try await count(copy) }
                #expect(served == UInt64(Self.points))

                // Nobody counted: what is served cannot be compared with anything.
                let drill = try await holdfast.run("drill", "qdrant", expecting: 3)
                #expect(drill.text.contains("\(Self.points) points"), "\(drill)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("scratch")) == [".keep"])

                try FileManager.default.removeItem(atPath: storage + "/collections")
                let report = try await holdfast.run("recover", "--yes")
                #expect(report.text.contains("verified"), "\(report)")
                try await server.restart()
                #expect(try await count(server) == UInt64(Self.points))
                let again = try await holdfast.run("recover", expecting: 13)
                #expect(again.errorText.contains("cannot be compared"), "\(again)")
            }
        }
    }
}

@Suite("The cold route around a real container", .timeLimit(.minutes(10)))
struct ColdContainerTests {
    /// Answers as a server would, and ends when it is told to.
    private static func server(_ port: Int) -> String {
        "trap 'exit 0' TERM; httpd -f -p 127.0.0.1:\(port) -h /bin & wait"
    }

    private func configure(_ holdfast: HoldfastProgram, _ podman: Podman, port: Int, _ more: String) async throws {
        let volume = try await podman.volume()
        for (path, text) in [
            ("collections/book/config.json", "{}"), ("collections/book/0/wal/open-1", "log"),
            ("aliases/data.json", "{\"live\":\"book\"}"),
        ] {
            let url = URL(filePath: "\(volume)/\(path)")
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        truncate("\(volume)/collections/book/0/wal/open-1", 32 << 20)
        try holdfast.write(
            """
            version: 1
            repository: {location: repo, password: env:HOLDFAST_PASSWORD}
            system: test
            qdrant:
              url: http://127.0.0.1:\(port)
              cold: {volume: data, stop_container: qdrant, container_socket: \(podman.socket), \(more)}
            """,
            to: "holdfast.yaml"
        )
        try await holdfast.run("init")
    }

    @Test("stops it, takes its volume, starts it again; restores the volume in place and puts the old one aside")
    func roundTrip() async throws {
        try await Podman.with { podman in
            try await TemporaryDirectory.with { folder in
                let holdfast = try HoldfastProgram(in: folder)
                let port = Int.random(in: 20_000..<30_000)
                try await podman.start(Self.server(port))
                try await configure(holdfast, podman, port: port, "stop_within: 20s, start_within: 60s")
                let backup = try await holdfast.run("backup")
                #expect(backup.text.contains("volume data: book"), "\(backup)")
                #expect(try await podman.state() == "running")
                let shown = try await holdfast.json("show")
                let part = try #require((shown["parts"] as? [[String: Any]])?.first)
                let storage = try #require(part["storage"] as? [String: Any])
                #expect(
                    storage["container"] as? String == "qdrant" && storage["stoppedSeconds"] is Double,
                    "\(storage)"
                )
                #expect(storage["image"] as? String == "localhost/holdfast-test:1")

                try await holdfast.run("restore", expecting: 14)
                let volume = try await podman.volume()
                try Data("newer".utf8).write(to: URL(filePath: volume + "/mine"))
                let restored = try await holdfast.run("restore", "--in-place", "--yes")
                #expect(restored.text.contains("what was there is now in \(volume).retired-"), "\(restored)")
                #expect(try await podman.state() == "running")
                #expect(!FileManager.default.fileExists(atPath: volume + "/mine"))
                #expect(FileManager.default.fileExists(atPath: volume + "/collections/book/config.json"))
            }
        }
    }

    /// A configuration whose container takes all the time that it is given to stop.
    private func stopWithin(_ seconds: Int, _ holdfast: HoldfastProgram, _ folder: TemporaryDirectory) throws {
        let text = try String(contentsOfFile: folder.path("holdfast.yaml"), encoding: .utf8)
        try holdfast.write(text.replacing(/stop_within: \d+s/, with: "stop_within: \(seconds)s"), to: "holdfast.yaml")
    }

    /// Polls until `condition` is met; how long that takes is the machine's affair.
    private func wait(for what: Comment, _ condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(240)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("starts it with the next run when a run was killed while it was stopped")
    func killed() async throws {
        try await Podman.with { podman in
            try await TemporaryDirectory.with { folder in
                let holdfast = try HoldfastProgram(in: folder)
                // As the first process of a container, a shell that waits for a program takes no signal: stopping takes all the time there is.
                try await podman.start("sleep 1000; exit 0")
                try await configure(holdfast, podman, port: 9, "stop_within: 240s, start_within: 100ms")
                let process = Process()
                process.executableURL = URL(filePath: HoldfastProgram.path)
                process.arguments = ["backup"]
                process.currentDirectoryURL = URL(filePath: folder.path)
                process.environment = ProcessInfo.processInfo.environment.merging(
                    holdfast.environment().compactMapValues(\.self)
                ) { $1 }
                try process.run()
                let state = folder.path("state/holdfast")
                // Its note comes before its request: killed between the two, it would have stopped nothing.
                try await wait(for: "the backup asks for the container to be stopped") {
                    try #require(process.isRunning, "the backup ended before it stopped anything")
                    return try await podman.state() != "running"
                }
                #expect(try !FileManager.default.contentsOfDirectory(atPath: state).isEmpty)
                kill(process.processIdentifier, SIGKILL)
                try await wait(for: "the backup is killed") { !process.isRunning }
                try await podman.kill()
                try await wait(for: "the container has stopped") { try await podman.state() == "exited" }

                let doctor = try await holdfast.run("doctor", expecting: 1)
                #expect(doctor.text.contains("which did not start it again"), "\(doctor)")
                try stopWithin(1, holdfast, folder)
                // 3: nothing answers in this container, before as after.
                let backup = try await holdfast.run("backup", expecting: 3)
                #expect(backup.errorText.contains("which did not start it again: it has been started now"), "\(backup)")
                #expect(try await podman.state() == "running")
                #expect(try FileManager.default.contentsOfDirectory(atPath: state).isEmpty)
            }
        }
    }
}
