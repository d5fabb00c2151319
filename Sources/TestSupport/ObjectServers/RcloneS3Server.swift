internal import Foundation
internal import Locks

/// A running `rclone serve s3` over a folder: bytes on a disk, signatures checked, and quick enough for gigabytes.
///
/// A bucket is a folder, an object a file: tests may look at them, and damage them; what the server has listed it remembers for
/// minutes, until ``restart()``. (`--dir-cache-time 0` would forget at once: rclone 1.75.2 then forgets faster than it walks
/// deep folders, and never answers.) What it enforces and what not stands in
/// `docs/design/testing.md`. Use ``with(_:)`` or ``shared()``.
public final class RcloneS3Server: Sendable {
    private let process: ObjectServerProcess
    /// The only keys that it takes.
    public let keys = ObjectServerKeys.random()
    /// The folder of its buckets.
    public let folder: String

    private init(scratch: String, arguments: [String]) async throws {
        folder = "\(scratch)/buckets"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let launch = ObjectServerProcess.Launch(
            script: "serve_rclone.py",
            arguments: [ObjectServers.rclone, folder],
            furtherArguments: arguments,
            environment: ["RCLONE_AUTH_KEY": "\"\(keys.id),\(keys.secret)\""]
        )
        process = try await ObjectServerProcess(launch, scratch: scratch)
    }

    /// What it says its region is; it takes any.
    public let region = "us-east-1"
    /// The port on 127.0.0.1 where it listens.
    public var port: Int { process.port }
    /// Where it listens: `http://127.0.0.1:<port>`. Buckets are addressed by path.
    public var endpoint: String { "http://127.0.0.1:\(port)" }
    /// All that it has printed since its last start: what a failing test shows.
    public var log: String { process.log }

    /// Makes a bucket.
    public func makeBucket(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
    }

    /// Asks it to end, and waits for that.
    public func stop() async {
        await process.stop()
    }

    /// Starts it again with the same keys, buckets and port; stops it first if it runs.
    public func restart() async throws {
        try await process.restart()
    }
}

extension RcloneS3Server {
    /// Runs `body` with a server of its own; its folder and it are gone afterwards.
    ///
    /// - Parameter arguments: further ones for `rclone serve s3`.
    @discardableResult
    public static func with<Answer>(
        arguments: [String] = [],
        _ body: (RcloneS3Server) async throws -> Answer
    ) async throws -> Answer {
        try await TemporaryDirectory.with("holdfast-rclone") { folder in
            let server = try await RcloneS3Server(scratch: folder.path("server"), arguments: arguments)
            do {
                let answer = try await body(server)
                await server.stop()
                return answer
            } catch {
                await server.stop()
                FileHandle.standardError.write(Data("rclone's log ends:\n\(server.log.suffix(4000))\n".utf8))
                throw error
            }
        }
    }

    /// The server that all tests of this process share: use buckets with names of your own, and do not stop it. It ends with
    /// this process and takes its folder along.
    public static func shared() async throws -> RcloneS3Server {
        try await sharedServer.value()
    }

    private static let sharedServer = SharedServer {
        try await RcloneS3Server(
            scratch: NSTemporaryDirectory() + "holdfast-rclone-\(UUID().uuidString)",
            arguments: []
        )
    }
}

/// A server that is started once, by whoever asks first.
actor SharedServer<Server: Sendable> {
    private let make: @Sendable () async throws -> Server
    private var task: Task<Server, any Error>?

    init(_ make: @escaping @Sendable () async throws -> Server) {
        self.make = make
    }

    func value() async throws -> Server {
        if let task { return try await task.value }
        // Unstructured: the start must not be cancelled with the test that happened to ask first.
        let task = Task { try await make() }
        self.task = task
        return try await task.value
    }
}
