internal import Foundation
internal import Locks

/// A running moto: S3, IAM and STS in memory, for object lock, versions, policies and error documents.
///
/// What it enforces and what not stands in `docs/design/testing.md`. Use ``with(_:)`` or ``shared()``.
public final class MotoServer: Sendable {
    private let process: ObjectServerProcess
    private let scratchKeys = ObjectServerKeys.random()

    private init(scratch: String) async throws {
        let launch = ObjectServerProcess.Launch(script: "serve_moto.py", arguments: [], environment: [:])
        process = try await ObjectServerProcess(launch, scratch: scratch)
    }

    /// The region that it answers for when asked; it takes any.
    public let region = "us-east-1"
    /// The port on 127.0.0.1 where it listens.
    public var port: Int { process.port }
    /// Where it listens: `http://127.0.0.1:<port>`. Buckets are addressed by path.
    public var endpoint: String { "http://127.0.0.1:\(port)" }
    /// All that it has printed since its start: what a failing test shows.
    public var log: String { process.log }
    /// Keys for a client while the server does not ask who comes (``enforcePolicies(_:)``).
    public var keys: ObjectServerKeys { scratchKeys }

    /// Makes a bucket.
    ///
    /// - Parameters:
    ///   - objectLock: with object lock, and therefore with versions.
    ///   - versioned: with versions.
    public func makeBucket(_ name: String, objectLock: Bool = false, versioned: Bool = false) async throws {
        let header = objectLock ? [("x-amz-bucket-object-lock-enabled", "true")] : []
        try await send("PUT", "/\(name)", header)
        guard versioned || objectLock else { return }
        let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        try await send("PUT", "/\(name)?versioning", [], body)
    }

    /// Makes a user that may do what `policy` says and nothing else, once ``enforcePolicies(_:)`` is on.
    ///
    /// - Parameter policy: a policy document in JSON; `nil` allows nothing.
    public func makeUser(_ name: String, policy: String?) async throws -> ObjectServerKeys {
        struct Order: Encodable { var name, policy, id, secret: String }
        let keys = ObjectServerKeys.random()
        try await order("user", Order(name: name, policy: policy ?? "", id: keys.id, secret: keys.secret))
        return keys
    }

    /// Has the server look at signatures and policies, or not (as at its start). Make buckets before.
    public func enforcePolicies(_ on: Bool = true) async throws {
        struct Order: Encodable { var on: Bool }
        try await order("enforce", Order(on: on))
    }

    /// Forgets all buckets, objects and users.
    public func reset() async throws {
        try await send("POST", "/moto-api/reset", [])
    }

    /// Asks it to end, and waits for that.
    public func stop() async {
        await process.stop()
    }

    private func order(_ name: String, _ order: some Encodable) async throws {
        try await send("POST", "/_holdfast/\(name)", [], String(decoding: JSONEncoder().encode(order), as: UTF8.self))
    }

    private func send(_ method: String, _ path: String, _ headers: [(String, String)], _ body: String = "") async throws
    {
        // moto tells its services apart by what the signature says it is for; it does not check it yet.
        let scope =
            "AWS4-HMAC-SHA256 Credential=\(keys.id)/20260101/\(region)/s3/aws4_request, SignedHeaders=host, Signature=0"
        let response = try await LoopbackHTTP.send(
            method,
            path,
            headers: headers + [("Authorization", scope)],
            body: Array(body.utf8),
            port: port
        )
        guard response.status == 200 else {
            throw Program.Failure(
                description: "moto answered \(method) \(path) with \(response.status): \(response.text)"
            )
        }
    }
}

extension MotoServer {
    /// Runs `body` with a server of its own; its folder and it are gone afterwards.
    @discardableResult
    public static func with<Answer>(_ body: (MotoServer) async throws -> Answer) async throws -> Answer {
        try await TemporaryDirectory.with("holdfast-moto") { folder in
            let server = try await MotoServer(scratch: folder.path("server"))
            do {
                let answer = try await body(server)
                await server.stop()
                return answer
            } catch {
                await server.stop()
                FileHandle.standardError.write(Data("moto's log ends:\n\(server.log.suffix(4000))\n".utf8))
                throw error
            }
        }
    }

    /// The server that all tests of this process share, since starting one takes a second: use buckets with names of your
    /// own, and neither ``reset()`` nor ``enforcePolicies(_:)``. It ends with this process and takes its folder along.
    public static func shared() async throws -> MotoServer {
        try await sharedServer.value()
    }

    private static let sharedServer = SharedServer {
        try await MotoServer(scratch: NSTemporaryDirectory() + "holdfast-moto-\(UUID().uuidString)")
    }
}
