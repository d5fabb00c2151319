internal import AsyncHTTPClient
internal import Foundation
internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// A small client of the API that Docker and Podman have in common, over its unix socket.
///
/// Uses what has not changed since version 1.24 of the API (Docker Engine API, "Versioned API and SDK": a client names the version
/// it speaks in the path, and an engine refuses versions below its `MinAPIVersion`).
struct ContainerEngine: Sendable {
    /// The newest version of the API that this client was written for.
    static let preferredVersion = APIVersion(major: 1, minor: 41)
    /// The longest answer that is read, in bytes.
    private static let answerLimit = 8 << 20
    /// How long an answer may take beyond what was asked for.
    private static let patience = Duration.seconds(30)

    /// The path of the socket.
    let socket: String
    /// The version of the API that is spoken.
    let version: APIVersion
    private let client: HTTPClient

    /// Runs `body` with a client of the engine behind a socket.
    ///
    /// - Throws: ``RecoveryError/Code/containerUnusable`` when nobody answers there.
    static func with<Value>(socket: String, _ body: (ContainerEngine) async throws -> Value) async throws -> Value {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(5)),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        let result: Result<Value, any Error>
        do {
            let unversioned = ContainerEngine(socket: socket, version: preferredVersion, client: client)
            let version = try await unversioned.negotiate()
            result = .success(try await body(ContainerEngine(socket: socket, version: version, client: client)))
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        return try result.get()
    }

    // MARK: Calls

    /// Looks at a container.
    ///
    /// - Throws: ``RecoveryError/Code/containerUnusable``, also when there is none of that name.
    func container(_ name: String) async throws -> ContainerState {
        let answer = try await call(.GET, "containers/\(Self.escaped(name))/json", "the container '\(name)'")
        return try decode(ContainerState.self, answer, "the container '\(name)'")
    }

    /// Asks a container to end, and has it killed when it does not in time. One that does not run is left alone.
    func stop(_ name: String, within limit: Duration) async throws {
        let seconds = max(1, limit.components.seconds)
        _ = try await call(
            .POST,
            "containers/\(Self.escaped(name))/stop?t=\(seconds)",
            "the container '\(name)'",
            within: limit + Self.patience
        )
    }

    /// Starts a container. One that runs already is left alone.
    func start(_ name: String) async throws {
        _ = try await call(.POST, "containers/\(Self.escaped(name))/start", "the container '\(name)'")
    }

    /// Looks at a volume.
    func volume(_ name: String) async throws -> VolumeState {
        let answer = try await call(.GET, "volumes/\(Self.escaped(name))", "the volume '\(name)'")
        return try decode(VolumeState.self, answer, "the volume '\(name)'")
    }

    private func negotiate() async throws -> APIVersion {
        struct Answer: Decodable { let ApiVersion: String?, MinAPIVersion: String? }
        let answer = try decode(Answer.self, try await call(.GET, nil, "the engine", path: "/version"), "the engine")
        return APIVersion.agreed(
            wanted: Self.preferredVersion,
            newest: answer.ApiVersion.flatMap(APIVersion.init),
            oldest: answer.MinAPIVersion.flatMap(APIVersion.init)
        )
    }

    // MARK: Requests

    private func call(
        _ method: HTTPMethod,
        _ resource: String?,
        _ object: String,
        path: String? = nil,
        within limit: Duration = patience
    ) async throws -> [UInt8] {
        let uri = path ?? "/v\(version)/\(resource ?? "")"
        guard let url = URL(httpURLWithSocketPath: socket, uri: uri) else {
            throw failure("'\(socket)' is no path of a socket")
        }
        var request = HTTPClientRequest(url: url.absoluteString)
        request.method = method
        request.headers.add(name: "Host", value: "localhost")
        request.headers.add(name: "User-Agent", value: "holdfast")
        let (status, body): (Int, [UInt8])
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(Int64(limit / .nanoseconds(1))))
            status = Int(response.status.code)
            body = Array(buffer: try await response.body.collect(upTo: Self.answerLimit))
        } catch {
            try Task.checkCancellation()
            throw unreachable(error)
        }
        // 304: it is as it was asked to be already.
        guard (200..<300).contains(status) || status == 304 else { throw refusal(status, body, object) }
        return body
    }

    private func decode<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], _ object: String) throws -> Value {
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch {
            throw failure("the container engine at \(socket) says of \(object) what cannot be understood", cause: error)
        }
    }

    private static func escaped(_ name: String) -> String {
        name.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._"))) ?? name
    }

    // MARK: Errors

    private func refusal(_ status: Int, _ body: [UInt8], _ object: String) -> RecoveryError {
        struct Answer: Decodable { let message: String? }
        let text = (try? JSONDecoder().decode(Answer.self, from: Data(body)))?.message ?? ""
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(300)
        if status == 404 {
            return failure(
                "the container engine at \(socket) knows \(object) not",
                hint:
                    "Is the name right, and is it the engine of the right user? 'qdrant.cold.container_socket' names another."
            )
        }
        return failure("the container engine at \(socket) refuses to handle \(object): \(words) (status \(status))")
    }

    private func unreachable(_ error: any Error) -> RecoveryError {
        switch error {
        case let error as IOError where error.errnoCode == ENOENT:
            failure("there is no socket '\(socket)'", hint: "Does the container engine run?", cause: error)
        case let error as IOError where error.errnoCode == EACCES || error.errnoCode == EPERM:
            failure(
                "this user may not use the socket '\(socket)'",
                hint: "Run as root, or as a member of the group that it belongs to.",
                cause: error
            )
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            failure("the container engine at \(socket) did not answer in time", cause: error)
        default:
            failure("the container engine at \(socket) does not answer", hint: "Does it run?", cause: error)
        }
    }

    private func failure(_ message: String, hint: String? = nil, cause: (any Error)? = nil) -> RecoveryError {
        RecoveryError(.containerUnusable, message, hint: hint, cause: cause)
    }
}

/// A version of the API, `1.41`.
struct APIVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    var major: Int
    var minor: Int

    init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".").map { Int($0) }
        guard parts.count >= 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.init(major: major, minor: minor)
    }

    /// The version to speak: ours, unless the engine is older or has given it up.
    static func agreed(wanted: APIVersion, newest: APIVersion?, oldest: APIVersion?) -> APIVersion {
        if let newest, newest < wanted { return newest }
        if let oldest, oldest > wanted { return oldest }
        return wanted
    }

    static func < (left: APIVersion, right: APIVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    var description: String { "\(major).\(minor)" }
}
